import assert from 'node:assert/strict';
import { z } from 'zod';
import type { CrmKind, FieldValues } from '../../src/connectors/crm.ts';
import { FIELDS } from '../../src/connectors/crm-fields.ts';
import type { FieldKey, FieldValue } from '../../src/connectors/crm-fields.ts';
import type { Change, Trace } from './interleavings.ts';
import type { TappedTwin } from './twin-stages.ts';

export const nameOf = (kind: CrmKind, field: FieldKey): string => {
  const definition = FIELDS.find(({ key }) => key === field);
  assert.ok(definition);
  return kind === 'salesforce' ? definition.salesforceName : definition.hubspotName;
};

const Salesforce = z.object({
  records: z.array(
    z.object({
      id: z.string(),
      values: z.record(z.string(), z.unknown()),
      history: z.array(z.object({ by: z.string(), field: z.string(), from: z.unknown(), to: z.unknown() })),
      unchanged: z.record(z.string(), z.number()),
      updates: z.record(z.string(), z.number()),
    }),
  ),
});
const Hubspot = z.object({
  companies: z.object({
    records: z.array(
      z.object({
        id: z.string(),
        properties: z.record(z.string(), z.string()),
        unchanged: z.number(),
        history: z.record(
          z.string(),
          z.array(z.object({ value: z.string(), timestamp: z.string(), by: z.string() })),
        ),
      }),
    ),
  }),
});

/** What the twin's own history says of these records and our fields; not whether they were deleted in between. */
export async function readTraces(tapped: TappedTwin, ids: readonly string[]): Promise<Trace[]> {
  const { kind } = tapped;
  const ours = new Map(FIELDS.map(({ key }) => [nameOf(kind, key), key]));
  const read = (values: Record<string, unknown>): FieldValues =>
    Object.fromEntries(
      [...ours].flatMap(([name, key]) => (name in values ? [[key, valueOf(key, values[name])]] : [])),
    );
  if (kind === 'salesforce')
    return Salesforce.parse(await tapped.dump())
      .records.filter(({ id }) => ids.includes(id))
      .map(({ id, values, history, unchanged, updates }) => ({
        externalId: id,
        formerIds: [],
        values: read(values),
        wasAway: false,
        changes: history.flatMap(({ by, field, from, to }): Change[] => {
          const key = ours.get(field);
          if (key === undefined) return [];
          return [
            {
              by: by === 'integration' ? 'us' : 'rep',
              field: key,
              from: valueOf(key, from),
              to: valueOf(key, to),
            },
          ];
        }),
        repeated: unchanged.integration ?? 0,
        touched: Object.keys(updates).some((author) => author !== 'integration'),
      }));
  return Hubspot.parse(await tapped.dump())
    .companies.records.filter(({ id }) => ids.includes(id))
    .map(({ id, properties, history, unchanged }) => ({
      externalId: id,
      formerIds: (properties.hs_merged_object_ids ?? '').split(';').filter((former) => former !== ''),
      values: read(properties),
      wasAway: false,
      changes: [...ours]
        .flatMap(([name, key]) =>
          (history[name] ?? []).map(({ value, timestamp, by }, index, entries) => ({
            timestamp,
            by: by === 'fieldnote' ? ('us' as const) : ('rep' as const),
            field: key,
            from: valueOf(key, entries[index - 1]?.value),
            to: valueOf(key, value),
          })),
        )
        .toSorted((one, other) => one.timestamp.localeCompare(other.timestamp)),
      repeated: unchanged,
      touched: [...ours.keys(), 'hs_merged_object_ids'].some((name) =>
        history[name]?.some(({ by }) => by !== 'fieldnote'),
      ),
    }));
}

function valueOf(field: FieldKey, raw: unknown): FieldValue {
  if (raw === undefined || raw === null || raw === '') return null;
  if (field === 'score' || field === 'confidence') return Number(raw);
  assert.ok(typeof raw === 'string' || typeof raw === 'number');
  return raw;
}
