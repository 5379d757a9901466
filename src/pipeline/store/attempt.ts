import type { Tx } from '../../db.ts';

/** What `insert` did in this transaction; null where a row was there already, and nothing has happened then. */
export async function attempt<T>(tx: Tx, insert: () => Promise<T>): Promise<T | null> {
  await tx.query('savepoint attempt');
  try {
    const inserted = await insert();
    await tx.query('release savepoint attempt');
    return inserted;
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    await tx.query('rollback to savepoint attempt');
    return null;
  }
}

// PostgreSQL, appendix A.
const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '23505';
