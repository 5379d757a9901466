import type {
  Crm,
  CrmObject,
  CurrentRecord,
  FieldValues,
  RecordHistory,
  RecordWrite,
  WriteOutcome,
} from '../../src/connectors/crm.ts';
import { FIELDS } from '../../src/connectors/crm-fields.ts';
import type { FieldKey, FieldValue } from '../../src/connectors/crm-fields.ts';
import { ProviderError } from '../../src/errors.ts';

export type FakeChange = {
  by: 'us' | 'rep';
  field: FieldKey;
  from: FieldValue;
  to: FieldValue;
  at: string;
};

export type FakeRecord = {
  object: CrmObject;
  externalId: string;
  values: FieldValues;
  modifiedAt: number;
  history: FakeChange[];
  /** Fields that we sent and that the CRM took, whether they changed anything or not. */
  accepted: { field: FieldKey; value: FieldValue; held: FieldValue }[];
  lockedFor: number;
  gone: string | null;
  unwritable: string | null;
};

/** A moment of a call at which a test may act: edit as a rep, hang, or throw. */
export type FakeMoment = 'before-read' | 'after-read' | 'before-write' | 'mid-write' | 'after-write';

export type FakeCrm = {
  crm: Crm;
  calls: { reads: number[]; writes: number[] };
  add(object: CrmObject, externalId: string, values?: FieldValues): FakeRecord;
  get(object: CrmObject, externalId: string): FakeRecord;
  all(): FakeRecord[];
  edit(object: CrmObject, externalId: string, field: FieldKey, value: FieldValue): void;
  /** Awaited at every moment of every call. */
  at: (moment: FakeMoment, ids: readonly string[]) => Promise<void> | void;
  /** Refuses a whole group that holds such a write, as HubSpot does. */
  refuseGroup: (write: RecordWrite) => boolean;
};

/** What a CRM does to values on saving. */
function normalise(field: FieldKey, value: FieldValue): FieldValue {
  if (typeof value === 'number') return Math.round(value * 100) / 100;
  if (value === null || field === 'scoredAt') return value;
  const text = value.replaceAll('\r\n', '\n').trimEnd();
  return text === '' ? null : text;
}

const isConditional = (write: RecordWrite): boolean => write.unmodifiedSince !== null;

/**
 * A CRM in memory: Salesforce's ways (conditional writes, one second's grain) or HubSpot's. Its clock stands far in the past
 * and moves on by a second with each change, or follows `now`.
 */
