import { APP_ROLE } from '../../src/db.ts';
import type { Tx } from '../../src/db.ts';
import { until } from './browser-page.ts';

/** Does another transaction wait for a lock that this one holds? */
export async function isWaitedFor(tx: Tx): Promise<boolean> {
  return (await countWaiting(tx)) > 0;
}

/** How many transactions wait for a lock that this one holds, or for one that waits for it. */
export async function countWaiting(tx: Tx): Promise<number> {
  const { rows } = await tx.query<{ n: number }>(
    `with recursive stuck as materialized (
       select distinct pid, pg_blocking_pids(pid) as by from pg_locks where not granted),
     waiting (pid) as (
       select pid from stuck where pg_backend_pid() = any(by)
       union select stuck.pid from stuck join waiting on waiting.pid = any(stuck.by))
     select count(*) as n from waiting`,
  );
  return rows[0]?.n ?? 0;
}

/** Where transactions wait for each other in a circle, it is this one that PostgreSQL breaks off: it looks first. */
export const lookFirst = (tx: Tx): Promise<void> => lookAfter(tx, '20ms');

/** Where that is so, it is another one. */
export const lookLast = (tx: Tx): Promise<void> => lookAfter(tx, '1min');

async function lookAfter(tx: Tx, interval: string): Promise<void> {
  // Only who owns the server may say so.
  await tx.query('reset role');
  await tx.query(`set local deadlock_timeout = '${interval}'`);
  await tx.query(`set local role ${APP_ROLE}`);
}

/**
 * Lets two meet in the middle of their work: the first comes to the rows that are held, the second goes as far as it can, then the rows
 * are let go. Answers once both are through.
 * @param held rows and how strong they are held, as behind "select from"; or what holds up whoever comes
 */
export async function meet(
  inWorkspace: <T>(act: (tx: Tx) => Promise<T>) => Promise<T>,
  held: string | ((tx: Tx) => Promise<unknown>),
  first: () => Promise<unknown>,
  second: () => Promise<unknown>,
): Promise<void> {
  let isOver = false;
  let both: Promise<unknown> = Promise.resolve();
  await inWorkspace(async (tx) => {
    await (typeof held === 'string' ? tx.query(`select from ${held}`) : held(tx));
    const one = first();
    both = one;
    await until(async () => (await countWaiting(tx)) === 1, 'the first one comes to what is held');
    const two = second().finally(() => (isOver = true));
    both = Promise.all([one, two]);
    both.catch(() => undefined);
    await until(async () => isOver || (await countWaiting(tx)) === 2, 'the second one is through, or waits');
  });
  await both;
}
