import type pg from 'pg';
import { UserError } from './errors.ts';

/** One statement of a migration that builds or drops indexes while everybody goes on writing. */
export type IndexStep = { what: 'build' | 'drop'; index: string; sql: string };

const IS_CONCURRENT = /\bindex\s+concurrently\b/i;
const BUILD = /^create\s+(?:unique\s+)?index\s+concurrently\s+(?<index>[a-z_][a-z0-9_]*)\s+on\s+[a-z_]/i;
const DROP = /^drop\s+index\s+concurrently\s+if\s+exists\s+(?<index>[a-z_][a-z0-9_]*)$/i;

/**
 * The steps of a migration of indexes; null: it is an ordinary one, which runs in a transaction.
 * @throws UserError where something else stands beside them, or a name is missing
 */
export function readIndexSteps(name: string, sql: string): IndexStep[] | null {
  const plain = sql.replaceAll(/--.*$/gm, '');
  if (!IS_CONCURRENT.test(plain)) return null;
  const statements = plain.split(';').map((statement) => statement.trim());
  return statements
    .filter((statement) => statement !== '')
    .map((statement) => {
      const build = BUILD.exec(statement)?.groups?.['index'];
      const index = build ?? DROP.exec(statement)?.groups?.['index'];
      if (index === undefined)
        throw new UserError(
          `Migration ${name} builds or drops indexes concurrently, which no transaction can: nothing but "create index concurrently NAME on …" and "drop index concurrently if exists NAME" may stand in it, not ${statement.slice(0, 60)}`,
          'Put the rest into a migration of its own.',
        );
      return { what: build === undefined ? 'drop' : 'build', index, sql: statement };
    });
}

/**
 * Does one step, outside a transaction, unless it was done: an index that is there and valid is the one that a process built which died
 * before it could say so; one that is not valid is what such a process left of it, and is built anew.
 */
export async function doIndexStep(client: pg.Client, { what, index, sql }: IndexStep): Promise<void> {
  // It waits for every transaction that began before it, however long that takes; nobody waits for it.
  await client.query('set lock_timeout = 0');
  if (what === 'build') {
    const { rows } = await client.query<{ valid: boolean }>(
      'select indisvalid as valid from pg_index where indexrelid = to_regclass($1)',
      [index],
    );
    if (rows[0]?.valid === true) return;
    if (rows[0] !== undefined) await client.query(`drop index concurrently if exists ${index}`);
  }
  await client.query(sql);
}
