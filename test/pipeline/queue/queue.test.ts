import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once, EventEmitter } from 'node:events';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { openQueue } from '../../../src/pipeline/queue/queue.ts';
import type { GotOn, Handlers } from '../../../src/pipeline/queue/handlers.ts';
import type { Queue } from '../../../src/pipeline/queue/queue.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { until } from '../../e2e/faults/observe.ts';

let here: TestDatabase;
let workspaceId: string;
const open: Queue[] = [];
const problems: string[] = [];

before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((queue) => queue.stop()));
  assert.deepEqual(problems.splice(0), []);
});
after(() => here.close());

const start = async (worker: boolean): Promise<Queue> => {
  const queue = await openQueue({
    url: here.url,
    backend: 'postgres',
    worker,
    onError: (error, what) => problems.push(`${what}: ${String(error)}`),
  });
  open.push(queue);
  return queue;
};

const idle: Handlers = {
  company: async () => 'done',
  companyNow: async () => 'done',
  sync: async () => 'done',
  catchUp: async () => 'done',
  flush: async () => 'done',
  pitch: async () => 'done',
  undo: async () => 'done',
  rehearsal: async () => 'done',
  dead: async () => undefined,
  tick: async () => undefined,
};
/** The next event by that name; fails where it does not come, so that the test ends by itself. */
const next = (events: EventEmitter, name: string): Promise<unknown[]> =>
  once(events, name, { signal: AbortSignal.timeout(60_000) });
const plenty = async (room: number): Promise<number> => room;
const jobs = (count: number) =>
  Array.from({ length: count }, () => ({ workspaceId, runId: randomUUID(), companyId: randomUUID() }));

test('every queued company is handled once and never more than the slots at a time', async () => {
  const queue = await start(true);
  const seen: string[] = [];
  const all = new EventEmitter();
  let busy = 0;
  let most = 0;
  const wanted = jobs(300);
  await here.db.inWorkspace(workspaceId, (tx) => queue.enqueueCompanies(tx, wanted));

  await queue.work(
    {
      ...idle,
      company: async (job) => {
        busy += 1;
        most = Math.max(most, busy);
        await new Promise((resolve) => setImmediate(resolve));
        busy -= 1;
        seen.push(job.companyId);
        if (seen.length === wanted.length) all.emit('done');
        return 'done';
      },
    },
    { concurrency: 7, admit: plenty, schedule: false },
  );
  if (seen.length < wanted.length) await next(all, 'done');

  assert.deepEqual(seen.toSorted(), wanted.map((job) => job.companyId).toSorted());
  assert.ok(most <= 7, `${most} at a time`);
});

test('work whose transaction rolls back was never queued', async () => {
  const queue = await start(false);
  const before = await queue.countJobs();

  await assert.rejects(
    here.db.inWorkspace(workspaceId, async (tx) => {
      await queue.enqueueCompanies(tx, jobs(3));
      throw new Error('changed my mind');
    }),
    /changed my mind/,
  );

  assert.deepEqual(await queue.countJobs(), before);
});

test('a postponed job comes back and a failing handler does not lose its job', async () => {
  const queue = await start(true);
  const times = new Map<string, number>();
  const all = new EventEmitter();
  const wanted = jobs(2);
  await here.db.inWorkspace(workspaceId, (tx) => queue.enqueueCompanies(tx, wanted));

  await queue.work(
    {
      ...idle,
      company: async (job) => {
        const tries = (times.get(job.companyId) ?? 0) + 1;
        times.set(job.companyId, tries);
        if (tries < 3) return { againInMs: 10 };
        if ([...times.values()].every((count) => count === 3)) all.emit('done');
        return 'done';
      },
    },
    { concurrency: 2, admit: plenty, schedule: false },
  );
  if (![...times.values()].every((count) => count === 3) || times.size < 2) await next(all, 'done');

  assert.deepEqual([...times.values()], [3, 3]);
});

