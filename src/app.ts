import { demandsOf, neededProviders } from './app-connectors.ts';
import { openCrms, openSecrets } from './app-crms.ts';
import { openDatabases, openMeans, openShared } from './app-means.ts';
import { rememberModels } from './app-models.ts';
import { openSchemaGuard } from './app-schema.ts';
import { openSlack } from './app-slack.ts';
import { chooseWorkspace } from './app-workspace.ts';
import type { Slack } from './app-slack.ts';
import { requirePublicUrl } from './config.ts';
import type { Config } from './config.ts';
import type { Crm } from './connectors/crm.ts';
import type { Database } from './db.ts';
import { openEmbeddedDatabase } from './embedded/database.ts';
import { describeError } from './errors.ts';
import type { UserError } from './errors.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import { migrate } from './migrate.ts';
import { createBudget } from './pipeline/budget.ts';
import type { Budget } from './pipeline/budget.ts';
import { listModels } from './pipeline/6-pitch/choose-model.ts';
import { createPrinter, type Printer } from './pipeline/6-pitch/pdf/print-sheet.ts';
import { createTemplateRenderer, type TemplateRenderer } from './pipeline/6-pitch/template-renderer.ts';
import { startFollowing } from './pipeline/follow-changes.ts';
import { whyClosed } from './pipeline/open-connection.ts';
import type { CompanyJob } from './pipeline/queue/jobs.ts';
import { openQueue } from './pipeline/queue/queue.ts';
import type { Queue } from './pipeline/queue/queue.ts';
import type { ScoringModel } from './pipeline/scoring-model.ts';
import type { ConnectionSettings } from './pipeline/store/connection-settings.ts';
import { DEFAULT_CONNECTION, ensureConnection, listConnections } from './pipeline/store/connections.ts';
import type { Connection } from './pipeline/store/connections.ts';
import { createSharedQuota } from './pipeline/store/quotas.ts';
import { DEFAULT_WORKSPACE, ensureWorkspace } from './pipeline/store/workspaces.ts';
import { createVault } from './pipeline/vault.ts';
import type { Vault } from './pipeline/vault.ts';
import { startWorker } from './pipeline/worker.ts';
import type { Means } from './pipeline/worker.ts';
import { createSeal } from './seal.ts';
import type { Webhooks } from './web/deps.ts';

export type App = {
  config: Config;
  log: Log;
  db: Database;
  queue: Queue;
  metrics: Metrics;
  budget: Budget;
  workspaceId: string;
  /** It was made for this command, and has nothing in it yet. */
  isNewWorkspace: boolean;
  /** The workspace that the environment's credentials belong to. */
  homeWorkspaceId: string;
  /** The workspace's connections whose credentials this process has. */
  connections: readonly Connection[];
  /** Those with stored credentials that do not open here, and why. */
  closed: readonly { connection: Connection; why: UserError }[];
  vault: Vault;
  /** What people wait for is done with it, and all that is no batch work. */
  connectors: Means;
  /** What batch work has for itself, so that nobody who waits stands in its lines; in a process without a worker the same as everybody's. */
  batch: Means;
  /** The CRM behind a connection; `trial`: under settings that are not stored. */
  crmOf(connection: Connection, trial?: ConnectionSettings): Crm;
  /** What it takes to hear what CRMs tell us. */
  webhooks: Webhooks;
  /** Null: Slack is not configured. */
  slack: Slack | null;
  /** The name of the company that sells, for what is printed; null: nobody said. */
  sellerName: string | null;
  printPitch: Printer;
  templates: TemplateRenderer;
  /** The shipped scoring model's name. */
  modelName: string;
  loadModel(name: string): Promise<ScoringModel>;
  /** Starts handling jobs; `schedule` adds the minute tick that syncs and enriches what is due. */
  startWorker(options: {
    schedule: boolean;
    /** Companies of batches in flight; RUN_CONCURRENCY unless told. People who wait have slots of their own. */
    concurrency?: number;
    /** How often it is looked whether a newer version changed the schema, in milliseconds; 15,000 unless told. */
    schemaEveryMs?: number;
    onStage?: (job: CompanyJob, stage: string) => void;
  }): Promise<void>;
  onError(error: unknown, what: string): void;
  stop(): Promise<void>;
};

const SHIPPED_MODEL = 'gpu-infrastructure';
/** The database's address: the configured server's, or that of the embedded one, started if need be. */
export async function openServer(config: Config): Promise<{ url: string; release(): Promise<void> }> {
  return config.databaseUrl === null
    ? openEmbeddedDatabase(config.home)
    : { url: config.databaseUrl, release: async () => undefined };
}

export type AppOptions = {
  /** True where jobs are handled. */
  worker: boolean;
  /** The workspace to act on; the environment's unless told. */
  workspace?: string;
  /** Make that workspace if there is none of its name. */
  makeWorkspace?: boolean;
  /** The workspace that the environment's credentials belong to; `default` unless told. */
  homeWorkspace?: string;
  /** Do not make the connections that the environment names. */
  ignoreEnvironment?: boolean;
};

