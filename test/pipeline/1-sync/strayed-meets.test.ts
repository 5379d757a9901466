import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CrmRecord } from '../../../src/connectors/crm.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { settleWrites } from '../../../src/pipeline/after-page.ts';
import { findCompanyByDomain } from '../../../src/pipeline/store/companies.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { insertWrites } from '../../../src/pipeline/store/writes-insert.ts';
import { renewLeases } from '../../../src/pipeline/store/writes-outbox.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { meet } from '../../harness/lock-waits.ts';
import { useOneConnection } from '../../harness/one-connection.ts';
import { createReadingCrm } from '../../harness/reading-crm.ts';

const here = useOneConnection('salesforce');

async function sync(records: readonly CrmRecord[]): Promise<void> {
  const { db, connection } = here;
  const crm = createReadingCrm({
    readObjects: ['Lead'],
    async *readChanges() {
      yield { records: [...records], cursor: { at: records.length } };
    },
  });
  const call = { signal: AbortSignal.timeout(60_000) };
  await syncConnection({
    db,
    crm,
    connection,
    call,
    onPage: (tx, read, strayed) => settleWrites(tx, connection, read, strayed),
  });
}

test('of one page some records are left out and one belongs to no company any more, while a flusher has values of both in its hands', async () => {
  const modifiedAt = '2026-11-02T00:00:00.000Z';
  const lead = (stem: string, rest: Partial<CrmRecord> = {}): CrmRecord =>
    crmRecord('Lead', stem, { email: `${stem}@page.example`, ...rest });
  const out = { signs: { customer: null, optedOut: true, openDeals: 0 }, modifiedAt };
  await sync(['strays', 'out-1', 'out-2', 'stays'].map((stem) => lead(stem)));
  const company = await here.inWorkspace((tx) => findCompanyByDomain(tx, 'page.example'));
  const ids = await here.inWorkspace(async (tx) => {
    const run = await createRun(tx, here.workspaceId, { kind: 'manual', model: 'm' });
    const common = { connectionId: here.connection.id, object: 'Lead', field: 'score', value: 5, companyId: company?.id ?? '' } as const; // prettier-ignore
    for (const externalId of ['strays', 'out-1', 'out-2'])
      await insertWrites(tx, run.id, [{ ...common, externalId }]);
    const { rows } = await tx.query<{ id: number }>('select id from writes where run_id = $1 order by id', [run.id]); // prettier-ignore
    return rows.map(({ id }) => id);
  });

  await meet(
    here.inWorkspace,
    `writes where id = ${ids[2]} for update`,
    () => sync([lead('out-1', out), lead('out-2', out), lead('strays', { email: null, modifiedAt })]),
    () => here.inWorkspace((tx) => renewLeases(tx, ids.slice(0, 2).map((id) => ({ id, attempt: 0 })), 1_000)), // prettier-ignore
  );

  const { rows } = await here.inWorkspace((tx) =>
    tx.query('select external_id as lead, state, reason from writes where id = any($1) order by id', [ids]),
  );
  const leftOut = 'Left out before it was sent: opted out of e-mail';
  assert.deepEqual(rows, [
    { lead: 'strays', state: 'cancelled', reason: 'The record belongs to no company any more' },
    { lead: 'out-1', state: 'cancelled', reason: leftOut },
    { lead: 'out-2', state: 'cancelled', reason: leftOut },
  ]);
});
