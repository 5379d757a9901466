import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';

/** What the last demo left for other commands: its workspace, and while it is up, the way to its twins. */
const DemoState = z.object({
  workspace: z.string(),
  environment: z.record(z.string(), z.string()),
  pid: z.number().int(),
});
export type DemoState = z.infer<typeof DemoState>;

const fileIn = (home: string): string => join(resolve(home), 'demo.json');
const keyIn = (home: string): string => join(resolve(home), 'demo.key');

export async function saveDemoState(home: string, state: DemoState): Promise<void> {
  await mkdir(resolve(home), { recursive: true });
  const draft = `${fileIn(home)}.${process.pid}`;
  await writeFile(draft, JSON.stringify(state), { mode: 0o600 });
  await rename(draft, fileIn(home));
}

/** The key that seals what demos keep under `home`: made by the first of them, the same for all. */
export async function ensureDemoKey(home: string): Promise<string> {
  const file = keyIn(home);
  if (!existsSync(file)) {
    await mkdir(resolve(home), { recursive: true });
    const draft = `${file}.${process.pid}`;
    await writeFile(draft, randomBytes(32).toString('base64'), { mode: 0o600 });
    // Of two demos that start at once one makes it.
    await link(draft, file).catch((error: unknown) => {
      if (!existsSync(file)) throw error;
    });
    await rm(draft);
  }
  return readFile(file, 'utf8');
}

/** The key that `ensureDemoKey` made; null where no demo was. */
export async function readDemoKey(home: string): Promise<string | null> {
  return existsSync(keyIn(home)) ? readFile(keyIn(home), 'utf8') : null;
}

/** The last demo's state, its environment only if its process is still there; null when there was none. */
export async function readDemoState(home: string): Promise<DemoState | null> {
  if (!existsSync(fileIn(home))) return null;
  const state = DemoState.parse(JSON.parse(await readFile(fileIn(home), 'utf8')));
  return isAlive(state.pid) ? state : { ...state, environment: {} };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // Signal 0 fails only when there is no such process (or it is not ours, which a demo of ours never is).
    return false;
  }
}
