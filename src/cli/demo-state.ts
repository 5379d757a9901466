import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
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

export async function saveDemoState(home: string, state: DemoState): Promise<void> {
  await mkdir(resolve(home), { recursive: true });
  const draft = `${fileIn(home)}.${process.pid}`;
  await writeFile(draft, JSON.stringify(state), { mode: 0o600 });
  await rename(draft, fileIn(home));
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
