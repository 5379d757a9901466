import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

// A lock older than this belongs to a process that died while starting the server.
const STALE_LOCK_MS = 90_000;

/** Runs `act` while no other process runs one under the same file. */
export async function withLock<T>(file: string, act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      await (await open(file, 'wx')).close();
      break;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      const age =
        Date.now() -
        (await stat(file).then(
          (found) => found.mtimeMs,
          () => Date.now(),
        ));
      if (age > STALE_LOCK_MS) await rm(file, { force: true });
      else await wait(50);
    }
  }
  try {
    return await act();
  } finally {
    await rm(file, { force: true });
  }
}
