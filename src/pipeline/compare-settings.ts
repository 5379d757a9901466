import type { describeSettings } from './settings-document.ts';

/**
 * The whole settings of a connection, one value a place: `read.Account.industry`, `write.score`, `write.Lead.pitch`, `exclude.where`,
 * `dailyShare`.
 */
export type FlatSettings = Readonly<Record<string, unknown>>;

export function flattenSettings(document: ReturnType<typeof describeSettings>): FlatSettings {
  const { read, write, exclude, ...rest } = document;
  return {
    ...Object.fromEntries(
      Object.entries(read).flatMap(([object, map]) =>
        Object.entries(map).map(([key, names]) => [`read.${object}.${key}`, names]),
      ),
    ),
    ...Object.fromEntries(
      Object.entries(write).flatMap(([key, value]) =>
        typeof value === 'string'
          ? [[`write.${key}`, value]]
          : Object.entries(value).map(([field, policy]) => [`write.${key}.${field}`, policy]),
      ),
    ),
    ...Object.fromEntries(Object.entries(exclude).map(([key, value]) => [`exclude.${key}`, value])),
    ...rest,
  };
}

type Block = { [key: string]: unknown };

/** The other way round: a document as `checkSettings` takes it. */
export function nestSettings(flat: FlatSettings): Block {
  const document: Block = {};
  for (const [path, value] of Object.entries(flat)) {
    const parts = path.split('.');
    const last = parts.pop() ?? path;
    let block = document;
    for (const part of parts) {
      const known = block[part];
      const inner: Block = isBlock(known) ? known : {};
      block[part] = inner;
      block = inner;
    }
    block[last] = value;
  }
  return document;
}

function isBlock(value: unknown): value is Block {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A place whose value differs; undefined: it has none. */
export type SettingsChange = { path: string; before: unknown; after: unknown };

export function compareSettings(before: FlatSettings, after: FlatSettings): SettingsChange[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return paths.flatMap((path) =>
    isSame(before[path], after[path]) ? [] : { path, before: before[path], after: after[path] },
  );
}

/**
 * What two editors made of the same settings, as one: each place keeps what either of them changed. Where both changed it to
 * something else, mine stands, and the place is named.
 */
export function joinSettings(
  base: FlatSettings,
  theirs: FlatSettings,
  mine: FlatSettings,
): { joined: FlatSettings; both: string[] } {
  const joined: Record<string, unknown> = {};
  const both: string[] = [];
  for (const path of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const isMine = !isSame(base[path], mine[path]);
    if (isMine && !isSame(base[path], theirs[path]) && !isSame(mine[path], theirs[path])) both.push(path);
    const value = isMine ? mine[path] : theirs[path];
    if (value !== undefined) joined[path] = value;
  }
  return { joined, both };
}

// Nothing read and no such place are the same; so is a list of one and the one.
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}
