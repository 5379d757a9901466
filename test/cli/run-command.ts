import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
// On a busy machine a command that starts a database and twins takes a while; one that hangs must not hang the tests.
const TIMEOUT_MS = 90_000;

export type Ended = { code: number | null; stdout: string; stderr: string };

/** Runs `fieldnote …` as a person does, in a process of its own, with nothing of our own environment but the PATH. */
export function fieldnote(
  args: readonly string[],
  options: {
    env: Record<string, string>;
    cwd?: string;
    /** What is piped in. */
    input?: string;
    /** Sees the process and all that it has said on both streams so far. */
    onOutput?: (child: ChildProcess, said: string) => void;
  },
): Promise<Ended> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    // Not where a developer's .env may lie.
    cwd: options.cwd ?? tmpdir(),
    env: { PATH: process.env['PATH'] ?? '', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  // A command that reads nothing may be gone before this is written.
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    options.onOutput?.(child, stdout + stderr);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    options.onOutput?.(child, stdout + stderr);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** A folder of one's own, removed afterwards. */
export async function makeFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'fieldnote-cli-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