/** Builds everything once: database, queue, connectors, stages. Throws UserError for what a person can fix. */
export async function buildApp(config: Config, log: Log, options: AppOptions): Promise<App> {
  const releasers: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const release of releasers.splice(0).toReversed()) await release();
  };
  const onError = (error: unknown, what: string): void =>
    log.error({ err: error }, `${what}: ${describeError(error)}`);
  try {
    if (options.worker) requirePublicUrl(config);
    const server = await openServer(config);
    releasers.push(server.release);
    await migrate(server.url, { onProgress: (what) => log.info(`database: ${what}`) });
    const { db, forPeople, forBatch, forBatchAtOnce } = await openDatabases(server.url, {
      worker: options.worker,
      onError: (error) => onError(error, 'database'),
      releasers,
    });
    const schema = await openSchemaGuard(db, log);
    const homeWorkspaceId = await ensureWorkspace(db, options.homeWorkspace ?? DEFAULT_WORKSPACE);
    const { id: workspaceId, made: isNewWorkspace } = await chooseWorkspace(db, options, homeWorkspaceId);
    const loadModel = rememberModels();
    await loadModel(SHIPPED_MODEL);
    const shared = {
      ...openShared(db, config),
      quotaOf: ({ account }: Connection) => createSharedQuota(db, account),
    };
    const { secretKey, previousSecretKey } = config;
    const vault = createVault({
      db,
      seal: secretKey === null ? null : createSeal(secretKey, previousSecretKey),
    });
    const crms = { config, shared, vault, homeWorkspaceId };
    const crmOf = openCrms(crms);
    const webhooks = { ownSecret: config.hubspotClientSecret, secretOf: openSecrets(crms), crmOf };
    const templates = createTemplateRenderer();
    releasers.push(templates.close);
    const sheets = { templates, publicUrl: config.publicUrl };
    const own = openMeans({ db: forPeople, atOnce: forPeople }, config, sheets);
    const batch = options.worker ? openMeans({ db: forBatch, atOnce: forBatchAtOnce }, config, sheets) : own;
    await db.inWorkspace(homeWorkspaceId, async (tx) => {
      for (const kind of ['salesforce', 'hubspot'] as const)
        if (config[kind] !== null && !options.ignoreEnvironment)
          await ensureConnection(tx, homeWorkspaceId, kind, DEFAULT_CONNECTION);
    });
    const known = await db.inWorkspace(workspaceId, listConnections);
    const judged = known.map((connection) => ({ connection, why: whyClosed({ crmOf }, connection) }));
    const connections = judged.flatMap(({ connection, why }) => (why === null ? connection : []));
    const closed = judged.flatMap(({ connection, why }) =>
      why === null || connection.credentials === null ? [] : { connection, why },
    );
    const queue = await openQueue({
      url: server.url,
      backend: config.databaseBackend,
      worker: options.worker,
      onError,
    });
    releasers.push(queue.stop);

    const metrics = createMetrics();
    const budget = createBudget(db, config.monthlyBudgetUsd, (text) => log.warn(text));
    const printPitch = createPrinter();
    const slack = openSlack({
      config,
      log,
      db: forPeople,
      queue,
      budget,
      crmOf,
      homeWorkspaceId,
      modelName: SHIPPED_MODEL,
      textModels: listModels(own.textModel),
      printPitch,
      onError,
    });
    return {
      config,
      log,
      db,
      queue,
      metrics,
      budget,
      workspaceId,
      isNewWorkspace,
      homeWorkspaceId,
      connections,
      closed,
      vault,
      connectors: own,
      batch,
      crmOf,
      webhooks,
      slack,
      sellerName: config.sellerName,
      printPitch,
      templates,
      modelName: SHIPPED_MODEL,
      loadModel,
      onError,
      startWorker: async (worker) => {
        await startWorker({
          concurrency: config.runConcurrency,
          ...worker,
          ...own,
          observer: metrics,
          budget,
          monthlyBudgetUsd: config.monthlyBudgetUsd,
          templates,
          queue,
          batch,
          crmOf,
          loadModel,
          modelName: SHIPPED_MODEL,
          prices: config.prices,
          syncIntervalMinutes: config.syncIntervalMinutes,
          neededProviders: neededProviders(config),
          demands: demandsOf(config),
          ...(slack === null ? {} : { tellSlack: slack.tell }),
          onError,
        });
        // A command works one run off, and is over soon.
        if (worker.schedule) releasers.push(schema.guard(queue, worker.schemaEveryMs).stop);
        if (!worker.schedule || config.salesforceChangeEvents === 'polling') return;
        const deps = { db, queue, crmOf, prices: config.prices, observer: metrics, onError };
        releasers.push(startFollowing(deps).stop);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
