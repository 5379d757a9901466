import type { RecordShelf, TwinRecord } from './records.ts';
import type { ObjectType } from './schema.ts';

/** What searches see: the records as they were until a change has reached the index. */
export type SearchIndex = {
  beforeChange(type: ObjectType, id: string, record: TwinRecord | null, at: number): void;
  view(type: ObjectType, shelf: RecordShelf): readonly TwinRecord[];
  /** True when every change has arrived. */
  settled(): boolean;
};

export function createSearchIndex(options: { delayMs(): number; now(): number }): SearchIndex {
  const late = new Map<string, { before: TwinRecord | null; seenFrom: number }>();

  function drop(): void {
    const now = options.now();
    for (const [key, { seenFrom }] of late) if (seenFrom <= now) late.delete(key);
  }

  return {
    beforeChange: (type, id, record, at) => {
      const delay = options.delayMs();
      if (delay === 0) return;
      drop();
      const key = `${type}:${id}`;
      const known = late.get(key);
      const before =
        known === undefined ? record && { ...record, properties: { ...record.properties } } : known.before;
      late.set(key, { before, seenFrom: at + delay });
    },
    view: (type, shelf) => {
      drop();
      const current = shelf.inOrder();
      if (late.size === 0) return current;
      const seen = new Map(current.map((record) => [record.id, record]));
      for (const [key, { before }] of late) {
        const [lateType, id = ''] = key.split(':');
        if (lateType !== type) continue;
        if (before === null) seen.delete(id);
        else seen.set(id, before);
      }
      return [...seen.values()];
    },
    settled: () => {
      drop();
      return late.size === 0;
    },
  };
}
