import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { PageRead, PageReader, UnreadableReason } from '../page-reader.ts';
import type { Policy } from '../resilience.ts';
import { classifyPage } from './classify-page.ts';
import { createGuardedAgent, refuseUrl } from './guard.ts';
import type { GuardOptions } from './guard.ts';
import { readHtml } from './read-html.ts';
import { readMarkdown } from './read-markdown.ts';
import { isReadableType, mediaType } from './receive.ts';
import type { Received } from './receive.ts';
import { request } from './request.ts';
import type { Outcome } from './request.ts';
import { createRobotsGate } from './robots.ts';
import type { RobotsAnswer } from './robots.ts';

export type WebsiteOptions = {
  /** A prefix put before each page's address; unset: sites are fetched directly, guarded against private addresses. */
  readerUrl?: string;
  /** Without readerUrl each site is its own provider: hand in a policy with noBreaker, so that one dead site stops no other. */
  policy: Policy;
  /** How we name ourselves to sites and in robots.txt, e.g. `Fieldnote/1.0 (+https://…)`. */
  userAgent?: string;
  guard?: GuardOptions;
  now?: () => Date;
};

const USER_AGENT = 'Fieldnote/1.0';
/** Decompressed bytes of one page: far more than any page's text, and little enough to hold for each page in flight. */
const LARGEST_PAGE_BYTES = 2_000_000;
const MOST_REDIRECTS = 5;
/** One page with its redirects and robots.txt, when sites are fetched directly. */
const PAGE_TIMEOUT_MS = 60_000;
const PROBE_TIMEOUT_MS = 5000;
const ACCEPT = 'text/html,application/xhtml+xml;q=0.9,text/markdown;q=0.8,text/plain;q=0.7,*/*;q=0.1';

type Failure = { reason: UnreadableReason; detail: string };

/** "https://reader.example" is meant as "https://reader.example/"; "…?url=" stays. */
function asPrefix(readerUrl: string): string {
  return /[/=]$/.test(readerUrl) ? readerUrl : `${readerUrl}/`;
}

/** A status that is the site's own word about this page. */
function explainStatus(received: Received): Failure | null {
  const { status, body } = received;
  const said = 'text' in body ? body.text.slice(0, 2000) : '';
  if ((status === 400 || status === 422) && /could not be resolved|ENOTFOUND|NAME_NOT_RESOLVED/i.test(said))
    return { reason: 'no-such-host', detail: 'the host does not exist' };
  if ([401, 403, 407, 451].includes(status))
    return { reason: 'blocked', detail: `the site answers ${status}` };
  if (status === 404 || status === 410) return { reason: 'not-found', detail: `the site answers ${status}` };
  if (status < 200 || status > 299) return { reason: 'unavailable', detail: `the site answers ${status}` };
  return null;
}

/**
 * Reads pages of the open web: robots.txt asked, redirects followed one by one with every check again, only text kept that a
 * visitor sees. What can't be read is an answer with its reason.
 * @throws (from read) ProviderError or ProviderDownError when the reader gateway itself fails; the signal's reason when stopped
 */
