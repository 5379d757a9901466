import assert from 'node:assert/strict';
import type { Crm, CrmKind, CrmObject, FieldAccess, FieldValues } from '../../src/connectors/crm.ts';
import type { Database } from '../../src/db.ts';
import type { WritePolicies } from '../../src/pipeline/7-write-back/field-policy.ts';
import { createFlusher } from '../../src/pipeline/7-write-back/flush.ts';
import type { FlushRequest, FlushResult, OpenConnection } from '../../src/pipeline/7-write-back/flush.ts';
import type { BandNote } from '../../src/pipeline/7-write-back/plan-writes.ts';
import { planCompanyWrites } from '../../src/pipeline/7-write-back/plan-writes.ts';
import { ensureCompany } from '../../src/pipeline/store/companies.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import { createRun } from '../../src/pipeline/store/runs.ts';
import type { RunKind } from '../../src/pipeline/store/runs.ts';
import { listRunWrites } from '../../src/pipeline/store/writes-list.ts';
import { listFailedWrites } from '../../src/pipeline/store/writes-failed.ts';
import type { FailedWrite } from '../../src/pipeline/store/writes-failed.ts';
import type { Write, WriteField } from '../../src/pipeline/store/writes.ts';
import { createFakeCrm } from './fake-crm.ts';
import type { FakeCrm } from './fake-crm.ts';

/** A workspace with one connection to a fake CRM and one company, and the moves that write-back tests make. */
export type Desk = {
  db: Database;
  workspaceId: string;
  connectionId: string;
  companyId: string;
  fake: FakeCrm;
  policies: WritePolicies;
  fieldAccess: FieldAccess;
  /** How long ago that was asked, in milliseconds. */
  accessAgeMs: number;
  /** A run that wants these values on these records. Returns its id. */
  plan(
    desired: FieldValues,
    ids: readonly string[],
    options?: { kind?: RunKind; dryRun?: boolean; object?: CrmObject; explicit?: boolean; note?: BandNote },
  ): Promise<string>;
  flush(
    options?: Partial<FlushRequest> & { db?: Database; leaseMs?: number; slowMs?: number },
  ): Promise<FlushResult>;
  writesOf(runId: string): Promise<Write<WriteField>[]>;
  /** As if an hour had gone by: leases have run out, and what waits for a time may go. */
  passTime(): Promise<void>;
  openCrm: () => Promise<OpenConnection>;
};

let desks = 0;

export async function openDesk(
  db: Database,
  kind: CrmKind,
  fake = createFakeCrm(kind),
  crm: Crm = fake.crm,
): Promise<Desk> {
  desks += 1;
  const workspaceId = await db.inDirectory(async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      'insert into workspaces (name) values ($1) returning id',
      [`desk ${process.pid} ${desks} ${Date.now()}`],
    );
    assert.ok(rows[0]);
    return rows[0].id;
  });
  const { connectionId, companyId } = await db.inWorkspace(workspaceId, async (tx) => ({
    connectionId: (await ensureConnection(tx, workspaceId, kind, 'org')).id,
    companyId: (await ensureCompany(tx, workspaceId, { domain: 'acme.example' })).id,
  }));
  const desk: Desk = {
    db,
    workspaceId,
    connectionId,
    companyId,
    fake,
    policies: {},
    // As the installed permission sets leave it.
    fieldAccess: { Account: ['pitch', 'personas'], Lead: ['pitch', 'personas'] },
    accessAgeMs: 0,
    openCrm: () => {
      const { fieldAccess, accessAgeMs, policies } = desk;
      return Promise.resolve({ crm, fieldAccess, accessAgeMs, policies });
    },
    plan: (desired, ids, options = {}) =>
      db.inWorkspace(workspaceId, async (tx) => {
        const { kind: runKind = 'scheduled', dryRun = false } = options;
        const run = await createRun(tx, workspaceId, { kind: runKind, model: 'gpu-infrastructure', dryRun });
        const object = options.object ?? (kind === 'salesforce' ? 'Account' : 'company');
        await planCompanyWrites(tx, {
          runId: run.id,
          companyId,
          explicit: options.explicit ?? runKind !== 'scheduled',
          ...(options.note === undefined ? {} : { describeBandChange: options.note }),
          records: ids.map((externalId) => ({
            connectionId,
            object,
            externalId,
            desired,
            policies: desk.policies,
            noteOnBandChange: options.note !== undefined,
          })),
        });
        return run.id;
      }),
    flush: ({ leaseMs = 2_000, slowMs, db: other = db, ...request } = {}) =>
      createFlusher({
        db: other,
        openCrm: desk.openCrm,
        leaseMs,
        uncertainMs: 20,
        ...(slowMs === undefined ? {} : { slowMs }),
      }).flushConnection({
        workspaceId,
        connectionId,
        signal: new AbortController().signal,
        mode: 'now',
        ...request,
      }),
    passTime: () =>
      db.inWorkspace(workspaceId, async (tx) => {
        await tx.query(
          `update writes set leased_until = leased_until - interval '1 hour', settled_at = settled_at - interval '1 hour',
             not_before = not_before - interval '1 hour', may_land_until = may_land_until - interval '1 hour'`,
        );
      }),
    writesOf: (runId) => db.inWorkspace(workspaceId, (tx) => listRunWrites(tx, runId, { limit: 100_000 })),
  };
  return desk;
}

/** What `fieldnote export --failed` prints: fields whose last word is a refusal or a conflict. */
export const listFailed = (desk: Desk): Promise<FailedWrite[]> =>
  desk.db.inWorkspace(desk.workspaceId, (tx) => listFailedWrites(tx)).then(({ failed }) => failed);
