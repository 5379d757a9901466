import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { readProgress, startRun } from '../../src/pipeline/runs.ts';
import { until } from '../e2e/faults/observe.ts';
import { connectAndSync, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';

// More than a worker has connections.
const BATCH = 24;
// Fewer than it has: whatever its share, a batch that waits for this many locks has more in line.
const STUCK = 10;

let system: System;
let admin: pg.Client;
// Within a transaction the server shows its activity as it was at the first look.
let holder: pg.Client;
before(async () => {
  system = await startSystem({ limit: 2 * BATCH, environment: { RUN_CONCURRENCY: String(BATCH) } });
  admin = new pg.Client({ connectionString: system.database.url });
  holder = new pg.Client({ connectionString: system.database.url });
  await Promise.all([admin.connect(), holder.connect()]);
});
after(async () => {
  await Promise.all([admin.end(), holder.end()]);
  await system.close();
});

test('a lookup is researched and scored while a batch holds all of its connections and has queued up searches for an hour', async () => {
  const app = await system.openApp({ worker: true });
  await connectAndSync(app);
  const { rows } = await admin.query<{ id: string }>('select id from companies order by domain');
  const [wanted, ...others] = rows.slice(0, BATCH + 1).map(({ id }) => id);
  assert.ok(wanted !== undefined && others.length === BATCH);
  const start = (kind: 'manual' | 'interactive', companyIds: string[]) =>
    startRun(app, { workspaceId: app.workspaceId, kind, model: app.modelName, companyIds });
  const batch = await start('manual', others);

  // No company of the batch gets on, and each waits in a transaction.
  await holder.query('begin');
  await holder.query('select from run_items where run_id = $1 for update', [batch.id]);
  await app.startWorker({ schedule: false });
  await until('the batch waits', async () => {
    const waiting = await admin.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return (waiting.rowCount ?? 0) >= STUCK;
  });
  await admin.query(
    `insert into limits as l (bucket, free_at) values ('tavily', now() + interval '1 hour')
     on conflict (bucket) do update set free_at = excluded.free_at`,
  );

  const lookup = await start('interactive', [wanted]);
  await until('the lookup is done', async () => {
    const { rows: found } = await admin.query<{ state: string }>('select state from runs where id = $1', [
      lookup.id,
    ]);
    return found[0]?.state === 'done';
  });
  const searched = await admin.query(
    `select from usage where company_id = $1 and provider = 'tavily' and ok`,
    [wanted],
  );
  assert.ok((searched.rowCount ?? 0) > 0, 'it went without searches');
  const { done, failed } = await readProgress(app.db, app.workspaceId, batch.id);
  assert.equal(done + failed, 0, 'the batch stood still meanwhile');
  await holder.query('rollback');
});

test('six people who ask in one moment have companies read and pitched by the LLM side by side, at its whole pace', async () => {
  // Twelve calls: ten seconds. At a tenth of the pace they would take two minutes.
  const paced = await startSystem({ limit: 12, llm: true, environment: { LLM_REQUESTS_PER_MINUTE: '60' } });
  try {
    const app = await paced.openApp({ worker: true });
    await connectAndSync(app);
    const domains = await app.db.inWorkspace(app.workspaceId, async (tx) => {
      const { rows } = await tx.query<{ domain: string }>(
        'select domain from companies order by domain limit 6',
      );
      return rows.map(({ domain }) => domain);
    });
    await app.startWorker({ schedule: false });
    const runs = await Promise.all(
      domains.map((domain) =>
        startRun(app, {
          workspaceId: app.workspaceId,
          kind: 'interactive',
          model: app.modelName,
          domains: [domain],
        }),
      ),
    );

    await until('all six are done', async () => {
      const progress = await Promise.all(runs.map(({ id }) => readProgress(app.db, app.workspaceId, id)));
      return progress.every(({ run }) => run.state === 'done');
    });
    const { rows } = await app.db.inWorkspace(app.workspaceId, (tx) =>
      tx.query<{ calls: number }>(
        `select count(*) as calls from usage where provider = 'llm' and ok and run_id = any($1)`,
        [runs.map(({ id }) => id)],
      ),
    );
    assert.ok((rows[0]?.calls ?? 0) >= 2 * runs.length, `${rows[0]?.calls} calls`);
  } finally {
    await paced.close();
  }
});
