import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { FieldKey } from '../../../src/connectors/crm-fields.ts';
import type { Tx } from '../../../src/db.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { createRun } from '../../../src/pipeline/store/runs.ts';
import { insertWrites } from '../../../src/pipeline/store/writes-insert.ts';
import { concedeWrites } from '../../../src/pipeline/store/writes-put-back.ts';
import { until } from '../../harness/browser-page.ts';
import { countWaiting, isWaitedFor } from '../../harness/lock-waits.ts';
import { useOneConnection } from '../../harness/one-connection.ts';
import { findPlanned } from '../../harness/plan-rows.ts';

const here = useOneConnection('salesforce');

let companyId = '';
beforeEach(async () => {
  ({ id: companyId } = await here.inWorkspace((tx) =>
    ensureCompany(tx, here.workspaceId, { domain: 'planned.example' }),
  ));
});

async function plan(tx: Tx, value: number, fields: readonly FieldKey[]): Promise<void> {
  const run = await createRun(tx, here.workspaceId, { kind: 'manual', model: 'm' });
  const record = { connectionId: here.connection.id, object: 'Account', externalId: 'r1' } as const;
  await insertWrites(tx, run.id, fields.map((field) => ({ ...record, field, value, companyId }))); // prettier-ignore
}

const readPlanned = (): Promise<Record<string, unknown>> =>
  here.inWorkspace((tx) => findPlanned(tx, here.connection.id));

/** A plan of one field that stays open until it is told to end. */
function openPlan(
  value: number,
  field: FieldKey,
): { begun: Promise<Tx>; end: () => void; ended: Promise<void> } {
  const begun = Promise.withResolvers<Tx>();
  const end = Promise.withResolvers<void>();
  const ended = here.inWorkspace(async (tx) => {
    await plan(tx, value, [field]);
    begun.resolve(tx);
    await end.promise;
  });
  return { begun: begun.promise, end: () => end.resolve(), ended };
}

for (const { other, wins } of [
  { other: 'a plan', wins: 7 },
  { other: 'a person’s values that go back', wins: 1 },
] as const)
  test(`fields of one record are planned by three at once, and ${other} comes between two looks of one of them`, async () => {
    await here.inWorkspace((tx) => plan(tx, 5, ['score', 'confidence']));
    const { rows: landed } = await here.inWorkspace((tx) =>
      tx.query<{ id: number }>(
        `update writes set state = 'applied', settled_at = now() where connection_id = $1 returning id`,
        [here.connection.id],
      ),
    );
    const [early, late] = [openPlan(1, 'score'), openPlan(2, 'competitors')];
    const [earlyTx, lateTx] = await Promise.all([early.begun, late.begun]);
    const ours = here.inWorkspace((tx) => plan(tx, 7, ['score', 'confidence', 'competitors']));
    await until(() => isWaitedFor(earlyTx), 'ours to come to the first field');
    early.end();
    await early.ended;
    await until(() => isWaitedFor(lateTx), 'ours to come to the last field');
    const lost = landed.map(({ id }) => ({ id, theirs: 1, by: null, stands: true, reason: 'They typed' }));
    const theirs = here.inWorkspace(async (tx) => {
      if (other === 'a plan') await plan(tx, 8, ['score', 'confidence']);
      else await concedeWrites(tx, lost);
    });
    await until(async () => (await countWaiting(lateTx)) === 2, 'theirs to come to what ours has stored');
    late.end();

    await Promise.all([ours, theirs, late.ended]);

    assert.deepEqual(await readPlanned(), { score: wins, confidence: wins, competitors: 7 });
  });

test('two plans meet of which one replaces what the other comes to later, and comes later to what the other has stored', async () => {
  const [early, late] = [openPlan(1, 'confidence'), openPlan(2, 'competitors')];
  const [earlyTx] = await Promise.all([early.begun, late.begun]);
  const three = here.inWorkspace((tx) => plan(tx, 7, ['score', 'confidence', 'competitors']));
  await until(() => isWaitedFor(earlyTx), 'the larger plan to come to its second field');
  late.end();
  await late.ended;
  // It replaces the last field, and then waits for the first.
  const two = here.inWorkspace((tx) => plan(tx, 8, ['score', 'competitors']));
  await until(async () => (await countWaiting(earlyTx)) === 2, 'the smaller one to come to the first field');
  early.end();

  await Promise.all([three, two, early.ended]);

  const { confidence, ...both } = await readPlanned();
  assert.equal(confidence, 7);
  assert.ok([7, 8].includes(Number(both.score)));
  assert.deepEqual(both, { score: both.score, competitors: both.score });
});
