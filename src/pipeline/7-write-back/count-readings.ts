/** Salesforce reads 2,000 records in one call; with fewer in hand a call would go out half full. */
export const RECORDS_AT_ONCE = 2_000;
// While a run goes on: 25 conditional rows fill a Salesforce call, but reading them before and after would be two more.
// With so many records reading costs a tenth of writing.
const WORTH_READING = 500;

/** So many records are read while a run still goes on, or none. */
export const leastWorthReading = (readBatch: number): number => Math.min(readBatch, WORTH_READING);

/**
 * Calls to read that a run's records may take at the most beyond the fewest, and as many again to read back, while calls succeed and nobody else
 * changes the records: each time that records are taken up, the last call for each of their objects may go out part full. They are taken up
 * - once for each `leastWorthReading` of them while the run goes on, and twice more for each record of which nothing is sent: a group that
 *   it leaves short waits for company, and is read anew
 * - at the end in portions of `RECORDS_AT_ONCE`
 * An undo is taken up only then. What has waited for five minutes comes on top.
 */
export function countMoreReadings(run: {
  records: number;
  /** Of these, what is sent. */
  sent: number;
  objects: number;
  readBatch: number;
  isUndo: boolean;
}): number {
  const { records, sent, objects, readBatch, isUndo } = run;
  const during = isUndo ? 0 : Math.floor(records / leastWorthReading(readBatch));
  const short = during === 0 ? 0 : 2 * (records - sent);
  const atTheEnd = Math.ceil(records / RECORDS_AT_ONCE);
  return objects * Math.max(0, during + short + atTheEnd - 1);
}
