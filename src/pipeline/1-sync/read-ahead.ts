import type { ChangePage } from '../../connectors/crm.ts';

/**
 * Pages as they come, one ahead: while its reader is busy with one the next is under way. Not behind a page without rows: what that
 * says must be kept before anything else happens. Leaving stops what is under way and waits for its end.
 * @param open begins to read, and stops when the signal says so
 */
export async function* readAhead(
  open: (signal: AbortSignal) => AsyncGenerator<ChangePage>,
  signal: AbortSignal,
): AsyncGenerator<ChangePage> {
  const leaving = new AbortController();
  const pages = open(AbortSignal.any([signal, leaving.signal]));
  let next: Promise<IteratorResult<ChangePage>> | null = null;
  try {
    for (;;) {
      const { value, done } = await (next ?? pages.next());
      next = null;
      if (done === true) return;
      if (value.records.length > 0) {
        next = pages.next();
        // Whoever takes the next page is told; until then a failure must not count as unhandled.
        next.catch(() => undefined);
      }
      yield value;
    }
  } finally {
    if (next !== null) {
      leaving.abort(new Error('nobody reads on'));
      await next.catch(() => undefined);
    }
    await pages.return(undefined);
  }
}
