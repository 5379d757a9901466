import type { RehearsedCalls } from '../store/rehearsals.ts';

/** The fewest calls, and what may come on top of them. */
export function describeCalls(calls: RehearsedCalls): string {
  const { read, write, readBack, mostRead, mostReadBack, writeEachFiveMinutes, readEachFiveMinutes } = calls;
  const fewest = `Calls, at the fewest: ${read} to read, ${write} to write, ${readBack} to read back.`;
  const isTight = mostRead === read && mostReadBack === readBack;
  const most =
    mostRead === null || mostReadBack === null || isTight
      ? ''
      : ` At the most: ${mostRead} to read and ${mostReadBack} to read back, while calls succeed and nobody else changes the records.`;
  if (writeEachFiveMinutes === 0) return fewest + most;
  return `${fewest}${most} A run shows its results within five minutes instead of waiting for full calls: each five minutes that it takes may add ${writeEachFiveMinutes} to write, ${readEachFiveMinutes} to read and ${readEachFiveMinutes} to read back.`;
}
