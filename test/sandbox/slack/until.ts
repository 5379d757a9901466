import { setTimeout as wait } from 'node:timers/promises';

/** Waits until something holds; fails after a minute. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it did not come true within a minute');
    await wait(10);
  }
}
