import { createHash } from 'node:crypto';
import pg from 'pg';
import { ProviderError, UserError, describeError } from './errors.ts';

/** Runs SQL inside one transaction of one workspace. */
export type Tx = {
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<Row>>;
  /** For COPY streams, which need the connection itself. */
  client: pg.PoolClient;
};

export type Database = {
  /** One transaction that sees the rows of one workspace alone. Rolled back when `act` throws. */
  inWorkspace<T>(workspaceId: string, act: (tx: Tx) => Promise<T>): Promise<T>;
  /** One transaction on the tables that come before the tenant is known: workspaces, limits, breakers. */
  inDirectory<T>(act: (tx: Tx) => Promise<T>): Promise<T>;
  /** One statement on those tables, in one round trip. */
  directory<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<Row>>;
  ping(): Promise<void>;
  close(): Promise<void>;
};

/** The role that the app acts as where the server let us make one (migrate.ts). */
export const APP_ROLE = 'fieldnote_app';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
// A statement of ours that runs longer than this is stuck behind a lock or a mistake.
const STATEMENT_TIMEOUT_MS = 60_000;

// bigint (counts, ids) and numeric (scores, dollars) arrive as text by default; ours all fit a double. Dates stay text: a
// Date would shift by the time zone.
pg.types.setTypeParser(20, Number);
pg.types.setTypeParser(1700, Number);
pg.types.setTypeParser(1082, (text) => text);

/**
 * Opens the pool and refuses a role that row-level security does not bind. Throws UserError when the database can't be
 * reached or the role bypasses it.
 */
export async function openDatabase(
  url: string,
  options: { maxConnections?: number; onError?: (error: Error) => void } = {},
): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.maxConnections ?? 20,
    connectionTimeoutMillis: 15_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'fieldnote',
  });
  // Without a listener an idle connection that the server closes ends the process.
  let closing = false;
  pool.on('error', (error) => {
    // What the server says to a connection that is on its way out concerns nobody.
    if (!closing) options.onError?.(error);
  });
  // The pool listens only while a connection is idle; one that breaks in use tells the query that waits for it as well.
  pool.on('connect', (client) => client.on('error', () => undefined));
  let role: string | null;
  try {
    role = await chooseRole(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const assume = role === null ? '' : `set local role ${role};`;

  const transact = async <T>(setting: string, act: (tx: Tx) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query(`begin; ${assume} ${setting}`);
      const result = await act({ query: (text, values) => client.query(prepare(text, values)), client });
      await client.query('commit');
      return result;
    } catch (error) {
      // A connection that can't roll back must not go back to the pool with a tenant set on it.
      await client.query('rollback').catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error(String(failure));
      });
      throw error;
    } finally {
      client.release(broken);
    }
  };

  return {
    inWorkspace: (workspaceId, act) => {
      if (!UUID.test(workspaceId)) return Promise.reject(new Error(`${workspaceId} is no workspace id`));
      return transact(`select set_config('app.workspace_id', '${workspaceId}', true)`, act);
    },
    inDirectory: (act) => transact('', act),
    directory: (text, values) => pool.query(prepare(text, values)),
    ping: async () => {
      await pool.query('select 1');
    },
    close: () => {
      closing = true;
      return pool.end();
    },
  };
}

const names = new Map<string, string>();

/**
 * A statement with values as a prepared one, which each connection parses and plans once: our statements are few and
 * short, so that planning them anew cost more than running them.
 */
function prepare(text: string, values: unknown[] | undefined): pg.QueryConfig {
  // From the sixth run on a prepared statement is planned for any values, and a list counts as ten: a page of 5,000 rows took
  // 3 s instead of 0.3 s. Statements over lists are planned for the list that they get.
  if (values === undefined || values.some((value) => Array.isArray(value))) return { text, values };
  const name = names.get(text) ?? createHash('sha256').update(text).digest('base64url').slice(0, 22);
  names.set(text, name);
  return { name, text, values };
}

const MOST_TRIES = 3;

/** Did PostgreSQL break a transaction off, since it and others waited for each other? */
export const isDeadlock = (error: unknown): boolean =>
  // deadlock_detected (PostgreSQL, appendix A).
  error instanceof Error && 'code' in error && error.code === '40P01';

/**
 * Runs a transaction that may run twice: once more, three times at the most, where it was broken off over a circle of locks, or for what else
 * `isWorthIt` tells of its error.
 */
export async function repeat<T>(transact: () => Promise<T>, isWorthIt = isDeadlock): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await transact();
    } catch (error) {
      if (tries >= MOST_TRIES || !isWorthIt(error)) throw error;
    }
  }
}

// Connection exceptions (08), a server that shuts down or starts up (57P01–57P03), too many clients (53300): PostgreSQL,
// appendix A. The rest is what Node says of a socket.
const GONE = /^(08\w{3}|57P0[123]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT)$/;

/** True when an error says that the database could not be reached or went away, so that the same may work in a moment. */
export function isDatabaseGone(error: unknown): boolean {
  // The outside's sockets break too, but its errors are ProviderErrors.
  if (!(error instanceof Error) || error instanceof ProviderError) return false;
  if ('code' in error && typeof error.code === 'string') return GONE.test(error.code);
  // pg has no codes for what it says itself.
  return /^(Connection terminated|timeout exceeded when trying to connect|Client (has|was) .*not queryable)/.test(
    error.message,
  );
}

async function chooseRole(pool: pg.Pool): Promise<string | null> {
  let rows: { may_act: boolean; bypasses: boolean; name: string }[];
  try {
    ({ rows } = await pool.query(
      `select current_user as name,
              (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) as bypasses,
              coalesce((select pg_has_role(current_user, oid, 'member') from pg_roles where rolname = $1), false) as may_act`,
      [APP_ROLE],
    ));
  } catch (error) {
    throw new UserError(
      `The database does not answer: ${describeError(error)}`,
      'Check DATABASE_URL and that the server is up.',
      error,
    );
  }
  const found = rows[0];
  if (found?.may_act) return APP_ROLE;
  if (found?.bypasses)
    throw new UserError(
      `The database role "${found.name}" bypasses row-level security, so workspaces would not be kept apart`,
      `Run "fieldnote migrate" once with a role that may create roles, or use an ordinary role in DATABASE_URL.`,
    );
  return null;
}
