import type { Tx } from '../../db.ts';

// Planning some dozens of statements anew takes milliseconds, as this many rows do.
const MANY = 100;

/**
 * Throws away the plans that the session keeps, where many rows are about to point to companies. Whether each one's company exists
 * is looked up by such a plan; made while there were few companies, it may walk over all of a workspace's, which was as good as any
 * other way then: with 20,000 new ones a sync took eight times as long, until statistics were taken, a minute later at best.
 */
export async function planAnew(tx: Tx, rows: number): Promise<void> {
  if (rows >= MANY) await tx.query('discard plans');
}
