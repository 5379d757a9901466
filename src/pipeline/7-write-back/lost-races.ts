import type { Crm, CrmObject, FieldValues } from '../../connectors/crm.ts';
import type { FieldKey, FieldValue } from '../../connectors/crm-fields.ts';
import { policyOf } from './field-policy.ts';
import type { FlushSession, Landed } from './flush-session.ts';
import { couldHaveBecome, sameValue } from './same-value.ts';

/** A write of ours that fell on a value which a person typed after we looked. */
export type LostRace = { id: number; theirs: FieldValue; reason: string };

/** `stands`: our value is still on top of theirs. */
type FoundRace = { theirs: FieldValue; stands: boolean };

/**
 * Whether a write replaced something else than what it was meant to, by the field's versions (newest first). Null when it
 * did not, or when somebody has typed something newer on top, which stands anyway. Pure.
 */
export function findLostRace(
  field: FieldKey,
  sent: FieldValue,
  before: FieldValue,
  versions: readonly FieldValue[],
): FoundRace | null {
  const at = versions.findIndex((version) => couldHaveBecome(field, sent, version));
  const replaced = versions.slice(at).find((version) => !couldHaveBecome(field, sent, version));
  if (at === -1 || replaced === undefined || sameValue(field, replaced, before)) return null;
  if (at > 0 && !sameValue(field, versions[0], replaced)) return null;
  return { theirs: replaced, stands: at === 0 };
}

// Putting a value back is a race as well; nobody types this often in a row.
const MOST_ROUNDS = 3;

/**
 * Where a CRM has no conditional write: finds in its history the writes that fell on a person's value, puts that value
 * back at once, and tells. The rest comes back with what the CRM holds now. May be repeated after a kill.
 */
export async function repairLostRaces(
  session: FlushSession,
  history: NonNullable<Crm['history']>,
  object: CrmObject,
  rows: readonly Landed[],
): Promise<{ standing: { row: Landed; present: FieldValue }[]; lost: LostRace[] }> {
  const standing: { row: Landed; present: FieldValue }[] = [];
  const lost = new Map<number, LostRace>();
  let open = rows.map((row) => ({ row, sent: row.value, before: row.before }));
  for (let round = 1; open.length > 0 && round <= MOST_ROUNDS; round += 1) {
    const versions = await readVersions(session, history, object, open.map(({ row }) => row)); // prettier-ignore
    const repairs: typeof open = [];
    for (const { row, sent, before } of open) {
      const held = versions.get(row.externalId)?.[row.field];
      const forced = policyOf(session.policies, row.field) === 'always';
      const race = held === undefined || forced ? null : findLostRace(row.field, sent, before, held);
      if (race === null) {
        if (!lost.has(row.id))
          standing.push({ row, present: held === undefined ? row.value : (held[0] ?? null) });
        continue;
      }
      lost.set(row.id, { id: row.id, theirs: race.theirs, reason: PUT_BACK });
      if (race.stands) repairs.push({ row, sent: race.theirs, before: sent });
    }
    const failed = await putBack(session, object, repairs);
    for (const { row, sent } of repairs) {
      const message = failed.get(row.externalId);
      if (message !== undefined)
        lost.set(row.id, { id: row.id, theirs: sent, reason: `${NOT_PUT_BACK}: ${message}` });
    }
    open = repairs.filter(({ row }) => !failed.has(row.externalId));
  }
  return { standing, lost: [...lost.values()] };
}

const PUT_BACK = 'Somebody changed the field in the moment of our write; their value was put back';
const NOT_PUT_BACK =
  'Somebody changed the field in the moment of our write, and the CRM did not take their value back';

async function readVersions(
  session: FlushSession,
  history: NonNullable<Crm['history']>,
  object: CrmObject,
  rows: readonly Landed[],
): Promise<Map<string, Partial<Record<FieldKey, FieldValue[]>>>> {
  const ids = [...new Set(rows.map((row) => row.externalId))];
  const fields = [...new Set(rows.map((row) => row.field))];
  const versions = new Map<string, Partial<Record<FieldKey, FieldValue[]>>>();
  for (let at = 0; at < ids.length; at += history.batch) {
    const batch = ids.slice(at, at + history.batch);
    const found = await session.call('readBack', (options) => history.read(object, batch, fields, options));
    for (const record of found)
      if (record.versions !== null) versions.set(record.externalId, record.versions);
  }
  return versions;
}

/** Sends people's values back. Returns what the CRM said of the records that did not take them. */
async function putBack(
  session: FlushSession,
  object: CrmObject,
  repairs: readonly { row: Landed; sent: FieldValue }[],
): Promise<Map<string, string>> {
  const fields = new Map<string, FieldValues>();
  for (const { row, sent } of repairs)
    fields.set(row.externalId, { ...fields.get(row.externalId), [row.field]: sent });
  const writes = [...fields].map(([externalId, values]) => ({
    object,
    externalId,
    fields: values,
    unmodifiedSince: null,
  }));
  const failed = new Map<string, string>();
  for (const group of session.crm.groupWrites(writes)) {
    const outcomes = await session.call('write', (options) => session.crm.writeRecords(group, options));
    for (const outcome of outcomes)
      if (outcome.outcome !== 'applied')
        failed.set(outcome.externalId, 'message' in outcome ? outcome.message : 'it changed again');
  }
  return failed;
}
