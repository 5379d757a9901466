import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { App } from '../../src/app.ts';
import { startRun } from '../../src/pipeline/runs.ts';
import { listQuotas } from '../../src/pipeline/store/quotas.ts';
import { connectAndSync, startSystem, waitForRun } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { readCrms } from './faults/crm-writes.ts';
import { openRows, until } from './faults/observe.ts';
import { writeWorld } from './faults/world.ts';
import { dumpRecords, editTwin } from './twin-records.ts';

const COMPANIES = 24;
const SHARE = 0.8;
// What batch work may still do before it has used its share: a sync begins, a flush begins, neither ends.
const CALLS_LEFT = 3;
// Both workers have a sync and a flush of each connection at most, which may be on their way when the share is reached.
const IN_FLIGHT = 2;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let world: Awaited<ReturnType<typeof writeWorld>>;
before(async () => {
  world = await writeWorld(COMPANIES);
});
after(() => world.remove());

/** HubSpot's day ends at midnight: one that would end while the test runs is over before it. */
function leaveTimeToday({ hubspot }: System['sandbox']['twins']): void {
  if (DAY_MS - (Date.now() % DAY_MS) < HOUR_MS) hubspot.kit.clock.set(HOUR_MS);
}

/** What the CRMs count of the day, and where the share of it ends. */
async function limitDays(system: System): Promise<() => { used: number; stopAt: number }[]> {
  const { salesforce, hubspot } = system.sandbox.twins;
  const usedOf = [() => salesforce.dump().usage.used, () => hubspot.kit.calls.summary().total];
  const days = usedOf.map((used) => {
    const stopAt = used() + CALLS_LEFT;
    return { used, stopAt, limit: Math.floor(stopAt / SHARE) };
  });
  const [org, portal] = days;
  salesforce.setDailyLimit(org?.limit ?? 0);
  await editTwin(hubspot.url, { operation: 'configure', limits: { daily: portal?.limit } });
  return () => days.map(({ used, stopAt }) => ({ used: used(), stopAt }));
}

/** A rep changes one company in each CRM, for the next sync to find. */
async function changeRecords(system: System): Promise<void> {
  const { salesforce, hubspot } = system.sandbox.twins;
  const records = [...(await dumpRecords({ salesforce: salesforce.url, hubspot: hubspot.url })).values()];
  const first = (object: string): string => records.find((record) => record.object === object)?.id ?? '';
  await editTwin(salesforce.url, {
    as: 'rep:Nora',
    id: first('Account'),
    fields: { NumberOfEmployees: 4321 },
  });
  await editTwin(hubspot.url, {
    as: 'rep:Nora',
    object: 'companies',
    id: first('company'),
    properties: { numberofemployees: '4321' },
  });
}

function requestSyncs(app: App): Promise<void> {
  return app.db.inWorkspace(app.workspaceId, async (tx) => {
    for (const { id } of app.connections)
      await app.queue.requestSync(tx, { workspaceId: app.workspaceId, connectionId: id });
  });
}

test('batch work stops at its share of the day in all processes, and goes on by itself when the next day begins', async () => {
  const system = await startSystem({ worldFolder: world.folder });
  const database = await openRows(system);
  try {
    leaveTimeToday(system.sandbox.twins);
    const app = await system.openApp({ worker: false });
    await connectAndSync(app);
    await changeRecords(system);
    const days = await limitDays(system);
    const quiet = { LOG_LEVEL: 'silent' };
    const workers = [system.spawnWorker(quiet), system.spawnWorker(quiet)];
    await Promise.all(workers.map(({ ready }) => ready));

    const connections = app.connections.length;
    /** Sync and flush of each connection wait for their next look. */
    const allWait = async (): Promise<boolean> => {
      const [waiting] = await database.rows<{ jobs: number }>(
        `select count(*)::integer as jobs from pgboss.job
         where name in ('sync', 'flush') and state = 'created' and start_after > now() + interval '10 seconds'`,
      );
      return waiting?.jobs === 2 * connections;
    };
    /** As if so many minutes had passed: everything that waits for a time is kept in the database. */
    const passMinutes = async (minutes: number): Promise<void> => {
      await database.rows('update quotas set said_at = said_at - make_interval(mins => $1)', [minutes]);
      await database.rows(
        `update pgboss.job set start_after = start_after - make_interval(mins => $1)
         where name in ('sync', 'flush') and state = 'created'`,
        [minutes],
      );
    };

    const run = await startRun(app, { workspaceId: app.workspaceId, kind: 'manual', model: app.modelName });
    await requestSyncs(app);
    await until('sync and flush of both connections wait for the next look', allWait);
    const stopped = days();
    for (const { used, stopAt } of stopped) {
      assert.ok(used >= stopAt, `${used} of ${stopAt} calls: it stopped early`);
      assert.ok(used <= stopAt + IN_FLIGHT, `${used} calls, though batch work was to stop at ${stopAt}`);
    }
    const heard = await app.db.inWorkspace(app.workspaceId, listQuotas);
    assert.equal(heard.length, connections);
    for (const { used, limit } of heard) assert.ok(limit !== null && used >= SHARE * limit);

    // A worker that starts now, and jobs that come back before it is time to look, cost nothing.
    const late = system.spawnWorker(quiet);
    await late.ready;
    for (const { process } of workers.splice(0, 1)) process.kill('SIGKILL');
    await database.rows(`update pgboss.job set start_after = now() where name in ('sync', 'flush')`);
    await until('they are put off again', allWait);
    assert.deepEqual(days(), stopped);

    // A person is served from what is left.
    for (const connection of app.connections)
      await app.crmOf(connection).readCurrent(connection.kind === 'salesforce' ? 'Account' : 'company', [], {
        signal: AbortSignal.timeout(10_000),
        interactive: true,
      });

    // A quarter of an hour later one call of each connection looks, and finds the day as it was.
    await passMinutes(16);
    await until('they are put off again', allWait);
    for (const [index, { used }] of days().entries()) assert.equal(used - (stopped[index]?.used ?? 0), 1);

    for (const twin of [system.sandbox.twins.salesforce, system.sandbox.twins.hubspot])
      twin.kit.clock.set(DAY_MS + HOUR_MS);
    await passMinutes(16);
    const progress = await waitForRun(app, run.id, 120_000);
    const arrived = async (): Promise<boolean> => {
      const rows = await database.rows('select from records where employees = 4321');
      return rows.length === 2;
    };
    await until('both changes have arrived', arrived);

    assert.deepEqual([progress.done, progress.failed], [COMPANIES, 0]);
    const written = await database.rows<{ state: string; rows: number }>(
      'select state, count(*)::integer as rows from writes group by state',
    );
    assert.deepEqual(
      written.map(({ state }) => state),
      ['applied'],
    );
    const twice = (await readCrms(system)).filter(({ changes }) => {
      const ours = changes.filter(({ by }) => !by.startsWith('rep:') && by !== 'Nora');
      return new Set(ours.map(({ field }) => field)).size < ours.length;
    });
    assert.deepEqual(twice, []);
    const calls = [system.sandbox.twins.salesforce, system.sandbox.twins.hubspot].map((twin) =>
      twin.kit.calls.list(),
    );
    assert.equal(calls.flat().filter(({ status }) => status === 403 || status === 429).length, 0);
    console.log(JSON.stringify({ stopped, after: days(), writes: written }));
  } finally {
    await system.close();
    await database.close();
  }
});
