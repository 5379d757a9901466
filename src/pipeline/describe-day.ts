import { isShareUsed } from '../connectors/daily-share.ts';
import type { Quota } from './store/quotas.ts';

export type Day = {
  /** "12,345 of 100,000 daily calls used". */
  calls: string;
  /** A sentence, where batch work waits for the next ones; null: it does not. */
  waits: string | null;
  saidAt: Date;
};

/** What the CRM last said of the day's calls of a connection; null: nothing yet. */
export function describeDay(
  quotas: readonly Quota[],
  { id, settings }: { id: string; settings: { dailyShare: number } },
): Day | null {
  const quota = quotas.find(({ connectionId }) => connectionId === id);
  if (quota === undefined) return null;
  const { used, limit, saidAt } = quota;
  const count = (calls: number): string => calls.toLocaleString('en-US');
  return {
    calls: limit === null ? 'daily calls used up' : `${count(used)} of ${count(limit)} daily calls used`,
    waits: isShareUsed(quota, settings.dailyShare)
      ? "Sync and batch writes wait until the CRM's daily calls allow more; they go on by themselves."
      : null,
    saidAt,
  };
}
