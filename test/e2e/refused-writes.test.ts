import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { App } from '../../src/app.ts';
import { startDueRun } from '../../src/pipeline/runs.ts';
import { listFailedWrites } from '../../src/pipeline/store/writes-failed.ts';
import { writeSmallWorld } from '../harness/small-world.ts';
import { connectAndSync, runToEnd, startSystem, waitForRun } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { openRows } from './faults/observe.ts';
import { dumpRecords } from './twin-records.ts';

let world: Awaited<ReturnType<typeof writeSmallWorld>>;
let system: System;
let app: App;
let database: Awaited<ReturnType<typeof openRows>>;

before(async () => {
  world = await writeSmallWorld([
    { stem: 'alder', crm: ['salesforce'] },
    { stem: 'birch', crm: ['hubspot'] },
  ]);
  system = await startSystem({ worldFolder: world.folder });
  database = await openRows(system);
  app = await system.openApp({ worker: true });
  await connectAndSync(app);
  await app.startWorker({ schedule: false });
});
after(async () => {
  await system.close();
  await database.close();
  await world.remove();
});

const RULE = { as: 'administrator', object: 'Account', name: 'Description_filled' };
const failed = async (): Promise<string[]> =>
  (await app.db.inWorkspace(app.workspaceId, (tx) => listFailedWrites(tx))).failed.map(
    ({ object, state }) => `${object} ${state}`,
  );
const scoreOfAlder = async (): Promise<string | undefined> => {
  const { salesforce, hubspot } = system.sandbox.twins;
  const records = await dumpRecords({ salesforce: salesforce.url, hubspot: hubspot.url });
  return [...records.values()].find(({ object }) => object === 'Account')?.ours.score;
};
/** As if so many minutes had passed since the last refusal. */
const passMinutes = (minutes: number): Promise<unknown> =>
  database.rows(
    `update writes set settled_at = settled_at - make_interval(mins => $1) where state = 'rejected'`,
    [minutes],
  );
const startScheduled = () => startDueRun(app, app.workspaceId, app.modelName);
const boughtCalls = (): number =>
  [system.sandbox.twins.tavily, system.sandbox.twins.web, system.sandbox.twins.llm].reduce(
    (sum, twin) => sum + twin.kit.calls.summary().total,
    0,
  );
const dueDays = () => database.rows('select domain, due_at from companies order by domain');

test('what a CRM refused is written by a later run by itself, without reading the company again', async () => {
  const { salesforce } = system.sandbox.twins;
  salesforce.edit({
    operation: 'rule',
    ...RULE,
    field: 'Description',
    message: 'Describe the account first',
    at: null,
  });
  await runToEnd(app);
  const refused = await failed();
  assert.ok(refused.length > 5 && refused.every((one) => one === 'Account rejected'), refused.join(', '));
  const [bought, due] = [boughtCalls(), await dueDays()];
  assert.equal(await startScheduled(), null, 'at once it would be refused again');

  await passMinutes(16);
  const again = await startScheduled();
  assert.ok(again !== null);
  const { total } = await waitForRun(app, again.id);
  assert.equal(total, 1, 'the company whose fields were refused, and no other');
  assert.deepEqual(await failed(), refused, 'its last word is a refusal again');
  await passMinutes(16);
  assert.equal(await startScheduled(), null, 'what is refused twice is tried once a day');

  salesforce.edit({ operation: 'drop rule', ...RULE });
  await passMinutes(24 * 60);
  const mended = await startScheduled();
  assert.ok(mended !== null);
  await waitForRun(app, mended.id);

  assert.deepEqual(await failed(), []);
  assert.ok(Number(await scoreOfAlder()) > 0);
  assert.equal(boughtCalls(), bought, 'nothing was searched for, fetched or asked');
  assert.deepEqual(await dueDays(), due, 'the company is due when it was before');
  await passMinutes(24 * 60);
  assert.equal(await startScheduled(), null);
});