test('who waits for an answer in Slack overtakes alerts, also on a second try while alerts hang', async () => {
  const queue = await start(true);
  const events = new EventEmitter();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const alerts = Array.from({ length: 6 }, () => ({ workspaceId, alertId: randomUUID() }));
  const answer = { workspaceId, replyId: randomUUID() };
  await here.db.inWorkspace(workspaceId, async (tx) => {
    for (const job of [...alerts, answer]) await queue.requestSlack(tx, job);
  });
  let tries = 0;
  let told = 0;
  let toldBefore = 0;
  const served = next(events, 'served');
  const all = next(events, 'all');
  await queue.work(
    {
      ...idle,
      slack: async (job) => {
        if ('alertId' in job) {
          await held;
          told += 1;
          if (told === alerts.length) events.emit('all');
          return 'done';
        }
        tries += 1;
        if (tries < 3) return { againInMs: 10 };
        toldBefore = told;
        events.emit('served');
        return 'done';
      },
    },
    { concurrency: 1, admit: plenty, schedule: false },
  );
  await served;
  assert.equal(toldBefore, 0);
  release();
  await all;
});

test('a person who waits is served while every batch slot is busy', async () => {
  const queue = await start(true);
  const events = new EventEmitter();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await here.db.inWorkspace(workspaceId, (tx) => queue.enqueueCompanies(tx, jobs(4)));
  await queue.work(
    {
      ...idle,
      company: async () => {
        events.emit('busy');
        await held;
        return 'done';
      },
      companyNow: async () => {
        events.emit('served');
        return 'done';
      },
    },
    { concurrency: 1, admit: plenty, schedule: false },
  );
  await next(events, 'busy');

  const served = next(events, 'served');
  await here.db.inWorkspace(workspaceId, (tx) => queue.enqueueCompanies(tx, jobs(1), { now: true }));
  await served;
  release();
});

test('nothing is taken up while a provider that all need is down', async () => {
  const queue = await start(true);
  const events = new EventEmitter();
  let allowed = 0;
  let asked = 0;
  let handled = 0;
  const wanted = jobs(3);
  await here.db.inWorkspace(workspaceId, (tx) => queue.enqueueCompanies(tx, wanted));
  await queue.work(
    {
      ...idle,
      company: async (job) => {
        // Earlier tests leave jobs behind.
        if (wanted.some((one) => one.companyId === job.companyId)) handled += 1;
        if (handled === 3) events.emit('done');
        return 'done';
      },
    },
    {
      concurrency: 5,
      schedule: false,
      admit: async () => {
        asked += 1;
        if (asked === 2) {
          assert.equal(handled, 0);
          allowed = 5;
        }
        return allowed;
      },
    },
  );
  await next(events, 'done');

  assert.equal(handled, 3);
});

test('many requests to flush one connection become one waiting job', async () => {
  const queue = await start(false);
  const connectionId = randomUUID();

  for (let time = 0; time < 20; time += 1)
    await here.db.inWorkspace(workspaceId, (tx) => queue.requestFlush(tx, { workspaceId, connectionId }));

  const client = await here.db.directory<{ waiting: number }>(
    `select count(*) as waiting from pgboss.job where name = 'flush' and singleton_key = $1`,
    [connectionId],
  );
  assert.equal(client.rows[0]?.waiting, 1);
});

test('a flush that only waits for something to be due comes at once when it is asked for; one that something stands in the way of waits', async () => {
  const queue = await start(true);
  const waits = randomUUID();
  const isHeldUp = randomUUID();
  const handled: string[] = [];
  const all = new EventEmitter();
  await queue.work(
    {
      ...idle,
      flush: async ({ connectionId }) => {
        if (connectionId !== waits && connectionId !== isHeldUp) return 'done';
        handled.push(connectionId);
        all.emit('handled');
        return { againInMs: 3_600_000, orWhenAsked: connectionId === waits };
      },
    },
    { concurrency: 1, admit: plenty, schedule: false },
  );
  const ask = async (): Promise<void> => {
    for (const connectionId of [isHeldUp, waits])
      await here.db.inWorkspace(workspaceId, (tx) => queue.requestFlush(tx, { workspaceId, connectionId }));
  };
  const putOff = async (): Promise<unknown[]> => {
    const { rows } = await here.db.directory<{ key: string }>(
      `select singleton_key as key from pgboss.job
       where name = 'flush' and state = 'created' and start_after > now() + interval '50 minutes' and singleton_key = any($1)`,
      [[waits, isHeldUp]],
    );
    return rows.map(({ key }) => key);
  };
  const bothPutOff = (): Promise<void> =>
    until('both are put off', async () => (await putOff()).length === 2, 20_000);
  await ask();
  await bothPutOff();
  const again = next(all, 'handled');
  await ask();
  await again;
  await bothPutOff();
  assert.deepEqual(handled.slice(2), [waits]);
});

