import assert from 'node:assert/strict';
import { z } from 'zod';
import { catchUp } from '../../src/pipeline/1-sync/catch-up.ts';
import { findConnection } from '../../src/pipeline/store/connections.ts';
import { readClock, saveHints } from '../../src/pipeline/store/record-hints.ts';
import type { Stage, Trace } from './interleavings.ts';
import type { TappedTwin } from './twin-stages.ts';
import type { Desk } from './write-back.ts';

type Upheavals = Required<Pick<Stage, 'known' | 'seen' | 'upheavals'>> & {
  /** Ids of all records that there ever were. */
  all(): string[];
  mark(traces: readonly Trace[]): Trace[];
};

const Answer = z.object({ id: z.string() });

/** People who merge, delete and restore the records of a twin, and what we know of it: as much as we were told. */
export function openUpheavals(stage: {
  tapped: TappedTwin;
  desk: Desk;
  /** By place. */
  ids: readonly string[];
  tick(): void;
}): Upheavals {
  const { tapped, desk, ids, tick } = stage;
  const { object, crm, kind } = tapped;
  const seen = [...ids];
  const known: (string | null)[] = [...ids];
  const all = new Set(ids);
  const removed = new Set<string>();
  const wasAway = new Set<string>();
  const touched = new Set<string>();
  const edit = async (operation: Record<string, unknown>): Promise<string> => {
    tick();
    const where = kind === 'salesforce' ? {} : { object: 'companies' };
    return Answer.parse(await tapped.edit({ as: 'rep:Anna', ...where, ...operation })).id;
  };
  return {
    known: (place) => known[place] ?? null,
    seen: (place) => {
      const id = seen[place];
      return id === undefined || removed.has(id) ? null : id;
    },
    all: () => [...all],
    mark: (traces) =>
      traces.map((trace) => ({
        ...trace,
        touched: trace.touched || touched.has(trace.externalId),
        wasAway: [trace.externalId, ...trace.formerIds].some((id) => wasAway.has(id)),
      })),
    upheavals: {
      merge: async (kept, away) => {
        const survivor = await edit(
          kind === 'salesforce'
            ? { operation: 'merge', winner: kept, loser: away }
            : { operation: 'merge', id: kept, other: away },
        );
        for (const id of [kept, away, survivor]) touched.add(id);
        all.add(survivor);
        for (const [place, id] of seen.entries()) if (id === kept || id === away) seen[place] = survivor;
      },
      remove: async (id) => {
        await edit({ operation: kind === 'salesforce' ? 'delete' : 'archive', id });
        for (const set of [removed, wasAway, touched]) set.add(id);
      },
      restore: async (place) => {
        const id = seen[place];
        if (id === undefined || !removed.delete(id)) return;
        await edit({ operation: kind === 'salesforce' ? 'undelete' : 'restore', id });
      },
      learn: async () => {
        await lookAt(desk, crm, [...all].map((externalId) => ({ object, externalId, kind: 'merged' }))); // prettier-ignore
        // As if their domains had told: what is planned for a record of no company is not planned again.
        await desk.db.inWorkspace(desk.workspaceId, (tx) =>
          tx.query('update records set company_id = $1 where company_id is null', [desk.companyId]),
        );
        const found = await readWhatBecame(desk);
        for (const [place, id] of ids.entries()) {
          let current: string | null = id;
          for (
            let row = found.get(id);
            row !== undefined;
            row = row.mergedInto === null ? undefined : found.get(row.mergedInto)
          )
            current = row.mergedInto ?? (row.deleted ? null : current);
          known[place] = current;
        }
      },
    },
  };
}

/** As a webhook tells: they are read by their ids. */
async function lookAt(
  { db, workspaceId, connectionId }: Desk,
  crm: TappedTwin['crm'],
  hints: Parameters<typeof saveHints>[2],
): Promise<void> {
  const { connection, toldBy } = await db.inWorkspace(workspaceId, async (tx) => {
    await saveHints(tx, { workspaceId, connectionId }, hints);
    return { connection: await findConnection(tx, connectionId), toldBy: await readClock(tx) };
  });
  assert.ok(connection);
  await catchUp({ db, crm, connection, toldBy, call: { signal: AbortSignal.timeout(20_000) } });
}

type Row = { externalId: string; deleted: boolean; mergedInto: string | null };

async function readWhatBecame({ db, workspaceId, connectionId }: Desk): Promise<Map<string, Row>> {
  const { rows } = await db.inWorkspace(workspaceId, (tx) =>
    tx.query<Row>(
      `select external_id as "externalId", deleted, merged_into as "mergedInto" from records where connection_id = $1`,
      [connectionId],
    ),
  );
  return new Map(rows.map((row) => [row.externalId, row]));
}
