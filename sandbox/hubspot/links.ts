import type { ObjectType } from './schema.ts';

type LinkEnd = { type: ObjectType; id: string };

/** Which records belong together, both ways, in the order in which they were tied. */
export type Links = {
  add(from: LinkEnd, to: LinkEnd): void;
  list(from: LinkEnd, type: ObjectType): string[];
  /** Ties everything that hung on one record to another. */
  move(from: LinkEnd, to: LinkEnd): void;
};

export function createLinks(): Links {
  const tied = new Map<string, Map<ObjectType, Set<string>>>();
  const key = ({ type, id }: LinkEnd): string => `${type}:${id}`;

  function tie(from: LinkEnd, to: LinkEnd): void {
    let byType = tied.get(key(from));
    if (byType === undefined) tied.set(key(from), (byType = new Map()));
    let ids = byType.get(to.type);
    if (ids === undefined) byType.set(to.type, (ids = new Set()));
    ids.add(to.id);
  }

  function add(from: LinkEnd, to: LinkEnd): void {
    tie(from, to);
    tie(to, from);
  }

  return {
    add,
    list: (from, type) => [...(tied.get(key(from))?.get(type) ?? [])],
    move: (from, to) => {
      for (const [type, ids] of tied.get(key(from)) ?? []) {
        for (const id of ids) {
          tied.get(key({ type, id }))?.get(from.type)?.delete(from.id);
          add(to, { type, id });
        }
      }
      tied.delete(key(from));
    },
  };
}
