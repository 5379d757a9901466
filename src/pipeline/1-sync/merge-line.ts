/**
 * Merges into the database, one after another, while their maker reads on: one under way and one in hand, never more, so that memory
 * stays flat. Taking the next one to the server meanwhile, on a second connection, brought nothing: where two processors work, both
 * are busy.
 */
export type MergeLine = {
  /** Nothing is under way. */
  isFree(): boolean;
  /** Begins a merge once the one before is over. @throws what the one before threw; nothing is begun behind it */
  begin(merge: () => Promise<void>): Promise<void>;
  /** All that was begun is over. @throws what the last one threw */
  end(): Promise<void>;
};

export function openMergeLine(): MergeLine {
  let last = Promise.resolve();
  let isFree = true;
  return {
    isFree: () => isFree,
    begin: async (merge) => {
      await last;
      isFree = false;
      last = merge().finally(() => {
        isFree = true;
      });
      // Whoever waits for it is told; until then a failure must not count as unhandled.
      last.catch(() => undefined);
    },
    end: () => last,
  };
}
