import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { FaultSettings } from '../../sandbox/kit/faults.ts';
import { ProcessUsage } from './messages.ts';

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
  usage(): Promise<ProcessUsage>;
  stop(): Promise<void>;
};

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
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
    usage: async () => ProcessUsage.parse(await ask(child, 'usage')),
    stop: () => end(child, () => child.send('stop')),
  };
}

export type Worker = { usage(): Promise<ProcessUsage>; stop(): Promise<void> };

/** Starts the product's own worker command, as users start it, and asks it for its usage over a side channel. */
export function startWorkerProcess(environment: Record<string, string>): Worker {
  const child = fork(fileOf('../../src/main.ts'), ['worker'], {
    execArgv: [...FLAGS, '--import', fileOf('../processes/report-usage.ts')],
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return {
    usage: async () => ProcessUsage.parse(await ask(child, 'usage')),
    stop: () => end(child, () => child.kill('SIGTERM')),
  };
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
