import type { Crm, RecordWrite } from '../../connectors/crm.ts';

/** Reckons the fewest calls that records take, all known at once, without keeping them all. */
export type SentRecords = {
  /** A record that comes again soon counts once. */
  add(key: string, write: RecordWrite): void;
  fewestCalls(): number;
  /** Kinds of records that go into calls apart: where they go out in two times instead of one, it takes as many calls more at the most. */
  countKinds(): number;
};

// Several times the largest group: what is left over when full groups are put aside is less than a group of each kind.
const MOST_KEPT = 5_000;

/** `whole`: counts their texts, too, since a call carries only so much; else they are not kept. */
export function countCalls(
  { groupWrites }: Pick<Crm, 'groupWrites'>,
  { whole = false }: { whole?: boolean } = {},
): SentRecords {
  const kept = new Map<string, RecordWrite>();
  const kinds = new Set<string>();
  let full = 0;
  const putFullAside = (): void => {
    const keys = new Map([...kept].map(([key, write]) => [write, key]));
    for (const group of groupWrites([...kept.values()])) {
      const [first] = group;
      if (
        first === undefined ||
        groupWrites([...group, { ...first, externalId: `${first.externalId}+` }]).length === 1
      )
        continue;
      full += 1;
      for (const write of group) kept.delete(keys.get(write) ?? '');
    }
  };
  return {
    add: (key, write) => {
      const fields = Object.fromEntries(Object.keys(write.fields).map((field) => [field, null]));
      kinds.add(`${write.object} ${write.unmodifiedSince === null ? 'at once' : 'on a condition'}`);
      kept.set(key, whole ? write : { ...write, fields });
      if (kept.size > MOST_KEPT) putFullAside();
    },
    fewestCalls: () => full + groupWrites([...kept.values()]).length,
    countKinds: () => kinds.size,
  };
}