export function createFakeCrm(kind: 'salesforce' | 'hubspot', now?: () => number): FakeCrm {
  const records = new Map<string, FakeRecord>();
  let clock = Date.UTC(2020, 0, 1);
  const tick = now ?? ((): number => (clock += 1000));
  const floor = (at: number): number => Math.floor(at / 1000) * 1000;

  const iso = (at: number): string => new Date(at).toISOString();

  const set = (
    record: FakeRecord,
    by: FakeChange['by'],
    field: FieldKey,
    value: FieldValue,
    at: number,
  ): boolean => {
    const [from, to] = [record.values[field] ?? null, normalise(field, value)];
    if (from === to) return false;
    record.history.push({ by, field, from, to, at: iso(at) });
    record.values = { ...record.values, [field]: to };
    return true;
  };

  const applyWrite = (write: RecordWrite): WriteOutcome => {
    const { object, externalId } = write;
    const at = { object, externalId };
    const record = records.get(`${object}/${externalId}`);
    if (record === undefined || record.gone !== null)
      return { ...at, outcome: 'gone', message: record?.gone ?? 'entity is deleted' };
    const reject = (code: string, message: string, fields: FieldKey[], retryable = false): WriteOutcome => ({
      ...at,
      outcome: 'rejected',
      code,
      message,
      fields,
      retryable,
    });
    if (record.lockedFor > 0) {
      record.lockedFor -= 1;
      return reject('UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record', [], true);
    }
    if (kind === 'salesforce' && write.unmodifiedSince !== null)
      if (floor(record.modifiedAt) > floor(Date.parse(write.unmodifiedSince)))
        return { ...at, outcome: 'changed-meanwhile' };
    for (const { key, length, values } of FIELDS) {
      const value = write.fields[key];
      if (typeof value !== 'string') continue;
      if (length !== undefined && value.length > length)
        return reject('STRING_TOO_LONG', `data value too large (max length=${length})`, [key]);
      if (values !== undefined && !values.includes(value))
        return reject('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', `bad value: ${value}`, [key]);
    }
    const now = tick();
    for (const { key } of FIELDS) {
      const value = write.fields[key];
      if (value === undefined) continue;
      record.accepted.push({ field: key, value: normalise(key, value), held: record.values[key] ?? null });
      set(record, 'us', key, value, now);
    }
    record.modifiedAt = now;
    return { ...at, outcome: 'applied' };
  };

  const fake: FakeCrm = {
    calls: { reads: [], writes: [] },
    at: () => undefined,
    refuseGroup: () => false,
    add: (object, externalId, values = {}) => {
      const record = {
        object,
        externalId,
        values,
        modifiedAt: tick(),
        history: [],
        accepted: [],
        lockedFor: 0,
        gone: null,
        unwritable: null,
      };
      records.set(`${object}/${externalId}`, record);
      return record;
    },
    get: (object, externalId) => {
      const record = records.get(`${object}/${externalId}`);
      if (record === undefined) throw new Error(`the fake has no ${object} ${externalId}`);
      return record;
    },
    all: () => [...records.values()],
    edit: (object, externalId, field, value) => {
      const record = fake.get(object, externalId);
      const now = tick();
      if (set(record, 'rep', field, value, now)) record.modifiedAt = now;
    },
    crm: {
      kind,
      readObjects: [],
      usualFields: {},
      listFields: () => Promise.reject(new Error('not asked for')),
      writeObjects: kind === 'salesforce' ? ['Account', 'Lead'] : ['company', 'contact'],
      // Each of its calls is over when it ends.
      longestWriteMs: 0,
      readBatch: kind === 'salesforce' ? 2000 : 100,
      recordBatch: kind === 'salesforce' ? 200 : 100,
      // Nothing is ever merged in it.
      readRecords: () => Promise.resolve({ records: [] }),
      syncedFields: () => [],
      check: () => Promise.reject(new Error('not asked for')),
      installFields: () => Promise.reject(new Error('not asked for')),
      // eslint-disable-next-line require-yield
      readChanges: async function* () {
        throw new Error('not asked for');
      },
      readCurrent: async (object, externalIds, options) => {
        fake.calls.reads.push(externalIds.length);
        await fake.at('before-read', externalIds);
        options.signal.throwIfAborted();
        const found = externalIds.map((externalId): CurrentRecord => {
          const record = records.get(`${object}/${externalId}`);
          if (record === undefined || record.gone !== null)
            return { object, externalId, values: null, modifiedAt: null };
          const modifiedAt = iso(kind === 'salesforce' ? floor(record.modifiedAt) : record.modifiedAt);
          const rest = record.unwritable === null ? {} : { unwritable: record.unwritable };
          return { object, externalId, values: { ...record.values }, modifiedAt, ...rest };
        });
        await fake.at('after-read', externalIds);
        return found;
      },
      groupWrites: (writes) => {
        const groups = new Map<string, RecordWrite[][]>();
        for (const write of writes) {
          const conditional = kind === 'salesforce' && isConditional(write);
          const name = kind === 'salesforce' ? String(conditional) : write.object;
          const size = kind === 'hubspot' ? 100 : conditional ? 25 : 1000;
          const ofKind = groups.get(name) ?? [];
          groups.set(name, ofKind);
          const last = ofKind.at(-1);
          if (last === undefined || last.length === size) ofKind.push([write]);
          else last.push(write);
        }
        return [...groups.values()].flat();
      },
      writeRecords: async (group, options) => {
        const ids = group.map((write) => write.externalId);
        fake.calls.writes.push(group.length);
        await fake.at('before-write', ids);
        options.signal.throwIfAborted();
        if (group.some((write) => fake.refuseGroup(write)))
          throw new ProviderError({
            provider: kind,
            operation: 'batch update',
            kind: 'refused',
            message: 'Property values were not valid',
            code: 'VALIDATION_ERROR',
          });
        const half = Math.ceil(group.length / 2);
        const first = group.slice(0, half).map(applyWrite);
        await fake.at('mid-write', ids);
        const outcomes = [...first, ...group.slice(half).map(applyWrite)];
        await fake.at('after-write', ids);
        return outcomes;
      },
      ...(kind === 'salesforce'
        ? {}
        : {
            history: {
              batch: 50,
              findSurvivors: () => Promise.resolve([]),
              read: async (object, externalIds, fields, options) => {
                fake.calls.reads.push(externalIds.length);
                await fake.at('before-read', externalIds);
                options.signal.throwIfAborted();
                const found = externalIds.map((externalId): RecordHistory => {
                  const record = records.get(`${object}/${externalId}`);
                  if (record === undefined || record.gone !== null)
                    return { object, externalId, versions: null };
                  const versions = fields.map((field) => {
                    const changes = record.history.filter((change) => change.field === field);
                    const first = changes[0] === undefined ? record.values[field] : changes[0].from;
                    const oldest = { value: first ?? null, at: iso(Date.UTC(2019, 0, 1)) };
                    const newer = changes.map(({ to, at }) => ({ value: to, at })).reverse();
                    return [field, [...newer, oldest]] as const;
                  });
                  return { object, externalId, versions: Object.fromEntries(versions) };
                });
                await fake.at('after-read', externalIds);
                return found;
              },
            },
          }),
      recordUrl: (object, externalId) => `https://crm.example/${object}/${externalId}`,
    },
  };
  return fake;
}