export function createWebsite(options: WebsiteOptions): PageReader {
  const { policy } = options;
  const readerUrl = options.readerUrl === undefined ? undefined : asPrefix(options.readerUrl);
  const guard = options.guard ?? {};
  const userAgent = options.userAgent ?? USER_AGENT;
  const now = options.now ?? (() => new Date());
  const gateway = readerUrl !== undefined;
  const dispatcher: Dispatcher = gateway ? new Agent({ headersTimeout: 60_000 }) : createGuardedAgent(guard);

  const get = (operation: 'page' | 'robots', url: URL, call: CallOptions): Promise<Outcome> =>
    policy.run(
      operation,
      (signal) =>
        request(operation, `${readerUrl ?? ''}${url.href}`, gateway ? 'gateway' : 'site', {
          dispatcher,
          userAgent,
          signal,
          maxBytes: LARGEST_PAGE_BYTES,
          accept: ACCEPT,
        }),
      { ...call, repeatable: true },
    );

  /** The gateway answers others, so what failed was the site behind it. */
  const gatewayLives = async (signal: AbortSignal): Promise<boolean> => {
    if (readerUrl === undefined) return true;
    try {
      const home = await request('page', new URL('/', readerUrl).href, 'gateway', {
        dispatcher,
        userAgent,
        signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]),
        maxBytes: LARGEST_PAGE_BYTES,
        accept: ACCEPT,
      });
      return 'status' in home;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  };

  const blameSite = async (error: unknown, call: CallOptions): Promise<Failure> => {
    if (!(error instanceof ProviderError) || error.kind === 'rate-limited') throw error;
    if (!(await gatewayLives(call.signal))) throw error;
    return { reason: 'unavailable', detail: error.message };
  };

  /** Where a redirect leads; the gateway's own address of a page counts as that page. */
  const nextAddress = (location: string, from: URL): URL | null => {
    if (readerUrl === undefined) return URL.parse(location, from.href);
    const resolved = URL.parse(location, `${readerUrl}${from.href}`)?.href ?? '';
    const inner = resolved.startsWith(readerUrl) ? resolved.slice(readerUrl.length) : resolved;
    return URL.parse(inner) ?? URL.parse(location, from.href);
  };

  const follow = async (
    operation: 'page' | 'robots',
    start: URL,
    call: CallOptions,
    mayRead: (url: URL) => Promise<Failure | null>,
  ): Promise<Failure | { url: URL; received: Received }> => {
    let url = start;
    for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
      const refused = refuseUrl(url, guard) ?? (await mayRead(url));
      if (refused !== null) return refused;
      const outcome = await get(operation, url, call);
      if ('reason' in outcome) return outcome;
      const redirected = outcome.location !== null && outcome.status >= 300 && outcome.status < 400;
      if (!redirected) return { url, received: outcome };
      const next = nextAddress(outcome.location ?? '', url);
      if (next === null) return { reason: 'unavailable', detail: 'redirected to what is no address' };
      next.hash = '';
      url = next;
    }
    return { reason: 'unavailable', detail: `more than ${MOST_REDIRECTS} redirects` };
  };

  const robots = createRobotsGate({
    userAgent,
    now: () => now().getTime(),
    fetchRobots: async (url, call): Promise<RobotsAnswer> => {
      let outcome;
      try {
        outcome = await follow('robots', url, call, async () => null);
      } catch (error) {
        call.signal.throwIfAborted();
        outcome = await blameSite(error, call);
      }
      if ('reason' in outcome)
        return { unreachable: outcome.reason, detail: `robots.txt: ${outcome.detail}` };
      const { received } = outcome;
      const unreadable = explainStatus(received);
      if (unreadable?.reason === 'no-such-host')
        return { unreachable: 'no-such-host', detail: unreadable.detail };
      if (received.status < 200 || received.status > 299 || !('text' in received.body)) return 'none';
      return { text: received.body.text };
    },
  });

  const readBody = (url: URL, received: Received): PageRead => {
    const unreadable = (reason: UnreadableReason, detail: string): PageRead => ({
      status: 'unreadable',
      url: url.href,
      reason,
      detail,
    });
    const failure = explainStatus(received);
    if (failure !== null) return unreadable(failure.reason, failure.detail);
    const { body, contentType } = received;
    if ('tooLarge' in body) return unreadable('too-large', `more than ${LARGEST_PAGE_BYTES / 1e6} MB`);
    if ('unread' in body || !isReadableType(contentType))
      return unreadable('not-html', `the page is ${mediaType(contentType) || 'of no known type'}`);

    const html = /html/.test(mediaType(contentType)) || /^\s*<(!doctype|html|head|body)/i.test(body.text);
    const page = html ? readHtml(body.text, url.href, now()) : readMarkdown(body.text, url.href);
    if ('tooComplex' in page) return unreadable('too-large', page.tooComplex);
    const warned =
      'warning' in page && typeof page.warning === 'string'
        ? /error (\d{3})/.exec(page.warning)?.[1]
        : undefined;
    const target = warned === undefined ? null : explainStatus({ ...received, status: Number(warned) });
    if (target !== null) return unreadable(target.reason, target.detail);
    const verdict = classifyPage({ title: page.title, text: page.text, html: body.text });
    if (verdict !== null) return unreadable(verdict.reason, verdict.detail);
    const { title, text, published, links } = page;
    return { status: 'read', url: url.href, title, text, published, links, fetchedAt: now().toISOString() };
  };

  const readPage = async (start: URL, call: CallOptions): Promise<PageRead> => {
    const mayRead = async (url: URL): Promise<Failure | null> => {
      const verdict = await robots.check(url, call);
      return verdict.allowed ? null : { reason: verdict.reason, detail: verdict.detail };
    };
    let outcome;
    try {
      outcome = await follow('page', start, call, mayRead);
    } catch (error) {
      call.signal.throwIfAborted();
      outcome = await blameSite(error, call);
    }
    if ('reason' in outcome) return { status: 'unreadable', url: start.href, ...outcome };
    return readBody(outcome.url, outcome.received);
  };

  return {
    name: 'website',
    read: async (address, call) => {
      const url = URL.parse(address);
      if (url === null)
        return { status: 'unreadable', url: address, reason: 'not-allowed', detail: 'not a web address' };
      url.hash = '';
      if (gateway) return readPage(url, call);
      const timeout = AbortSignal.timeout(PAGE_TIMEOUT_MS);
      try {
        return await readPage(url, { ...call, signal: AbortSignal.any([call.signal, timeout]) });
      } catch (error) {
        call.signal.throwIfAborted();
        if (!timeout.aborted) throw error;
        const detail = `not done within ${PAGE_TIMEOUT_MS / 1000} s`;
        return { status: 'unreadable', url: url.href, reason: 'unavailable', detail };
      }
    },
  };
}
