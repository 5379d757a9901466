/**
 * Merges into the database, one after another, while their maker reads on: one under way, one waiting and one in hand, never more, so
 * that memory stays flat. Taking the next one to the server meanwhile, on a second connection, brought nothing: where two processors
 * work, both are busy.
 */
export type MergeLine = {
  /** Nothing is under way. */
  isFree(): boolean;
  /**
   * Begins a merge once those before are over, and answers when none of them waits any more.
   * @throws what one before threw; nothing is begun behind it
   */
  begin(merge: () => Promise<void>): Promise<void>;
  /** All that was begun is over. @throws what the first one that failed threw */
  end(): Promise<void>;
};

export function openMergeLine(): MergeLine {
  let last = Promise.resolve();
  /** The one before the last is over: the last is under way. */
  let underWay = Promise.resolve();
  let open = 0;
  return {
    isFree: () => open === 0,
    begin: async (merge) => {
      await underWay;
      open += 1;
      underWay = last;
      last = last.then(merge).finally(() => {
        open -= 1;
      });
      // Whoever waits for it is told; until then a failure must not count as unhandled.
      last.catch(() => undefined);
    },
    end: () => last,
  };
}
