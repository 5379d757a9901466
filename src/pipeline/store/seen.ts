/**
 * The versions that the writer of a change saw, of which the one that stands must be one; null: it goes over whatever stands. `*`: anything
 * that is there.
 */
export type Seen = readonly string[] | null;

/** The version of what nobody stored yet. */
export const NOTHING_STORED = 'none';
