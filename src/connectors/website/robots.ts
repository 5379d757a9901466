import robotsModule from 'robots-parser';
import type { CallOptions } from '../call.ts';
import type { UnreadableReason } from '../page-reader.ts';

/** What came of asking a host for its robots.txt. */
export type RobotsAnswer =
  | { text: string }
  /** 4xx: there is none, everything may be read (RFC 9309 §2.3.1.3). */
  | 'none'
  /** Could not be had: nothing may be read for now (RFC 9309 §2.3.1.4). */
  | { unreachable: UnreadableReason; detail: string };

type RobotsVerdict = { allowed: true } | { allowed: false; reason: UnreadableReason; detail: string };

export type RobotsGate = { check(url: URL, options: CallOptions): Promise<RobotsVerdict> };

// RFC 9309 §2.4: a cached copy is used for at most 24 hours; §2.5: at least 500 KiB are read.
const KEPT_MS = 24 * 3_600_000;
const UNREACHABLE_KEPT_MS = 5 * 60_000;
const LONGEST_ROBOTS = 500 * 1024;
const MOST_HOSTS = 2000;

// Its types describe an ES module; what it exports is the function itself.
const exported: unknown = robotsModule;
function isParser(value: unknown): value is typeof robotsModule.default {
  return typeof value === 'function';
}

type Entry = { answer: RobotsAnswer; until: number };

/**
 * Asks each host's robots.txt once and remembers it in this process, for 24 hours and 2,000 hosts at most.
 * @param fetchRobots must throw only when nothing was learned about the host (our own gateway is down, the caller stopped)
 */
export function createRobotsGate(options: {
  fetchRobots: (url: URL, options: CallOptions) => Promise<RobotsAnswer>;
  userAgent: string;
  now?: () => number;
}): RobotsGate {
  if (!isParser(exported)) throw new Error('robots-parser exports no function');
  const parseRobots = exported;
  const now = options.now ?? Date.now;
  const entries = new Map<string, Entry>();

  const ask = async (origin: string, call: CallOptions): Promise<RobotsAnswer> => {
    const known = entries.get(origin);
    if (known !== undefined && known.until > now()) return known.answer;
    const answer = await options.fetchRobots(new URL('/robots.txt', origin), call);
    const kept = typeof answer === 'object' && 'unreachable' in answer ? UNREACHABLE_KEPT_MS : KEPT_MS;
    entries.delete(origin);
    entries.set(origin, { answer, until: now() + kept });
    const oldest = entries.keys().next();
    if (entries.size > MOST_HOSTS && oldest.done !== true) entries.delete(oldest.value);
    return answer;
  };

  return {
    check: async (url, call) => {
      const answer = await ask(url.origin, call);
      if (answer === 'none') return { allowed: true };
      if ('unreachable' in answer)
        return { allowed: false, reason: answer.unreachable, detail: answer.detail };
      const rules = parseRobots(`${url.origin}/robots.txt`, answer.text.slice(0, LONGEST_ROBOTS));
      if (rules.isDisallowed(url.href, options.userAgent) !== true) return { allowed: true };
      return { allowed: false, reason: 'robots', detail: `robots.txt of ${url.host} does not allow it` };
    },
  };
}
