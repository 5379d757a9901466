import type { RecordWrite } from '../crm.ts';

// REST API guide, "Composite" and "sObject Collections": subrequests in one call, those of them that may be
// collections, records in one collection.
export const MOST_SUBREQUESTS = 25;
export const MOST_COLLECTIONS = 5;
const MOST_IN_COLLECTION = 200;

// Ours: far below what the platform takes, and little enough to be sent and worked off within one attempt's timeout.
const MOST_CHARACTERS = 8_000_000;

/** One part of a composite call: rows of one object in a collection, or one row with a condition. */
export type Part =
  | { kind: 'collection'; object: string; writes: RecordWrite[] }
  | { kind: 'row'; object: string; writes: [RecordWrite] };

/** Writes in the order of their parts; a record comes once per call, since the platform refuses it twice. */
export function groupWrites(writes: readonly RecordWrite[]): RecordWrite[][] {
  const rounds: RecordWrite[][] = [];
  const seen = new Map<string, number>();
  for (const write of writes) {
    const key = `${write.object} ${write.externalId}`;
    const round = seen.get(key) ?? 0;
    seen.set(key, round + 1);
    (rounds[round] ??= []).push(write);
  }
  return rounds.flatMap((round) => [
    ...fill(
      round.filter((write) => write.unmodifiedSince === null),
      MOST_COLLECTIONS,
    ),
    ...fill(
      round.filter((write) => write.unmodifiedSince !== null),
      MOST_SUBREQUESTS,
    ),
  ]);
}

/** Calls of at most so many parts and characters. */
function fill(writes: readonly RecordWrite[], mostParts: number): RecordWrite[][] {
  const groups: RecordWrite[][] = [];
  let group: RecordWrite[] = [];
  let parts = 0;
  let size = 0;
  for (const part of toParts(writes)) {
    const partSize = part.writes.reduce((sum, write) => sum + sizeOf(write), 0);
    if (group.length > 0 && (parts === mostParts || size + partSize > MOST_CHARACTERS)) {
      groups.push(group);
      [group, parts, size] = [[], 0, 0];
    }
    group.push(...part.writes);
    parts += 1;
    size += partSize;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

function sizeOf(write: RecordWrite): number {
  return Object.values(write.fields).reduce<number>((sum, value) => sum + String(value).length + 40, 100);
}

/** The parts of one call: objects apart, 200 rows to a collection, a condition by itself. */
export function toParts(writes: readonly RecordWrite[]): Part[] {
  const parts: Part[] = [];
  const open = new Map<string, RecordWrite[]>();
  for (const write of writes) {
    const { object } = write;
    if (write.unmodifiedSince !== null) {
      parts.push({ kind: 'row', object, writes: [write] });
      continue;
    }
    const collection = open.get(object);
    if (collection !== undefined && collection.length < MOST_IN_COLLECTION) collection.push(write);
    else {
      const started = [write];
      open.set(object, started);
      parts.push({ kind: 'collection', object, writes: started });
    }
  }
  return parts;
}
