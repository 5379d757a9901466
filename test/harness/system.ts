import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';
import type { WebhookEvent } from '../../sandbox/hubspot/webhook-events.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { buildApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { readProgress, requestFlushes, startRun } from '../../src/pipeline/runs.ts';
import type { RunProgress, RunRequest } from '../../src/pipeline/runs.ts';
import { countOpenWrites } from '../../src/pipeline/store/writes.ts';
import { checkConnection } from '../../src/pipeline/open-connection.ts';
import { syncOnce } from '../../src/pipeline/sync-job.ts';
import { createTestDatabase } from './database.ts';
import type { TestDatabase } from './database.ts';

export type System = {
  sandbox: Sandbox;
  database: TestDatabase;
  environment: Record<string, string>;
  /** Builds an app on this system; stopped by `close` at the latest. */
  openApp(options: { worker: boolean; environment?: Record<string, string> }): Promise<App>;
  /** A worker in a process of its own, to be killed; `ready` resolves when it takes up work, never if it is killed before. */
  spawnWorker(environment?: Record<string, string>): { process: ChildProcess; ready: Promise<void> };
  close(): Promise<void>;
};

export const SHIPPED_WORLD = fileURLToPath(new URL('../../sandbox/world', import.meta.url));
// Halves what a worker needs to start (0.95 s of CPU).
const COMPILE_CACHE = fileURLToPath(new URL('../../.fieldnote/compile-cache', import.meta.url));
const TAKES_UP_WORK = 'Working on';
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Twins, database and environment of a whole Fieldnote, on loopback. */
export async function startSystem(
  options: {
    worldFolder?: string;
    limit?: number;
    llm?: boolean;
    environment?: Record<string, string>;
    onWebhookEvent?: (event: WebhookEvent) => void;
  } = {},
): Promise<System> {
  const database = await createTestDatabase();
  const sandbox = await startSandbox({
    worldFolder: options.worldFolder ?? SHIPPED_WORLD,
    stateFolder: null,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.onWebhookEvent === undefined ? {} : { onWebhookEvent: options.onWebhookEvent }),
  });
  const environment = {
    DATABASE_URL: database.url,
    ...sandbox.environment,
    ...(options.llm ? sandbox.llmEnvironment : {}),
    ...options.environment,
  };
  const apps: App[] = [];
  const workers: ChildProcess[] = [];
  return {
    sandbox,
    database,
    environment,
    openApp: async ({ worker, environment: more }) => {
      const config = readConfig({ ...environment, ...more });
      const app = await buildApp(config, createLog(more?.LOG_LEVEL ?? 'silent'), { worker });
      apps.push(app);
      return app;
    },
    spawnWorker: (more) => {
      const worker = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'worker'], {
        env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: COMPILE_CACHE, ...environment, ...more },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      workers.push(worker);
      const ready = new Promise<void>((resolve) => {
        worker.stderr.on('data', (chunk: Buffer) => {
          const text = chunk.toString();
          if (text.includes(TAKES_UP_WORK)) resolve();
          if (!/^(Working on|Stopping)/.test(text)) process.stderr.write(text);
        });
      });
      return { process: worker, ready };
    },
    close: async () => {
      for (const worker of workers) worker.kill('SIGKILL');
      await Promise.all(apps.map((app) => app.stop()));
      await sandbox.stop();
      await database.close();
      const { refused } = sandbox.twins.hubspot.requestCounts();
      if (refused > 0) throw new Error(`${refused} requests to HubSpot are not as its library types them`);
    },
  };
}

/** Makes the fields in both CRMs, checks the connections and syncs them, as a first day goes. */
export async function connectAndSync(app: App): Promise<void> {
  const signal = AbortSignal.timeout(120_000);
  for (const connection of app.connections) {
    await app.crmOf(connection).installFields({ signal });
    await checkConnection(app, connection, { signal });
  }
  await syncAll(app);
}

export async function syncAll(app: App): Promise<void> {
  for (const connection of app.connections)
    await syncOnce({ ...app, ...app.connectors, prices: app.config.prices }, connection, {
      full: false,
      signal: AbortSignal.timeout(120_000),
      onWait: () => undefined,
    });
}

const LOOK_EVERY_MS = 50;

/** Starts a run and waits until it is over and its writes are settled; some worker must be up. */
export async function runToEnd(app: App, request: Partial<RunRequest> = {}): Promise<RunProgress> {
  const run = await startRun(app, {
    workspaceId: app.workspaceId,
    kind: 'manual',
    model: app.modelName,
    ...request,
  });
  return waitForRun(app, run.id);
}

/**
 * Waits until a run is over and its writes are settled and read back. Fails when nothing of it got on for `standstillMs`: how long a
 * run takes is up to the machine and what else it does.
 */
export async function waitForRun(app: App, runId: string, standstillMs = 300_000): Promise<RunProgress> {
  let [standing, since] = ['', Date.now()];
  let asked = false;
  for (;;) {
    const progress = await readProgress(app.db, app.workspaceId, runId);
    const isOver = progress.run.state !== 'running';
    if (isOver && !asked) {
      await requestFlushes(app, app.workspaceId);
      asked = true;
    }
    const open = isOver ? await countOpen(app, runId) : null;
    if (open !== null && open.sendable === 0 && open.unread === 0) return progress;
    const { done, failed, cancelled, run } = progress;
    const now = JSON.stringify({ done, failed, cancelled, state: run.state, open });
    if (now !== standing) [standing, since] = [now, Date.now()];
    if (Date.now() > since + standstillMs)
      throw new Error(
        `the run stands still: ${JSON.stringify(progress)}, open writes ${JSON.stringify(open)}`,
      );
    await wait(LOOK_EVERY_MS);
  }
}

/** Its writes that are still to be sent, and those that were sent and not read back. */
function countOpen(app: App, runId: string): Promise<{ sendable: number; unread: number }> {
  return app.db.inWorkspace(app.workspaceId, async (tx) => {
    const { rows } = await tx.query<{ unread: number }>(
      `select count(*) as unread from writes where run_id = $1 and state = 'applied' and returned_value is null`,
      [runId],
    );
    return { ...(await countOpenWrites(tx, runId)), unread: rows[0]?.unread ?? 0 };
  });
}
