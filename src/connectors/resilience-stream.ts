import { ProviderError } from '../errors.ts';
import { reasonOf } from './resilience-attempt.ts';
import { classifyNetworkError } from './resilience-network.ts';

/** What a body is read for, and how long its sender may be silent. */
type BodyRead = { provider: string; operation: string; idleMs: number; signal: AbortSignal };

/**
 * An answer's body as it comes, however long it takes: only a silence of `idleMs` milliseconds while we wait for more ends it,
 * never the time that its reader takes. The connection is closed when the reader stops early.
 * @throws ProviderError (unavailable) when the body breaks off or stalls; the signal's reason when the caller aborts
 */
export async function* readBody(
  body: ReadableStream<Uint8Array>,
  { provider, operation, idleMs, signal }: BodyRead,
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
  const next = async (): Promise<Uint8Array | null> => {
    const silence = setTimeout(() => stop(fail(`the answer stalled for ${idleMs} ms`)), idleMs);
    try {
      const { done, value } = await reader.read();
      return done ? null : value;
    } catch (error) {
      throw fail(classifyNetworkError(error)?.message ?? 'the answer broke off', error);
    } finally {
      clearTimeout(silence);
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
