import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { listWrites } from '../../../src/pipeline/store/writes-list.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { assertRepaired, findOverwritten, play } from '../../harness/interleavings.ts';
import type { Played, Stage } from '../../harness/interleavings.ts';
import type { Move } from '../../harness/interleaving-moves.ts';
import { assertTheirsGoesBack } from '../../harness/put-backs.ts';
import { openTappedTwin, openTwinStage } from '../../harness/twin-stages.ts';
import type { TappedTwin } from '../../harness/twin-stages.ts';
import { nameOf } from '../../harness/twin-traces.ts';

let here: TestDatabase;
let tapped: TappedTwin;
before(async () => {
  here = await createTestDatabase();
  tapped = await openTappedTwin('hubspot');
});
after(async () => {
  await tapped.close();
  await here.close();
});

const FLUSH = { type: 'flush', diesAt: 0, rival: false, meanwhile: [] } as const satisfies Move;
const run = (...records: number[]): Move => ({ type: 'run', records, fields: ['score'] });
const merge = { type: 'merge', kept: 1, away: 2 } as const;

async function assertHeard(stage: Stage, played: Played): Promise<void> {
  const traces = await stage.trace();
  assert.ok(traces.some((trace) => findOverwritten(trace).some(({ from }) => from === null)));
  await assertRepaired(stage, traces);
  await assertTheirsGoesBack(stage, { ...played, typed: [null] });
}

/** The survivor's field is empty, and its ledger tells that our write fell on an empty one. */
async function assertStaysEmpty({ desk, trace }: Stage): Promise<void> {
  const survivor = (await trace()).find(({ formerIds }) => formerIds.length > 0);
  assert.ok(survivor);
  assert.equal(survivor.values.score ?? null, null);
  const writes = await desk.db.inWorkspace(desk.workspaceId, (tx) =>
    listWrites(tx, { companyId: desk.companyId }, { limit: 100, beforeId: null }),
  );
  const heard = writes.filter(
    ({ state, field, externalId }) =>
      state === 'conflicted' && field === 'score' && externalId === survivor.externalId,
  );
  assert.deepEqual(
    heard.map(({ oldValue }) => oldValue),
    [null],
  );
}

test('HubSpot: an emptying that our write fell on is heard where the record is merged with one whose empty field was to get the same', async () => {
  const stage = await openTwinStage(here.db, tapped, { realTime: false });
  const empty = { type: 'edit', record: 1, field: 0, how: 'empty' } as const;
  const meanwhile = [
    { moment: 1, act: empty },
    { moment: 3, act: merge },
  ];
  await assertHeard(stage, await play(stage, [run(1), FLUSH, run(1, 2), { ...FLUSH, meanwhile }]));
});

test('HubSpot: a field that a program emptied stays empty where an undo of ours once emptied it, and our value falls on it through a merge', async () => {
  const stage = await openTwinStage(here.db, tapped, { realTime: false });
  const undo = { type: 'undo', which: 0, how: 'whole' } as const;
  await play(stage, [run(1), FLUSH, undo, FLUSH, run(1), FLUSH]);
  const [, first] = stage.ids;
  await tapped.edit({
    as: 'integration:Zapier',
    object: 'companies',
    id: first,
    properties: { [nameOf('hubspot', 'score')]: '' },
  });
  const meanwhile = [{ moment: 1, act: merge }];
  await play(stage, [run(2), { ...FLUSH, meanwhile }]);
  await assertStaysEmpty(stage);
});

test('HubSpot: an emptied field that we put back stays empty when our value for another record falls on it through a merge', async () => {
  const stage = await openTwinStage(here.db, tapped, { realTime: false });
  const empty = { type: 'edit', record: 1, field: 0, how: 'empty' } as const;
  await play(stage, [run(1), FLUSH, run(1), { ...FLUSH, meanwhile: [{ moment: 1, act: empty }] }]);
  const meanwhile = [{ moment: 1, act: merge }];
  await play(stage, [run(2), { ...FLUSH, meanwhile }]);
  await assertStaysEmpty(stage);
});
