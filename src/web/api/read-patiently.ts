import { setTimeout as wait } from 'node:timers/promises';
import type { Call } from './route.ts';
import { readPatience } from './once.ts';

const LOOK_EVERY_MS = 500;

/** How something stands: at once, or when it is over where the caller would rather wait for that ("Prefer: wait=10"). */
export async function readPatiently<State extends { over: boolean }>(
  { request, signal }: Pick<Call<unknown, unknown, unknown>, 'request' | 'signal'>,
  read: () => Promise<State>,
): Promise<State> {
  const until = Date.now() + readPatience(request);
  for (;;) {
    const state = await read();
    const left = until - Date.now();
    if (state.over || left <= 0 || signal.aborted) return state;
    await wait(Math.min(LOOK_EVERY_MS, left), undefined, { signal }).catch(() => undefined);
  }
}
