import pg from 'pg';
import { setTimeout as wait } from 'node:timers/promises';
import type { System } from '../../harness/system.ts';

/** Waits for a condition; fails with `what` once `timeoutMs` are over. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await wait(25);
  }
}

/** Rows straight from the database, past the app and its policies. */
export async function openRows(system: System): Promise<{
  rows<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}> {
  const pool = new pg.Pool({ connectionString: system.database.url, max: 2 });
  pool.on('error', () => undefined);
  return {
    rows: async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) =>
      (await pool.query<Row>(text, values)).rows,
    close: () => pool.end(),
  };
}

/** Sets what goes wrong at a twin. */
export async function setFaults(url: string, faults: Record<string, unknown>): Promise<void> {
  await post(`${url}/_twin/faults`, faults);
}

/** Sets how the language model answers. */
export async function setMode(system: System, mode: Record<string, unknown>): Promise<void> {
  await post(`${system.sandbox.twins.llm.url}/_twin/edit`, mode);
}

async function post(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url}: ${await answer.text()}`);
}
