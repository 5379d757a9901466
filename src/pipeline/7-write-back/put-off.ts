import type { Release, Settlement } from '../store/writes-settle.ts';
import type { Write } from '../store/writes.ts';

// A lock or a busy record clears within seconds to minutes; what lasts longer is a matter for the next run.
const MOST_TRIES = 8;
const LONGEST_DELAY_MS = 60_000;

/** Puts a row back to be tried again after a delay that doubles, or settles it as rejected when it was tried often enough. */
export function putOff(
  write: Pick<Write, 'id' | 'attempt' | 'failures'>,
  reason: string,
  firstDelayMs: number,
): Release | Settlement {
  const { id, attempt, failures } = write;
  if (failures + 1 >= MOST_TRIES)
    return { id, attempt, state: 'rejected', reason: `${reason} (tried ${MOST_TRIES} times)` };
  const delayMs = Math.min(firstDelayMs * 2 ** Math.max(0, failures - 1), LONGEST_DELAY_MS);
  return { id, attempt, delayMs, failed: true, reason };
}
