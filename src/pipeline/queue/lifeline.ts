import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';

/** The sign that a worker lives, for as long as it does. */
export type Lifeline = {
  /** Names the worker; whoever holds this number's lock lives. */
  worker: number;
  /** Ends the sign: the worker has nothing in hand any more. */
  release: () => Promise<void>;
};

// The first half of the advisory lock's key; any number does that nothing else takes in the same database.
export const LIFELINE = 7_305_302;

const LARGEST_INT = 2 ** 31 - 1;
const RECONNECT_MS = 100;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Takes an advisory lock on a session of its own. The server frees it in the moment in which the process ends, however it
 * ends: a killed worker is noticed within a second or two, not when its heartbeat (10 s at the least) is overdue. A lost
 * session is opened again at once.
 */
export async function holdLifeline(options: {
  url: string;
  onError: (error: unknown, what: string) => void;
}): Promise<Lifeline> {
  const worker = randomInt(1, LARGEST_INT);
  const released = new AbortController();
  let session: pg.Client | null = null;

  const connect = async (): Promise<void> => {
    const client = new pg.Client({
      connectionString: options.url,
      application_name: `fieldnote worker ${worker}`,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    });
    // What ended the session shows in 'end'; without a listener it would end the process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('select pg_advisory_lock($1, $2)', [LIFELINE, worker]);
      await client.query('insert into queue_workers (worker) values ($1) on conflict do nothing', [worker]);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    client.once('end', () => void reconnect());
    session = client;
    if (released.signal.aborted) await client.end();
  };
  const reconnect = async (): Promise<void> => {
    session = null;
    for (let told = false; !released.signal.aborted; told = true) {
      try {
        return await connect();
      } catch (error) {
        if (!told) options.onError(error, 'opening the lifeline again');
        await wait(RECONNECT_MS);
      }
    }
  };

  await connect();
  return {
    worker,
    release: async () => {
      released.abort();
      const client = session;
      if (client === null) return;
      // A row that stays behind is cleared by the other workers.
      await client
        .query('delete from queue_workers where worker = $1', [worker])
        .catch((error: unknown) => options.onError(error, 'signing off'));
      await client.end().catch((error: unknown) => options.onError(error, 'closing the lifeline'));
    },
  };
}
