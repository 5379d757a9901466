import { ProviderError } from '../errors.ts';
import { reasonOf } from './resilience-attempt.ts';
import { classifyNetworkError } from './resilience-network.ts';

/** What a body is read for, how long its sender may be silent, and how long all our waiting for it may take (twenty silences unless told). */
type BodyRead = {
  provider: string;
  operation: string;
  idleMs: number;
  longestMs?: number;
  signal: AbortSignal;
};

const LONGEST_IN_SILENCES = 20;

/**
 * An answer's body as it comes: a silence of `idleMs` milliseconds while we wait for more ends it, and so does waiting for
 * `longestMs` in all, which a sender that drips would go on with for ever; never the time that its reader takes. The connection is closed
 * when the reader stops early. @throws ProviderError (unavailable) when the body breaks off, stalls or drips; the signal's reason when the caller aborts
 */
export async function* readBody(
  body: ReadableStream<Uint8Array>,
  { provider, operation, idleMs, longestMs = LONGEST_IN_SILENCES * idleMs, signal }: BodyRead,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  const fail = (message: string, cause?: unknown): ProviderError =>
    new ProviderError({ provider, operation, kind: 'unavailable', message, cause });
  const stopped: { because: Error | null } = { because: null };
  const stop = (because: Error): void => {
    stopped.because ??= because;
    // Ends the read that waits; why is told by `stopped`.
    reader.cancel().catch(() => undefined);
  };
  const abort = (): void => stop(reasonOf(signal));
  let waitedMs = 0;
  const next = async (): Promise<Uint8Array | null> => {
    const leftMs = longestMs - waitedMs;
    const late =
      leftMs < idleMs
        ? `the answer did not end in ${longestMs} ms of waiting`
        : `the answer stalled for ${idleMs} ms`;
    const began = performance.now();
    const silence = setTimeout(() => stop(fail(late)), Math.max(0, Math.min(idleMs, leftMs)));
    try {
      const { done, value } = await reader.read();
      return done ? null : value;
    } catch (error) {
      throw fail(classifyNetworkError(error)?.message ?? 'the answer broke off', error);
    } finally {
      clearTimeout(silence);
      waitedMs += performance.now() - began;
    }
  };
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    for (;;) {
      const chunk = await next();
      if (stopped.because !== null) throw stopped.because;
      if (chunk === null) return;
      yield chunk;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    await reader.cancel().catch(() => undefined);
  }
}
