/**
 * Rows in portions of at most `size`. A statement that joins an array with a table may be planned as a loop over both where
 * the table has no statistics yet; in portions that stays quick.
 */
export function* chunksOf<T>(rows: readonly T[], size = 500): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size);
}
