import type { Logger } from '@slack/bolt';
import { LogLevel } from '@slack/bolt';
import type { Log } from '../log.ts';

/** Bolt's log lines in ours. Its debug lines hold whole payloads, secrets among them: they go nowhere. */
export function createBoltLog(log: Log): Logger {
  const line = (parts: readonly unknown[]): string =>
    parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' ');
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: (...parts) => log.warn(`Slack: ${line(parts)}`),
    error: (...parts) => log.error(`Slack: ${line(parts)}`),
    setLevel: () => undefined,
    getLevel: () => LogLevel.WARN,
    setName: () => undefined,
  };
}
