import { defaultProperties } from './schema.ts';
import { listHistory } from './records.ts';
import type { TwinRecord } from './records.ts';

const iso = (at: number): string => new Date(at).toISOString();

export type Wanted = { properties: readonly string[]; withHistory: readonly string[] };

/** A record as the API shows it: the properties asked for, null where empty; unknown names are left out. */
export function renderRecord(
  record: TwinRecord,
  wanted: Wanted,
  known: ReadonlyMap<string, unknown>,
  portalId: number,
  typeId: string,
): Record<string, unknown> {
  const names = new Set([
    ...(wanted.properties.length === 0 ? defaultProperties(record.type) : wanted.properties),
    ...wanted.withHistory,
    ...defaultProperties(record.type).slice(-3),
  ]);
  const properties: Record<string, string | null> = {};
  for (const name of names) if (known.has(name)) properties[name] = record.properties[name] ?? null;
  return {
    id: record.id,
    properties,
    ...(wanted.withHistory.length === 0
      ? {}
      : { propertiesWithHistory: renderHistory(record, wanted.withHistory, known) }),
    createdAt: iso(record.createdAt),
    updatedAt: iso(record.updatedAt),
    archived: record.archivedAt !== null,
    ...(record.archivedAt === null ? {} : { archivedAt: iso(record.archivedAt) }),
    url: `https://app.hubspot.com/contacts/${portalId}/record/${typeId}/${record.id}`,
  };
}

function renderHistory(
  record: TwinRecord,
  names: readonly string[],
  known: ReadonlyMap<string, unknown>,
): Record<string, unknown[]> {
  const history: Record<string, unknown[]> = {};
  for (const name of names) {
    if (!known.has(name)) continue;
    history[name] = listHistory(record, name).map(({ value, at, by }) => ({
      value,
      timestamp: iso(at),
      sourceType: by.sourceType,
      sourceId: by.sourceId,
      ...(by.userId === null ? {} : { updatedByUserId: by.userId }),
    }));
  }
  return history;
}

/** The frame that every batch answer has. */
export function renderBatch(results: readonly unknown[], errors: readonly unknown[], at: Date): unknown {
  const when = at.toISOString();
  return {
    status: 'COMPLETE',
    results,
    ...(errors.length === 0 ? {} : { numErrors: errors.length, errors }),
    requestedAt: when,
    startedAt: when,
    completedAt: when,
  };
}
