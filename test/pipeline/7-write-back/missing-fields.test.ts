import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CrmKind } from '../../../src/connectors/crm.ts';
import { rehearseAll } from '../../harness/rehearsal.ts';
import { connect as connectSalesforce, ledger } from '../../connectors/salesforce/connect.ts';
import { connect as connectHubspot, oneAttempt, quiet } from '../../connectors/hubspot-connect.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { openDesk } from '../../harness/write-back.ts';
import { accountId, startSmall } from '../../sandbox/salesforce-fixture.ts';
import { makeCompany, startPortal } from '../../sandbox/hubspot-start.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

for (const kind of ['salesforce', 'hubspot'] as const satisfies readonly CrmKind[])
  test(`a ${kind} account without our fields: the rehearsal says so, the real run sends nothing, and an install mends it`, async (context) => {
    const salesforce = kind === 'salesforce' ? await startSmall() : null;
    if (salesforce !== null) context.after(() => salesforce.close());
    const portal = kind === 'hubspot' ? await startPortal(context) : null;
    const crm = salesforce === null ? connectHubspot(portal, oneAttempt()) : connectSalesforce(salesforce);
    const calls = (): Record<string, { calls: number }> =>
      (salesforce ?? portal?.twin)?.kit.calls.summary().byOperation ?? {};
    const id = kind === 'salesforce' ? accountId('alder') : makeCompany(1).id;
    const desk = await openDesk(here.db, kind, undefined, crm);
    const values = { score: 71, pitch: 'Hello' };

    const dry = await desk.plan(values, [id], { dryRun: true });
    const rehearsal = await rehearseAll(desk, {
      workspaceId: desk.workspaceId,
      runId: dry,
      signal: AbortSignal.timeout(20_000),
    });
    const run = await desk.plan(values, [id]);
    const flushed = await desk.flush({ leaseMs: 30_000 });

    const told = rehearsal.fields.map(({ verdict, reason }) => [verdict, reason]);
    assert.deepEqual(
      told.map(([verdict]) => verdict),
      ['would-reject', 'would-reject'],
    );
    for (const [, reason] of told)
      assert.match(
        String(reason),
        /(INVALID_FIELD|PROPERTY_DOESNT_EXIST): .*connect (salesforce|hubspot) --install/,
      );
    assert.deepEqual(
      (await desk.writesOf(run)).map(({ state, reason }) => [state, reason]),
      told.map(([, reason]) => ['rejected', reason]),
    );
    assert.equal(flushed.rejected, 2);
    assert.equal(calls()['composite']?.calls ?? calls()['batch update']?.calls ?? 0, 0);

    await crm.installFields(kind === 'salesforce' ? ledger() : quiet());
    // Another process would look again after half a minute.
    const fresh = salesforce === null ? connectHubspot(portal, oneAttempt()) : connectSalesforce(salesforce);
    const later = await openDesk(here.db, kind, undefined, fresh);
    await later.plan(values, [id]);
    assert.equal((await later.flush({ leaseMs: 30_000 })).applied, 2);
  });
