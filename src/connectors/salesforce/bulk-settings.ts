/** When and how Bulk API 2.0 reads in place of REST pages. */
export type BulkSettings = {
  /** More rows than this to read, and they are read in bulk. */
  above: number;
  /** Rows of one set of results: one API call, and what is read again when it breaks off. */
  rowsPerSet: number;
  /** Rows handed on at once. */
  rowsPerPage: number;
  /** Pause before a job is looked at again: doubles up to the longest, milliseconds. */
  poll: { firstMs: number; maxMs: number };
  /** A job that is not done after this is given up, milliseconds. */
  waitMs: number;
  /** Silence in the middle of a set after which it is given up, milliseconds. */
  idleMs: number;
  /** How often a set that breaks off is read, and the pause before the second time, which doubles. */
  repeat: { attempts: number; firstMs: number };
};

export const BULK: BulkSettings = {
  // Salesforce built bulk queries for "10,000 records or more" (Bulk API 2.0 guide, "Bulk Queries"); about there a job's calls
  // (its making, looks, sets and its end) become fewer than those of REST pages of 2,000.
  above: 10_000,
  // The size in the guide's own example ("Get Results for a Query Job").
  rowsPerSet: 50_000,
  rowsPerPage: 500,
  poll: { firstMs: 1_000, maxMs: 20_000 },
  // The platform repeats a chunk up to 15 times, each at most two minutes ("How Bulk Queries Are Processed").
  waitMs: 60 * 60_000,
  idleMs: 60_000,
  repeat: { attempts: 3, firstMs: 1_000 },
};