test('what a dead worker had in hand is handled long before its heartbeat would be missed', async () => {
  const queue = await start(true);
  const dead = 4_711;
  const [job] = jobs(1);
  assert.ok(job);
  await here.db.inWorkspace(workspaceId, (tx) => queue.enqueueCompanies(tx, [job]));
  // As a killed process leaves it: active, marked, a moment old, and nobody holds the lock.
  await here.db.directory('insert into queue_workers (worker) values ($1)', [dead]);
  await here.db.directory(
    `update pgboss.job set state = 'active', started_on = now(), heartbeat_on = now(), output = jsonb_build_object('worker', $2::integer)
     where name = 'company' and data->>'companyId' = $1`,
    [job.companyId, dead],
  );
  const events = new EventEmitter();
  const began = performance.now();
  await queue.work(
    {
      ...idle,
      company: async ({ companyId }) => {
        if (companyId === job.companyId) events.emit('handled');
        return 'done';
      },
    },
    { concurrency: 2, admit: plenty, schedule: false },
  );
  await next(events, 'handled');

  assert.ok(performance.now() - began < 9_000);
  const left = await here.db.directory('select from queue_workers where worker = $1', [dead]);
  assert.equal(left.rowCount, 0);
});

test('a job that took its last worker with it is handed to whoever ends what it was for', async () => {
  const queue = await start(true);
  const dead = 4_712;
  const [job] = jobs(1);
  assert.ok(job);
  await here.db.inWorkspace(workspaceId, (tx) => queue.enqueueCompanies(tx, [job]));
  await here.db.directory('insert into queue_workers (worker) values ($1)', [dead]);
  await here.db.directory(
    `update pgboss.job set state = 'active', started_on = now(), heartbeat_on = now(), retry_count = retry_limit,
       output = jsonb_build_object('worker', $2::integer)
     where name = 'company' and data->>'companyId' = $1`,
    [job.companyId, dead],
  );
  const events = new EventEmitter();
  const buried = next(events, 'buried');
  await queue.work(
    {
      ...idle,
      company: async ({ companyId }) => {
        assert.notEqual(companyId, job.companyId, 'it takes no other worker with it');
        return 'done';
      },
      dead: async (letter) => void events.emit('buried', letter),
    },
    { concurrency: 2, admit: plenty, schedule: false },
  );

  assert.deepEqual(await buried, [job]);
});

test('a flush that dies with its worker while another one of the connection waits for its next try is not said to be given up', async () => {
  const queue = await start(true);
  const dead = 4_715;
  const job = { workspaceId, connectionId: randomUUID() };
  const ask = () => here.db.inWorkspace(workspaceId, (tx) => queue.requestFlush(tx, job));
  await ask();
  await here.db.directory(
    `update pgboss.job set state = 'retry', retry_count = 1, start_after = now() + interval '1 hour'
     where name = 'flush' and data->>'connectionId' = $1`,
    [job.connectionId],
  );
  await ask();
  await here.db.directory('insert into queue_workers (worker) values ($1)', [dead]);
  await here.db.directory(
    `update pgboss.job set state = 'active', started_on = now(), heartbeat_on = now(), output = jsonb_build_object('worker', $2::integer)
     where name = 'flush' and state = 'created' and data->>'connectionId' = $1`,
    [job.connectionId, dead],
  );
  const letters: unknown[] = [];
  await queue.work(
    { ...idle, dead: async (letter) => void letters.push(letter) },
    { concurrency: 2, admit: plenty, schedule: false },
  );
  const isSettled = async (): Promise<boolean> => {
    const { rows } = await here.db.directory(
      `select from pgboss.job where name = 'dead-letters' and state = 'completed' and data->>'connectionId' = $1`,
      [job.connectionId],
    );
    return rows.length > 0;
  };
  await until('the letter of the second flush is settled', isSettled);
  assert.deepEqual(letters, []);
});

