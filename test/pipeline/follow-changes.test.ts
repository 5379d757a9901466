import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { App } from '../../src/app.ts';
import { checkConnections } from '../../src/cli/doctor-connections.ts';
import type { Database } from '../../src/db.ts';
import { startFollowing } from '../../src/pipeline/follow-changes.ts';
import type { Following } from '../../src/pipeline/follow-changes.ts';
import { listStreams } from '../../src/pipeline/store/change-streams.ts';
import type { ChangeStream } from '../../src/pipeline/store/change-streams.ts';
import { findConnection } from '../../src/pipeline/store/connections.ts';
import type { Connection } from '../../src/pipeline/store/connections.ts';
import { countHints } from '../../src/pipeline/store/record-hints.ts';
import type { SalesforceTwin } from '../../sandbox/salesforce/twin.ts';
import { until as waitUntil } from '../e2e/faults/observe.ts';
import { connectAndSync, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';

// Nothing but the CRMs: what is told must not start research here.
const ENVIRONMENT = { TAVILY_API_KEY: '', LLM_BASE_URL: '', SALESFORCE_CHANGE_EVENTS: 'cometd' };
const TIMING = { holdMs: 1_500, renewMs: 300, lookMs: 50 };

let system: System;
let app: App;
let twin: SalesforceTwin;
let ids: string[];

before(async () => {
  system = await startSystem({ limit: 20, environment: ENVIRONMENT });
  app = await system.openApp({ worker: true });
  twin = system.sandbox.twins.salesforce;
  await connectAndSync(app);
  // Syncs and catch-ups are handled; nothing is due by itself.
  await app.startWorker({ schedule: false });
  ids = twin.dump().records.flatMap(({ object, id }) => (object === 'Account' ? id : []));
});
after(() => system.close());

const followers: Following[] = [];
const troubles: string[] = [];
beforeEach(() => {
  troubles.length = 0;
});

function follow(over: { db?: Database } = {}): Following {
  const following = startFollowing({
    db: app.db,
    queue: app.queue,
    crmOf: app.crmOf,
    prices: app.config.prices,
    onError: (_error, what) => troubles.push(what),
    timing: TIMING,
    ...over,
  });
  followers.push(following);
  return following;
}
after(() => Promise.all(followers.map((following) => following.stop())));

/** Who waits for events at the org now: a goodbye that came too late leaves a client there for a while, which does not. */
const listening = (): number => twin.listeners().filter(({ waiting }) => waiting).length;

const handshakes = (): number => twin.kit.calls.summary().byOperation['cometd handshake']?.calls ?? 0;

const until = (holds: () => boolean | Promise<boolean>): Promise<void> => waitUntil(String(holds), holds);

const salesforce = (): Connection => {
  const found = app.connections.find(({ kind }) => kind === 'salesforce');
  assert.ok(found !== undefined);
  return found;
};
const connection = async (): Promise<Connection> => {
  const found = await app.db.inWorkspace(app.workspaceId, (tx) => findConnection(tx, salesforce().id));
  assert.ok(found !== null);
  return found;
};
const stream = async (): Promise<ChangeStream | undefined> =>
  (await app.db.inWorkspace(app.workspaceId, listStreams))[0];
const isFollowing = async (): Promise<boolean> => (await stream())?.followingSince instanceof Date;
const hints = (): Promise<number> =>
  app.db.inWorkspace(app.workspaceId, (tx) => countHints(tx, salesforce().id));
const count = async (text: string, values: unknown[]): Promise<number> => {
  const { rows } = await app.db.inWorkspace(app.workspaceId, (tx) => tx.query<{ n: number }>(text, values));
  return rows[0]?.n ?? 0;
};
const jobsOpen = (queue: string): Promise<number> =>
  count(
    `select count(*) as n from pgboss.job where name = $1 and state in ('created', 'retry', 'active') and data->>'connectionId' = $2`,
    [queue, salesforce().id],
  );
const industryOf = async (id: string): Promise<string | null> => {
  const { rows } = await app.db.inWorkspace(app.workspaceId, (tx) =>
    tx.query<{ industry: string | null }>('select industry from records where external_id = $1', [id]),
  );
  return rows[0]?.industry ?? null;
};
/** The first events of a stream that starts anew ask for a sync; it is over when nothing of it is left. */
const settled = async (): Promise<void> => {
  await until(isFollowing);
  await until(async () => (await jobsOpen('sync')) === 0 && (await jobsOpen('catch-up')) === 0);
};
const other = async (id: string): Promise<string> =>
  (await industryOf(id)) === 'Technology' ? 'Manufacturing' : 'Technology';
const rename = (id: string, Industry: string): void => {
  twin.edit({ as: 'rep:Nora', id, fields: { Industry } });
};
/** Listens until everything that was changed has arrived, so that each object has a position. */
async function position(): Promise<Record<string, number>> {
  const { rows } = await app.db.inWorkspace(app.workspaceId, (tx) =>
    tx.query<{ position: Record<string, number> }>('select position from change_streams'),
  );
  return rows[0]?.position ?? {};
}
const changeOneOfEach = async (): Promise<void> => {
  const { records } = twin.dump();
  for (const object of ['Lead', 'Contact'] as const) {
    const id =
      records.find(
        (record) => record.object === object && !record.deleted && record.values.IsConverted !== true,
      )?.id ?? '';
    twin.edit({ as: 'rep:Nora', id, fields: { Title: `Chief of ${Math.random()}` } });
  }
  const [id = ''] = ids;
  rename(id, await other(id));
  await until(async () => Object.keys(await position()).length === 3);
};

test('a change in the org is a row here within moments, and no sync was needed', async () => {
  const following = follow();
  await settled();
  await changeOneOfEach();
  await settled();
  const { syncedAt } = await connection();
  const [, id = ''] = ids;
  const wanted = await other(id);
  rename(id, wanted);
  await until(async () => (await industryOf(id)) === wanted);
  assert.deepEqual((await connection()).syncedAt, syncedAt);
  assert.equal(await hints(), 0);
  await following.stop();
  assert.equal((await stream())?.held, false);
  await until(() => listening() === 0);
});

test('what we write ourselves, and what we do not read, makes no work at all', async () => {
  const following = follow();
  await settled();
  const before = await position();
  const jobs = await count('select count(*) as n from pgboss.job where name = $1', ['catch-up']);
  const [, , id = ''] = ids;
  const crm = app.crmOf(salesforce());
  const write = { object: 'Account' as const, externalId: id, fields: { score: 66 }, unmodifiedSince: null };
  await crm.writeRecords([write], { signal: AbortSignal.timeout(10_000) });
  twin.edit({ as: 'rep:Nora', id, fields: { Phone: '+49 30 1234' } });
  twin.edit({ as: 'rep:Nora', id, fields: { Fieldnote_Pitch__c: 'Mine' } });
  // Four numbers on: three events, each at least one after the other.
  await until(async () => ((await position()).Account ?? 0) >= (before.Account ?? 0) + 3);
  assert.equal(await count('select count(*) as n from pgboss.job where name = $1', ['catch-up']), jobs);
  assert.equal(await hints(), 0);
  await following.stop();
});

test('of two workers one listens, and the other goes on where the first one stopped', async () => {
  const first = follow();
  await settled();
  const sessions = handshakes();
  const second = follow();
  // Longer than a hold that nobody renews would last.
  await wait(TIMING.holdMs * 1.5);
  assert.equal(handshakes(), sessions, 'the other one opens no session of its own');
  await first.stop();
  const [, , , id = ''] = ids;
  const wanted = await other(id);
  rename(id, wanted);
  await until(async () => (await industryOf(id)) === wanted);
  assert.equal(handshakes(), sessions + 1);
  await second.stop();
});

test('a worker that dies before it stores what it heard, or between that and its place, loses nothing', async () => {
  // As a kill: from some transaction on, nothing of it reaches the database any more.
  const dying = (after: number): { db: Database; dead: Promise<void> } => {
    let stored = 0;
    let die = (): void => undefined;
    const dead = new Promise<void>((resolve) => {
      die = resolve;
    });
    const inWorkspace: Database['inWorkspace'] = (workspaceId, act) =>
      app.db.inWorkspace(workspaceId, (tx) =>
        act({
          ...tx,
          query: (text, values) => {
            if (/record_hints|set position/.test(text)) {
              if (stored >= after) {
                die();
                return Promise.reject(new Error('killed'));
              }
              if (/insert into record_hints/.test(text)) stored += 1;
            }
            return tx.query(text, values);
          },
        }),
      );
    return { db: { ...app.db, inWorkspace }, dead };
  };
  for (const after of [0, 1]) {
    const { db, dead } = dying(after);
    const victim = follow({ db });
    await until(isFollowing);
    const [, , , , id = ''] = ids;
    const wanted = await other(id);
    rename(id, wanted);
    await dead;
    await victim.stop();
    const { syncedAt } = await connection();
    const heir = follow();
    await until(async () => (await industryOf(id)) === wanted);
    assert.deepEqual((await connection()).syncedAt, syncedAt, 'not by a sync');
    await heir.stop();
  }
});

test('a login that runs out in the middle is renewed, and nothing is missed', async () => {
  const following = follow();
  await settled();
  const { syncedAt } = await connection();
  twin.expireTokens();
  const [, , , , , id = ''] = ids;
  const wanted = await other(id);
  rename(id, wanted);
  await until(async () => (await industryOf(id)) === wanted);
  assert.deepEqual((await connection()).syncedAt, syncedAt);
  assert.deepEqual(troubles, []);
  await following.stop();
});

test('a place that the org keeps no longer leads to a sync, and a new start', async () => {
  await app.db.inWorkspace(app.workspaceId, (tx) =>
    tx.query(`update change_streams set position = '{"Account": 7}'`),
  );
  const { syncedAt } = await connection();
  const [, , , , , , id = ''] = ids;
  const wanted = await other(id);
  // Nobody listens meanwhile, and no event of it comes again.
  rename(id, wanted);
  const following = follow();
  await until(async () => (await industryOf(id)) === wanted);
  await until(async () => (await connection()).syncedAt?.getTime() !== syncedAt?.getTime());
  await settled();
  assert.equal((await position()).Account, undefined);
  await changeOneOfEach();
  await following.stop();
});

test('while the org is down it is said and shown, and afterwards everything arrives', async () => {
  await settledPlaces();
  twin.kit.faults.set({ only: ['/cometd'], down: true });
  const following = follow();
  await until(async () => ((await stream())?.because ?? null) !== null);
  assert.equal(await isFollowing(), false);
  assert.equal(troubles.length, 1);
  const [finding] = (await checkConnections(app.config, system.database.url)).filter(
    ({ name }) => name === 'salesforce',
  );
  assert.match(finding?.detail ?? '', /its change events are not listened to: salesforce change events/);
  const { syncedAt } = await connection();
  const [, , , , , , , id = ''] = ids;
  const wanted = await other(id);
  rename(id, wanted);
  twin.kit.faults.set({});
  await until(async () => (await industryOf(id)) === wanted);
  assert.deepEqual((await connection()).syncedAt, syncedAt);
  assert.equal((await stream())?.because, null);
  assert.equal(troubles.length, 1, 'said once');
  await following.stop();
});

async function settledPlaces(): Promise<void> {
  const following = follow();
  await settled();
  await changeOneOfEach();
  await settled();
  await following.stop();
}

test('a paused connection is left alone, and taken up again', async () => {
  const following = follow();
  await until(isFollowing);
  const setStatus = (status: string): Promise<unknown> =>
    app.db.inWorkspace(app.workspaceId, (tx) =>
      tx.query('update connections set status = $2 where id = $1', [salesforce().id, status]),
    );
  await setStatus('paused');
  await until(() => listening() === 0);
  await until(async () => !(await isFollowing()));
  await setStatus('active');
  await until(isFollowing);
  await following.stop();
});

test('a worker process listens, is killed without harm, and another ends by itself when it is told to', async () => {
  const killed = system.spawnWorker({ SYNC_INTERVAL_MINUTES: '600' });
  await until(isFollowing);
  const [, , , , , , , , id = ''] = ids;
  const wanted = await other(id);
  rename(id, wanted);
  killed.process.kill('SIGKILL');
  await once(killed.process, 'exit');
  // Time passes: nobody renews the hold of the dead.
  await app.db.inWorkspace(app.workspaceId, (tx) => tx.query('update change_streams set held_until = now()'));
  const stopped = system.spawnWorker({ SYNC_INTERVAL_MINUTES: '600' });
  await until(async () => (await industryOf(id)) === wanted);
  await until(isFollowing);
  stopped.process.kill('SIGTERM');
  const [code] = await once(stopped.process, 'exit');
  assert.equal(code, 0);
  assert.equal((await stream())?.held, false);
});
