/** A twin's own time: the real one plus an offset that tests and people can set. */
export type TwinClock = { now(): Date; set(offsetMilliseconds: number): void; offset(): number };

export function createClock(): TwinClock {
  let offset = 0;
  return {
    now: () => new Date(Date.now() + offset),
    set: (milliseconds) => {
      offset = milliseconds;
    },
    offset: () => offset,
  };
}
