import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from './db.ts';
import { listMigrations } from './migrate.ts';

type Asked = Pick<Database, 'directory'>;

// It ran on some databases, and was taken out again (decision 114).
const TAKEN_OUT = ['0128_ledger_by_state.sql'];
const LOOK_EVERY_MS = 15_000;

/** Migrations that ran on this database and that this version does not have, in the order in which they ran: a newer version has been here. */
export async function findNewer(db: Asked): Promise<string[]> {
  const ours = [...(await listMigrations()), ...TAKEN_OUT];
  const { rows } = await db.directory<{ name: string }>(
    'select name from schema_migrations where name <> all($1) order by applied_at, name',
    [ours],
  );
  return rows.map(({ name }) => name);
}

/**
 * Looks every 15 seconds whether a newer version brings the schema further than it was `known` to be, and tells that once, with the
 * migrations that are new. @returns `stop`
 */
export function watchSchema(
  db: Asked,
  {
    known,
    everyMs = LOOK_EVERY_MS,
    onNewer,
    onError,
  }: {
    known: readonly string[];
    everyMs?: number | undefined;
    onNewer(migrations: readonly string[]): void;
    onError(error: unknown): void;
  },
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const looking = (async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await wait(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      try {
        const since = (await findNewer(db)).filter((name) => !known.includes(name));
        if (since.length === 0) continue;
        onNewer(since);
        return;
      } catch (error) {
        onError(error);
      }
    }
  })();
  return {
    stop: () => {
      stopping.abort();
      return looking;
    },
  };
}

/** "0151_x.sql and 2 more". */
export function nameMigrations(names: readonly string[]): string {
  const [first = 'none', ...rest] = names;
  return rest.length === 0 ? first : `${first} and ${rest.length} more`;
}
