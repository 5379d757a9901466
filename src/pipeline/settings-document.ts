import type { z } from 'zod';
import type { Crm, CrmObject } from '../connectors/crm.ts';
import { FIELDS } from '../connectors/crm-fields.ts';
import type { FieldMap, ReadKey } from '../connectors/crm-reading.ts';
import { READ_KEYS } from '../connectors/crm-reading.ts';
import { ConnectionSettings } from './store/connection-settings.ts';
import type { FieldPolicy, WritePolicies } from './store/connection-settings.ts';

type Usual = Pick<Crm, 'readObjects' | 'writeObjects' | 'usualFields'>;
type Sparse = z.input<typeof ConnectionSettings>;

/** What can be told of a record of that object beside what is usual. */
const EVERYWHERE: readonly ReadKey[] = ['website', 'industry', 'employees', 'country'];

/** What may be mapped of an object. */
export function mappableKeys(usualFields: Usual['usualFields'], object: CrmObject): ReadKey[] {
  const usual = usualFields[object] ?? {};
  return READ_KEYS.filter((key) => key in usual || EVERYWHERE.includes(key));
}

/** The whole settings as one document, to be read, changed and put back. */
export function describeSettings(crm: Usual, settings: ConnectionSettings) {
  const shorten = (names: readonly string[]): string | string[] | null =>
    names.length === 0 ? null : names.length === 1 ? (names[0] ?? null) : [...names];
  const read = crm.readObjects.map((object) => {
    const map: FieldMap = { ...crm.usualFields[object], ...settings.read[object] };
    const keys = READ_KEYS.flatMap((key) =>
      map[key] === undefined ? [] : [[key, shorten(map[key])] as const],
    );
    return [object, Object.fromEntries(keys)] as const;
  });
  const { customers, openDeals, optedOut, where } = settings.exclude;
  return {
    read: Object.fromEntries(read),
    write: { ...describeEverywhere(settings.write), ...listOtherwise(crm, settings.write) },
    exclude: { customers, openDeals, optedOut, where },
    dailyShare: settings.dailyShare,
    noteOnBandChange: settings.noteOnBandChange,
  };
}

/** What differs from the usual: that alone is stored, so that what nobody set goes along with later versions. */
export function omitUsual(crm: Usual, settings: ConnectionSettings): Sparse {
  const usual = ConnectionSettings.parse({});
  const read: Sparse['read'] = {};
  for (const object of crm.readObjects) {
    const changed = Object.entries(settings.read[object] ?? {}).filter(
      ([key, names]) => !sameNames(names, usualNames(crm, object, key)),
    );
    if (changed.length > 0) read[object] = Object.fromEntries(changed);
  }
  const write = {
    ...Object.fromEntries(
      Object.entries(describeEverywhere(settings.write)).filter(
        ([, policy]) => policy !== 'ours-until-edited',
      ),
    ),
    ...listOtherwise(crm, settings.write),
  };
  const exclude = Object.entries(settings.exclude).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(Object.entries(usual.exclude).find(([name]) => name === key)?.[1]), // prettier-ignore
  );
  return {
    ...(Object.keys(read).length === 0 ? {} : { read }),
    ...(Object.keys(write).length === 0 ? {} : { write }),
    ...(exclude.length === 0 ? {} : { exclude: Object.fromEntries(exclude) }),
    ...(settings.dailyShare === usual.dailyShare ? {} : { dailyShare: settings.dailyShare }),
    ...(settings.noteOnBandChange === usual.noteOnBandChange
      ? {}
      : { noteOnBandChange: settings.noteOnBandChange }),
  };
}

/** The settings as they are when they come back from the store. */
export function asStored(crm: Usual, settings: ConnectionSettings): ConnectionSettings {
  return ConnectionSettings.parse(omitUsual(crm, settings));
}

/** When each field is written on objects that have no rule of their own. */
function describeEverywhere(write: WritePolicies): Record<string, FieldPolicy> {
  return Object.fromEntries(FIELDS.map(({ key }) => [key, write[key] ?? 'ours-until-edited']));
}

/** By object, the fields that are written otherwise there. */
function listOtherwise(crm: Usual, write: WritePolicies): Record<string, Record<string, FieldPolicy>> {
  const everywhere = describeEverywhere(write);
  return Object.fromEntries(
    crm.writeObjects.flatMap((object) => {
      const own = Object.entries(object === 'Contact' ? {} : (write[object] ?? {})).filter(
        ([key, policy]) => policy !== undefined && policy !== everywhere[key],
      );
      return own.length === 0 ? [] : [[object, Object.fromEntries(own)] as const];
    }),
  );
}

function usualNames(crm: Usual, object: CrmObject, key: string): readonly string[] {
  const found = Object.entries(crm.usualFields[object] ?? {}).find(([name]) => name === key);
  return found?.[1] ?? [];
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}
