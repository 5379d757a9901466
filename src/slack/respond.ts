import { ProviderError, describeError } from '../errors.ts';
import type { Message } from './views/types.ts';

const TIMEOUT_MS = 5_000;
const OPERATION = 'response_url';

/**
 * Sends a message to a response_url: in place of the one that it belongs to, or a new one that only who asked sees.
 * @throws ProviderError; `refused` where the address takes no more (five messages, thirty minutes)
 */
export async function respond(
  url: string,
  { text, blocks }: Message,
  options: { replaces: boolean; fetch: typeof fetch; signal: AbortSignal },
): Promise<void> {
  let response: Response;
  try {
    response = await options.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({
        response_type: 'ephemeral',
        replace_original: options.replaces,
        text,
        blocks,
        unfurl_links: false,
        unfurl_media: false,
      }),
      redirect: 'error',
      signal: AbortSignal.any([options.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (error) {
    options.signal.throwIfAborted();
    throw failure('unavailable', describeError(error), { maybeApplied: true });
  }
  const said = (await response.text().catch(() => '')).slice(0, 200);
  if (response.ok) return;
  const { status } = response;
  if (status === 429) {
    const seconds = Number(response.headers.get('retry-after') ?? '1');
    throw failure('rate-limited', 'too many messages', {
      status,
      retryAfterMs: (Number.isFinite(seconds) ? seconds : 1) * 1000,
    });
  }
  if (status >= 500) throw failure('unavailable', `answered ${status}`, { status, maybeApplied: true });
  throw failure('refused', said === '' ? `answered ${status}` : said, { status });
}

// Never with the address in it: whoever has that may post.
function failure(
  kind: ProviderError['kind'],
  message: string,
  more: { status?: number; retryAfterMs?: number; maybeApplied?: boolean },
): ProviderError {
  return new ProviderError({ provider: 'slack', operation: OPERATION, kind, message, ...more });
}

const SLACKS_OWN = /(^|\.)slack(-gov)?\.com$/;

/** Is it an address of the Slack that we talk to? A request that is signed says so already; this is for a secret that leaked. */
export function isSlackAddress(url: string, apiUrl: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, host } = new URL(url);
  const api = new URL(apiUrl);
  if (SLACKS_OWN.test(api.hostname)) return protocol === 'https:' && SLACKS_OWN.test(hostname);
  return protocol === api.protocol && host === api.host;
}
