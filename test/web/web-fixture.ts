import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { createPrinter } from '../../src/pipeline/6-pitch/pdf/print-sheet.ts';
import { createTemplateRenderer } from '../../src/pipeline/6-pitch/template-renderer.ts';
import { openQueue } from '../../src/pipeline/queue/queue.ts';
import type { Queue } from '../../src/pipeline/queue/queue.ts';
import { UserError } from '../../src/errors.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import type { Metrics } from '../../src/metrics.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import type { SignIn, WebDeps } from '../../src/web/deps.ts';
import { createWebServer } from '../../src/web/server.ts';
import type { WebServer } from '../../src/web/server.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';

export type TestWeb = {
  base: string;
  workspaceId: string;
  database: TestDatabase;
  queue: Queue;
  metrics: Metrics;
  server: WebServer;
  /** Every line that was logged, parsed. */
  logged: Record<string, unknown>[];
  close(): Promise<void>;
};

/** A web server on a port of its own over a database of its own and a real queue. */
export async function openWeb(
  options: Partial<
    Pick<
      WebDeps,
      | 'textModels'
      | 'checkProviders'
      | 'host'
      | 'publicUrl'
      | 'db'
      | 'workspaceId'
      | 'vault'
      | 'crmOf'
      | 'budget'
      | 'monthlyBudgetUsd'
      | 'trustProxy'
      | 'heartbeatMs'
    >
  > & { port?: number; signIn?: Omit<SignIn, 'workspaceId'> } = {},
): Promise<TestWeb> {
  const { port: wanted = 0, signIn, ...given } = options;
  const database = await createTestDatabase();
  const workspaceId = await ensureWorkspace(database.db);
  const queue = await openQueue({
    url: database.url,
    backend: 'postgres',
    onError: () => undefined,
    worker: false,
  });
  const logged: Record<string, unknown>[] = [];
  const log = createLog('debug', lineReader(logged));
  const metrics = createMetrics();
  const templates = createTemplateRenderer();
  const server = createWebServer({
    db: database.db,
    workspaceId,
    queue,
    log,
    metrics,
    budget: { isSpent: async () => false },
    monthlyBudgetUsd: null,
    modelName: 'gpu-infrastructure',
    textModels: [],
    crmOf: ({ kind }) => {
      throw new UserError(`${kind} is not configured`, 'Set what opens it.');
    },
    host: '127.0.0.1',
    publicUrl: 'http://127.0.0.1:3000',
    sellerName: 'Northwind Compute',
    printPitch: createPrinter(),
    templates,
    webhooks: { ownSecret: null, secretOf: () => null, crmOf: () => assert.fail('no CRM is connected') },
    vault: { requireSeal: () => assert.fail('nothing is sealed here') },
    signIn: signIn === undefined ? null : { ...signIn, workspaceId },
    ...given,
  });
  const { port } = await server.listen(wanted, '127.0.0.1');
  return {
    base: `http://127.0.0.1:${port}`,
    workspaceId,
    database,
    queue,
    metrics,
    server,
    logged,
    close: async () => {
      await server.close(1_000);
      await templates.close();
      await queue.stop();
      await database.close();
    },
  };
}

function lineReader(lines: Record<string, unknown>[]): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()));
      done();
    },
  });
}