for (const { what, request, handler } of [
  { what: 'flush', request: 'requestFlush', handler: 'flush' },
  { what: 'sync', request: 'requestSync', handler: 'sync' },
  { what: 'catch-up', request: 'requestCatchUp', handler: 'catchUp' },
] as const)
  test(`a ${what} that got on is not given up, however many workers were killed at it before`, async () => {
    const queue = await start(true);
    const job = { workspaceId, connectionId: randomUUID() };
    await here.db.inWorkspace(workspaceId, (tx) => queue[request](tx, job));
    // As a killed worker leaves it: active, marked, and nobody holds the lock.
    const die = async (worker: number, retries: string): Promise<void> => {
      await here.db.directory('insert into queue_workers (worker) values ($1)', [worker]);
      await here.db.directory(
        `update pgboss.job set state = 'active', started_on = now(), heartbeat_on = now(), retry_count = ${retries},
           output = jsonb_build_object('worker', $2::integer)
         where name = $3 and data->>'connectionId' = $1`,
        [job.connectionId, worker, what],
      );
    };
    await die(4_713, 'retry_limit - 1');
    const events = new EventEmitter();
    const ended = next(events, 'ended');
    let tries = 0;
    await queue.work(
      {
        ...idle,
        [handler]: async (_job: unknown, signal: AbortSignal, gotOn: GotOn) => {
          tries += 1;
          if (tries === 1) {
            gotOn();
            const limit = `select from pgboss.job where data->>'connectionId' = $1 and retry_limit > retry_count`;
            const mayTryAgain = async () =>
              (await here.db.directory(limit, [job.connectionId])).rows.length > 0;
            await until('its tries do not count', mayTryAgain);
            const lost = once(signal, 'abort');
            await die(4_714, 'retry_count');
            await lost;
            return 'done';
          }
          events.emit('ended');
          return 'done';
        },
        dead: async () => assert.fail('it was given up'),
      },
      { concurrency: 2, admit: plenty, schedule: false },
    );

    await ended;
  });

test('a worker that lost a job stops its handler and does not queue the job again', async () => {
  const queue = await start(true);
  const [job] = jobs(1);
  assert.ok(job);
  await here.db.inWorkspace(workspaceId, (tx) => queue.enqueueCompanies(tx, [job]));
  const events = new EventEmitter();
  let attempts = 0;
  let stopped = 0;
  await queue.work(
    {
      ...idle,
      company: async ({ companyId }, signal) => {
        if (companyId !== job.companyId) return 'done';
        attempts += 1;
        events.emit('attempt');
        if (attempts > 1) return 'done';
        await once(signal, 'abort');
        stopped += 1;
        events.emit('stopped');
        throw signal.reason;
      },
    },
    { concurrency: 2, admit: plenty, schedule: false },
  );
  if (attempts === 0) await next(events, 'attempt');
  const handedOver = next(events, 'stopped');
  await here.db.directory(
    `update pgboss.job set state = 'retry' where name = 'company' and data->>'companyId' = $1`,
    [job.companyId],
  );
  await handedOver;
  await queue.stop();
  const rows = await here.db.directory<{ state: string }>(
    `select state from pgboss.job where name = 'company' and data->>'companyId' = $1`,
    [job.companyId],
  );

  assert.deepEqual([attempts, stopped], [2, 1]);
  assert.deepEqual(
    rows.rows.map(({ state }) => state),
    ['completed'],
  );
});

test('a worker that started during another one’s flush takes the next flush up within seconds', async () => {
  const job = { workspaceId, connectionId: randomUUID() };
  const request = (queue: Queue) => here.db.inWorkspace(workspaceId, (tx) => queue.requestFlush(tx, job));
  const ended = new EventEmitter();
  const first = await start(true);
  await first.work(
    {
      ...idle,
      flush: async (_job, signal) => {
        await once(ended, 'flush', { signal });
        return 'done';
      },
    },
    { concurrency: 1, admit: plenty, schedule: false },
  );
  await request(first);
  // The queue's own statistics, from which each process learns what is active.
  const boss = new pg.Client({ connectionString: here.url });
  await boss.connect();
  const isNoted = async (): Promise<boolean> => {
    const { rows } = await boss.query(
      `select from pgboss.queue where name = 'flush' and $1 = any(singletons_active)`,
      [job.connectionId],
    );
    return rows.length > 0;
  };
  await until('the flush is noted as active', isNoted);
  await boss.end();

  const second = await start(true);
  ended.emit('flush');
  open.splice(open.indexOf(first), 1);
  await first.stop();
  const taken = new Promise<void>((resolve) => {
    void second.work(
      {
        ...idle,
        flush: async () => {
          resolve();
          return 'done';
        },
      },
      { concurrency: 1, admit: plenty, schedule: false },
    );
  });
  await request(second);

  const late = setTimeout(20_000, 'late', { ref: false });
  assert.notEqual(await Promise.race([taken, late]), 'late');
});
