import { openConnectors, rateOf } from './app-connectors.ts';
import type { Shared } from './app-connectors.ts';
import type { Config } from './config.ts';
import { openDatabase } from './db.ts';
import type { Database } from './db.ts';
import type { StageDeps } from './pipeline/stages.ts';
import { createStages } from './pipeline/stages.ts';
import { createSharedBreaker } from './pipeline/store/breakers.ts';
import { createSharedLimits } from './pipeline/store/limits.ts';
import type { Means } from './pipeline/worker.ts';

// A worker's connections: transactions are short, and more of them than processors gain little. A batch never takes those of people
// who wait: six lookups at once, their answers in Slack, pitches, and pages where the web app runs in the same process.
const CONNECTIONS = { people: 8, batch: 12, withoutWorker: 5 };

/**
 * Opens the database: for people who wait, and once more for batch work where this process does any. Throws as openDatabase does;
 * `releasers` gets what closes what was opened.
 */
export async function openDatabases(
  url: string,
  options: { worker: boolean; onError: (error: Error) => void; releasers: (() => Promise<void>)[] },
): Promise<{ db: Database; batchDb: Database }> {
  const open = async (maxConnections: number): Promise<Database> => {
    const db = await openDatabase(url, { maxConnections, onError: options.onError });
    options.releasers.push(db.close);
    return db;
  };
  if (options.worker) return { db: await open(CONNECTIONS.people), batchDb: await open(CONNECTIONS.batch) };
  const db = await open(CONNECTIONS.withoutWorker);
  return { db, batchDb: db };
}

/** The limits and breakers that all workers share, asked through these connections. */
export function openShared(db: Database, config: Config): Shared {
  return {
    limits: createSharedLimits(db, (bucket) => rateOf(bucket, config)),
    breaker: createSharedBreaker(db),
  };
}

/** All that a company goes through its stages with, over these connections alone: `shared` asks for pace and outages there, too. */
export function openMeans(
  db: Database,
  shared: Shared,
  config: Config,
  sheets: Pick<StageDeps, 'templates' | 'publicUrl'>,
): Means {
  const connectors = openConnectors(config, shared);
  return { db, ...connectors, stages: createStages({ db, ...connectors, ...sheets }) };
}
