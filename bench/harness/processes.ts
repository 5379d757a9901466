import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { FaultSettings } from '../../sandbox/kit/faults.ts';
import { LivingUsage } from './messages.ts';

export type TwinFaults = Partial<Record<'tavily' | 'web' | 'llm', Partial<FaultSettings>>>;

const CallCounts = z.record(
  z.string(),
  z.object({
    total: z.number(),
    byOperation: z.record(z.string(), z.object({ calls: z.number(), units: z.number(), failed: z.number() })),
  }),
);
type CallCounts = z.infer<typeof CallCounts>;

export type Twins = {
  environment: Record<string, string>;
  setFaults(faults: TwinFaults): Promise<void>;
  countCalls(): Promise<CallCounts>;
  usage(): Promise<LivingUsage>;
  stop(): Promise<void>;
};

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const UP_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 200;
const FLAGS = ['--disable-warning=ExperimentalWarning'];

/** Starts the twins over a world, in a process of their own. */
export async function startTwins(order: { worldFolder: string; faults?: TwinFaults }): Promise<Twins> {
  const child = fork(fileOf('../processes/twins.ts'), [JSON.stringify(order)], { execArgv: FLAGS });
  const environment = z.record(z.string(), z.string()).parse(await nextMessage(child));
  return {
    environment,
    setFaults: async (faults) => {
      await ask(child, faults);
    },
    countCalls: async () => CallCounts.parse(await ask(child, 'calls')),
    usage: async () => LivingUsage.parse(await ask(child, 'usage')),
    stop: () => end(child, () => child.send('stop')),
  };
}

export type Worker = {
  usage(): Promise<LivingUsage>;
  stop(): Promise<void>;
  /** Ends it at once, whatever it has in hand. */
  kill(): Promise<void>;
};

/** Starts the product's own worker command, as users start it, and asks it for its usage over a side channel. */
export function startWorkerProcess(environment: Record<string, string>): Worker {
  const child = startCommand('worker', environment);
  return {
    usage: async () => LivingUsage.parse(await ask(child, 'usage')),
    stop: () => end(child, () => child.kill('SIGTERM')),
    kill: () => end(child, () => child.kill('SIGKILL')),
  };
}

/** Starts the product's own web command; resolves when it answers. */
export async function startWebProcess(
  environment: Record<string, string>,
): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await findFreePort();
  const child = startCommand('web', { ...environment, PORT: String(port) });
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + UP_WITHIN_MS;
  for (;;) {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1_000) }).catch(() => null);
    if (answer?.ok === true) break;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('the web process did not come up');
    await wait(LOOK_EVERY_MS);
  }
  return { url, stop: () => end(child, () => child.kill('SIGTERM')) };
}

function startCommand(command: string, environment: Record<string, string>): ChildProcess {
  return fork(fileOf('../../src/main.ts'), [command], {
    execArgv: [...FLAGS, '--import', fileOf('../processes/report-usage.ts')],
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}

async function ask(child: ChildProcess, question: object | string): Promise<unknown> {
  const answer = nextMessage(child);
  child.send(question);
  return answer;
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const stop = new AbortController();
  const exit = once(child, 'exit', { signal: stop.signal }).then(() => {
    throw new Error(`${child.spawnargs.at(-1)} ended with code ${child.exitCode}`);
  });
  exit.catch(() => undefined);
  try {
    const [message] = await Promise.race([once(child, 'message'), exit]);
    return message;
  } finally {
    stop.abort();
  }
}

async function end(child: ChildProcess, tell: () => unknown): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  tell();
  await gone;
}
