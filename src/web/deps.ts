import type { Database } from '../db.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Queue } from '../pipeline/queue/queue.ts';

/** One outside provider at the last look: does it answer, and if not, what did it say. */
export type ProviderCheck = { name: string; ok: boolean; detail: string };

export type WebDeps = {
  db: Database;
  workspaceId: string;
  queue: Queue;
  log: Log;
  metrics: Metrics;
  /** The address under which people reach the server. */
  publicUrl: string;
  /** The address that it binds to. Beyond loopback, pages refuse: there is no sign-in. */
  host: string;
  /** Asks every configured provider whether it answers; must not cost money. Asked at most once in 15 seconds. */
  checkProviders?(signal: AbortSignal): Promise<readonly ProviderCheck[]>;
};
