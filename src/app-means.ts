import { openConnectors, rateOf } from './app-connectors.ts';
import type { Shared } from './app-connectors.ts';
import type { Config } from './config.ts';
import { openDatabase } from './db.ts';
import type { Database } from './db.ts';
import { createPeopleFirst } from './people-first.ts';
import type { StageDeps } from './pipeline/stages.ts';
import { createStages } from './pipeline/stages.ts';
import { createSharedBreaker } from './pipeline/store/breakers.ts';
import { createSharedLimits } from './pipeline/store/limits.ts';
import type { Means } from './pipeline/worker.ts';

// A worker's connections: transactions are short, and more of them than processors gain little. A batch never takes those of people
// who wait: six lookups at once, their answers in Slack, pitches, and pages where the web app runs in the same process.
const CONNECTIONS = { people: 8, batch: 12, withoutWorker: 5 };

type Databases = {
  /** For all that is neither. */
  db: Database;
  /** The same connections, for what people wait for: batch work steps aside. */
  forPeople: Database;
  forBatch: Database;
  /** The batch's connections, for what must not step aside. */
  forBatchAtOnce: Database;
};

/**
 * Opens the database: for people who wait, and once more for batch work where this process does any. Throws as openDatabase does;
 * `releasers` gets what closes what was opened.
 */
export async function openDatabases(
  url: string,
  options: { worker: boolean; onError: (error: Error) => void; releasers: (() => Promise<void>)[] },
): Promise<Databases> {
  const open = async (maxConnections: number): Promise<Database> => {
    const db = await openDatabase(url, { maxConnections, onError: options.onError });
    options.releasers.push(db.close);
    return db;
  };
  if (!options.worker) {
    const db = await open(CONNECTIONS.withoutWorker);
    return { db, forPeople: db, forBatch: db, forBatchAtOnce: db };
  }
  const [db, batchDb] = [await open(CONNECTIONS.people), await open(CONNECTIONS.batch)];
  const first = createPeopleFirst({ connections: CONNECTIONS.batch });
  return { db, forPeople: first.ofPeople(db), forBatch: first.ofBatch(batchDb), forBatchAtOnce: batchDb };
}

/** The limits and breakers that all workers share, asked through these connections. */
export function openShared(db: Database, config: Config): Shared {
  return {
    limits: createSharedLimits(db, (bucket) => rateOf(bucket, config)),
    breaker: createSharedBreaker(db),
  };
}

/** All that a company goes through its stages with, over these connections alone: pace and outages are asked for there, too. */
export function openMeans(
  { db, atOnce }: Pick<Means, 'db' | 'atOnce'>,
  config: Config,
  sheets: Pick<StageDeps, 'templates' | 'publicUrl'>,
): Means {
  const connectors = openConnectors(config, openShared(db, config));
  return { db, atOnce, ...connectors, stages: createStages({ db, ...connectors, ...sheets }) };
}
