import type { z } from 'zod';
import type { CallOptions } from '../connectors/call.ts';
import type { Crm, CrmObject } from '../connectors/crm.ts';
import { FIELDS } from '../connectors/crm-fields.ts';
import type { CrmField } from '../connectors/crm-reading.ts';
import { mappableKeys } from './settings-document.ts';
import { ConnectionSettings, OBJECTS, OPERATORS } from './store/connection-settings.ts';

/** What is wrong with a settings document, and where in it. */
export type SettingsProblem = {
  path: readonly (string | number)[];
  message: string;
  /** What helps on the command line. */
  hint?: string;
};

type Judged = { settings: ConnectionSettings } | { problems: SettingsProblem[] };

/**
 * Checks a settings document against what may be set and against the CRM's own fields, whose names come back as the CRM writes
 * them. Asks the CRM for the fields of each object that the document names.
 */
export async function checkSettings(crm: Crm, document: unknown, call: CallOptions): Promise<Judged> {
  const parsed = ConnectionSettings.safeParse(document ?? {});
  if (!parsed.success) return { problems: parsed.error.issues.flatMap((issue) => explainIssue(crm, issue)) };
  const settings = structuredClone(parsed.data);
  const problems: SettingsProblem[] = [];
  const known = new Map<CrmObject, CrmField[]>();
  const fieldsOf = async (object: CrmObject): Promise<CrmField[]> => {
    const fields = known.get(object) ?? (await crm.listFields(object, call));
    known.set(object, fields);
    return fields;
  };

  for (const object of Object.keys(settings.read).map(asObject)) {
    const map = settings.read[object] ?? {};
    if (!crm.readObjects.includes(object)) {
      problems.push({ path: ['read', object], message: noObject(crm, object) });
      continue;
    }
    const keys = mappableKeys(crm.usualFields, object);
    for (const [key, names] of Object.entries(map)) {
      const path = ['read', object, key];
      if (!keys.some((one) => one === key))
        problems.push({ path, message: `is not read of ${object}; there are ${keys.join(', ')}` });
      for (const [index, name] of names.entries()) {
        const found = findField(await fieldsOf(object), name);
        if (found === null) problems.push({ path, ...noField(object, name, await fieldsOf(object)) });
        else if (!mayTell(key, found))
          problems.push({
            path,
            message: `${object}.${found.name} is of type ${found.platformType} and can't be read as ${key}`,
          });
        else names[index] = found.name;
      }
    }
  }
  for (const object of OBJECTS)
    if (object !== 'Contact' && settings.write[object] !== undefined && !crm.writeObjects.includes(object))
      problems.push({
        path: ['write', object],
        message: `nothing is written to ${object} in ${crm.kind}; there are ${crm.writeObjects.join(', ')}`,
      });
  for (const [index, rule] of settings.exclude.where.entries()) {
    const path = ['exclude', 'where', index];
    if (!crm.readObjects.includes(rule.object)) {
      problems.push({ path: [...path, 'object'], message: noObject(crm, rule.object) });
      continue;
    }
    const fields = await fieldsOf(rule.object);
    const found = findField(fields, rule.field);
    if (found === null)
      problems.push({ path: [...path, 'field'], ...noField(rule.object, rule.field, fields) });
    else if (found.kind === 'other')
      problems.push({ path: [...path, 'field'], message: `${rule.object}.${found.name} is of type ${found.platformType}, which can't be filtered by` }); // prettier-ignore
    else if ((rule.op === 'less-than' || rule.op === 'more-than') && found.kind !== 'number')
      problems.push({ path: [...path, 'op'], message: `"${rule.op}" takes a number, and ${rule.object}.${found.name} is of type ${found.platformType}` }); // prettier-ignore
    else rule.field = found.name;
  }
  return problems.length > 0 ? { problems } : { settings };
}

function asObject(name: string): CrmObject {
  const found = OBJECTS.find((one) => one === name);
  if (found === undefined) throw new Error(`${name} passed the check and is no object`);
  return found;
}

const noObject = (crm: Crm, object: string): string =>
  `${crm.kind} has no ${object}; there are ${crm.readObjects.join(', ')}`;

/** Names are told apart by case on HubSpot alone, and there all are lower case. */
function findField(fields: readonly CrmField[], name: string): CrmField | null {
  return fields.find((field) => field.name.toLowerCase() === name.toLowerCase()) ?? null;
}

/** Can a field of that kind be read as this? */
export function mayTell(key: string, { kind }: Pick<CrmField, 'kind'>): boolean {
  if (key === 'website' || key === 'email') return kind === 'text';
  return kind === 'text' || kind === 'number';
}

const SUGGESTED = 5;

function noField(object: string, name: string, fields: readonly CrmField[]): Omit<SettingsProblem, 'path'> {
  const wanted = name.toLowerCase();
  const close = fields
    .map((field) => ({
      name: field.name,
      distance: Math.min(
        distanceOf(wanted, field.name.toLowerCase()),
        distanceOf(wanted, field.label.toLowerCase().replaceAll(' ', '')),
        field.name.toLowerCase().includes(wanted) ? 1 : Infinity,
      ),
    }))
    .filter(({ distance }) => distance <= Math.max(2, wanted.length / 3))
    .toSorted((one, other) => one.distance - other.distance)
    .slice(0, SUGGESTED)
    .map((field) => field.name);
  const guess = close.length > 0 ? `; did you mean ${close.join(' or ')}?` : '';
  return {
    message: `${object} has no field ${name} that we may read${guess}`,
    hint: `--fields ${object} lists all ${fields.length}`,
  };
}

/** Levenshtein's: the fewest letters to add, drop or change. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [place, letter] of Array.from(one).entries()) {
    const next = [place + 1];
    for (const [index, against] of Array.from(other).entries())
      next.push(
        Math.min(
          (next[index] ?? 0) + 1,
          (row[index + 1] ?? 0) + 1,
          (row[index] ?? 0) + (letter === against ? 0 : 1),
        ),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}

function explainIssue(crm: Crm, issue: z.core.$ZodIssue): SettingsProblem[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  switch (issue.code) {
    case 'unrecognized_keys': {
      const there = knownKeys(crm, path);
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `is not known; there are ${there.join(', ')}`,
      }));
    }
    case 'invalid_value':
      return [{ path, message: `must be one of ${issue.values.map(String).join(', ')}` }];
    case 'invalid_union':
      return [{ path, message: 'must be the name of a field, a list of up to five, or null for none' }];
    case 'invalid_type': {
      const isBlock = issue.expected === 'object' || issue.expected === 'record';
      return [{ path, message: isBlock ? 'must be a block of "key: value" lines' : `must be a ${issue.expected}` }]; // prettier-ignore
    }
    default:
      return [{ path, message: issue.message.replace(/^\w+: /, '') }];
  }
}

/** What may stand at a place of the document. */
function knownKeys(crm: Crm, [first, second, third]: readonly (string | number)[]): readonly string[] {
  if (first === undefined) return Object.keys(ConnectionSettings.shape);
  const ourFields = FIELDS.map((field) => field.key);
  if (first === 'write') return second === undefined ? [...ourFields, ...crm.writeObjects] : ourFields;
  if (first === 'exclude')
    return second === 'where' ? ['object', 'field', `op (${OPERATORS.join(', ')})`, 'value'] : ['customers', 'openDeals', 'optedOut', 'where']; // prettier-ignore
  const object = crm.readObjects.find((one) => one === second);
  if (object === undefined || third !== undefined) return crm.readObjects;
  return mappableKeys(crm.usualFields, object);
}
