import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { buildApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { readProgress, requestFlushes, startRun } from '../../src/pipeline/runs.ts';
import type { RunCounts } from '../../src/pipeline/store/run-items.ts';
import { sumUsage } from '../../src/pipeline/store/usage.ts';
import type { UsageTotal } from '../../src/pipeline/store/usage.ts';
import { countOpenWrites } from '../../src/pipeline/store/writes.ts';
import { checkConnection } from '../../src/pipeline/open-connection.ts';
import { syncOnce } from '../../src/pipeline/sync-job.ts';
import { createBenchDatabase } from './database.ts';
import { startTwins, startWorkerProcess } from './processes.ts';
import type { TwinFaults, Twins } from './processes.ts';
import { writeWorld } from './world.ts';

export type Measured = {
  counts: RunCounts;
  /** From the run's start until every company is through all its stages, its writes planned. */
  seconds: number;
  /** … and until every planned write is settled in the CRMs. */
  writtenSeconds: number;
  peakMb: number;
  cpu: { worker: number; database: number; twins: number };
  usage: UsageTotal[];
  /** By the minute in which companies were done: how many, and the seconds that half of them and 95 % took at most. */
  minutes: { done: number; median: number; p95: number }[];
};

export type Pipeline = {
  app: App;
  twins: Twins;
  worldFolder: string;
  environment: Record<string, string>;
  databaseCpuSeconds(): Promise<number>;
  close(): Promise<void>;
};

// Looking costs the database, too; when the run ended is kept with it.
const LOOK_EVERY_MS = 1_000;
const LOOK_FOR_LAST_WRITES_MS = 200;
const SYNC_TIMEOUT_MS = 600_000;

/** World, twins, database and one synced workspace; everything but the worker. */
export async function openPipeline(options: {
  companies: number;
  environment?: Record<string, string>;
  llm: boolean;
}): Promise<Pipeline> {
  const folder = await mkdtemp(join(tmpdir(), 'fieldnote-bench-'));
  const worldFolder = join(folder, 'world');
  await writeWorld(worldFolder, { companies: options.companies });
  const database = await createBenchDatabase();
  const twins = await startTwins({ worldFolder });
  const environment = Object.fromEntries(
    Object.entries({
      FIELDNOTE_HOME: folder,
      DATABASE_URL: database.url,
      SEARCH_REQUESTS_PER_MINUTE: '6000000',
      LLM_REQUESTS_PER_MINUTE: '6000000',
      LLM_TOKENS_PER_MINUTE: '60000000000',
      ...twins.environment,
      ...options.environment,
    }).filter(([name]) => options.llm || !name.startsWith('LLM_')),
  );
  const app = await buildApp(readConfig(environment), createLog('error'), { worker: false });
  const signal = AbortSignal.timeout(SYNC_TIMEOUT_MS);
  for (const connection of app.connections) {
    await app.crmOf(connection).installFields({ signal });
    await checkConnection(app, connection, { signal });
    await syncOnce({ ...app, ...app.connectors, prices: app.config.prices }, connection, {
      full: false,
      signal,
    });
  }
  return {
    app,
    twins,
    worldFolder,
    environment,
    databaseCpuSeconds: database.cpuSeconds,
    close: async () => {
      await app.stop();
      await twins.stop();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One run over all companies in a fresh worker process, from start to the last settled write. */
export async function measureRun(
  pipeline: Pipeline,
  options: { faults?: TwinFaults; concurrency: number },
): Promise<Measured> {
  const { app, twins } = pipeline;
  const worker = startWorkerProcess({
    ...pipeline.environment,
    RUN_CONCURRENCY: String(options.concurrency),
    // Nothing but this run: no sync is due for a day.
    SYNC_INTERVAL_MINUTES: '1440',
    LOG_LEVEL: 'error',
  });
  try {
    // The worker's start-up is no part of the run: it is up when it answers and its queues are being watched.
    await worker.usage();
    await wait(3_000);
    await twins.setFaults(options.faults ?? {});
    const before = {
      worker: await worker.usage(),
      twins: await twins.usage(),
      database: await pipeline.databaseCpuSeconds(),
    };
    const began = performance.now();
    const run = await startRun(app, { workspaceId: app.workspaceId, kind: 'manual', model: app.modelName });
    let seconds = 0;
    let progress;
    for (;;) {
      progress = await readProgress(app.db, app.workspaceId, run.id);
      if (progress.run.state !== 'running') break;
      await wait(LOOK_EVERY_MS);
    }
    seconds = ((progress.run.finishedAt ?? new Date()).getTime() - progress.run.createdAt.getTime()) / 1000;
    await requestFlushes(app, app.workspaceId);
    for (;;) {
      const { sendable } = await app.db.inWorkspace(app.workspaceId, (tx) => countOpenWrites(tx, run.id));
      if (sendable === 0) break;
      await wait(LOOK_FOR_LAST_WRITES_MS);
    }
    const writtenSeconds = (performance.now() - began) / 1000;
    const after = {
      worker: await worker.usage(),
      twins: await twins.usage(),
      database: await pipeline.databaseCpuSeconds(),
    };
    return {
      counts: progress,
      seconds,
      writtenSeconds,
      peakMb: after.worker.peakMb,
      cpu: {
        worker: after.worker.cpuSeconds - before.worker.cpuSeconds,
        database: after.database - before.database,
        twins: after.twins.cpuSeconds - before.twins.cpuSeconds,
      },
      usage: await app.db.inWorkspace(app.workspaceId, (tx) =>
        sumUsage(tx, { since: progress.run.createdAt }),
      ),
      minutes: await readMinutes(app, run.id),
    };
  } finally {
    await worker.stop();
  }
}

async function readMinutes(app: App, runId: string): Promise<Measured['minutes']> {
  return app.db.inWorkspace(app.workspaceId, async (tx) => {
    const { rows } = await tx.query<Measured['minutes'][number]>(
      `select count(*)::int as done, percentile_disc(0.5) within group (order by took)::float as median,
         percentile_disc(0.95) within group (order by took)::float as p95
       from (
         select floor(extract(epoch from i.finished_at - r.created_at) / 60) as minute,
           extract(epoch from i.finished_at - i.started_at) as took
         from run_items i join runs r on r.id = i.run_id where i.run_id = $1
       ) each group by minute order by minute`,
      [runId],
    );
    return rows;
  });
}
