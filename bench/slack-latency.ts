// `/score` in Slack while a batch runs, alternating with an idle system: how long a stored company takes, and a new one.
import { loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { App } from '../src/app.ts';
import { pauseRun, readProgress, resumeRun, startRun } from '../src/pipeline/runs.ts';
import { keepLookupTimes } from './harness/lookup-times.ts';
import { percentile } from './harness/numbers.ts';
import { openPipeline } from './harness/pipeline.ts';
import { readNumbers } from './harness/print.ts';
import { startWorkerProcess } from './harness/processes.ts';
import type { TwinFaults } from './harness/processes.ts';
import { openSlackFront } from './harness/slack-front.ts';
import type { SlackFront } from './harness/slack-front.ts';
import { printBlocks, readSpent } from './harness/slack-blocks.ts';
import type { Block } from './harness/slack-blocks.ts';

// `new`: new companies that are asked for in each block; a block lasts until all of them are answered, or for `patience` seconds. `scale`
// divides all latencies and multiplies all limits.
const options = readNumbers({
  companies: [2_000],
  rounds: [3],
  new: [5],
  scale: [1],
  concurrency: [140],
  patience: [120],
});
const [companies = 0] = options.companies;
const [rounds = 0] = options.rounds;
const [perBlock = 0] = options.new;
const [scale = 1] = options.scale;
const [concurrency = 1] = options.concurrency;
const [patience = 0] = options.patience;

// As in pipeline-realistic.ts, but for hung calls: an answer that hangs says nothing of who comes first.
const LATENCY = { search: 1.2, page: 0.8, llm: 10 };
const JITTER = 0.5;
const FIRST_TOKEN_SHARE = 0.08;
const PER_MINUTE = { searches: 1_000, requests: 600, tokens: 2_000_000 };
const STORED = 20;
const STORED_EVERY_MS = 250;
const NEW_EVERY_MS = 2_000;
const LOOK_EVERY_MS = 200;
// For what must come to be before a block can begin.
const SET_UP_PATIENCE_MS = 300_000;

const slow = (seconds: number) => ({ latencyMs: (seconds * 1_000) / scale, jitter: JITTER });
const faults: TwinFaults = {
  tavily: slow(LATENCY.search),
  web: slow(LATENCY.page),
  llm: { ...slow(LATENCY.llm), firstByteShare: FIRST_TOKEN_SHARE, only: ['/chat/completions'] },
};

// Whoever stops it gets what was measured by then, and nothing stays behind.
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stopped.abort(new Error(`stopped by ${signal}`)));
const sleep = (ms: number): Promise<void> => wait(ms, undefined, { signal: stopped.signal });

const newInAll = rounds * 2 * perBlock;
const pipeline = await openPipeline({
  companies: companies + STORED + newInAll,
  llm: true,
  environment: {
    SEARCH_REQUESTS_PER_MINUTE: String(PER_MINUTE.searches * scale),
    LLM_REQUESTS_PER_MINUTE: String(PER_MINUTE.requests * scale),
    LLM_TOKENS_PER_MINUTE: String(PER_MINUTE.tokens * scale),
    RUN_CONCURRENCY: String(concurrency),
    SYNC_INTERVAL_MINUTES: '1440',
    LOG_LEVEL: 'error',
  },
});
// Nothing is enriched but what is asked for here.
await pipeline.app.db.inWorkspace(pipeline.app.workspaceId, (tx) =>
  tx.query(`update companies set due_at = now() + interval '1 day'`),
);
const times = await keepLookupTimes(pipeline.environment.DATABASE_URL ?? '', scale);
const worker = startWorkerProcess(pipeline.environment);
const blocks: Block[] = [];
let slack: SlackFront | null = null;
try {
  slack = await openSlackFront(pipeline.environment);
  await worker.usage();
  await measure(pipeline.app, slack);
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
} finally {
  printBlocks(blocks, { companies, concurrency, scale, patience });
  await slack?.stop();
  await (stopped.signal.aborted ? worker.kill() : worker.stop());
  await times.close();
  await pipeline.close();
}

async function measure(app: App, front: SlackFront): Promise<void> {
  const domains = await listDomains(app);
  const stored = domains.slice(0, STORED);
  const fresh = domains.slice(STORED, STORED + newInAll);
  const batch = domains.slice(STORED + newInAll);
  for (let first = 0; first < stored.length; first += 10)
    await front.command('/score', stored.slice(first, first + 10).join(' '));
  await untilAnswered(app, SET_UP_PATIENCE_MS);
  await pipeline.twins.setFaults(faults);

  let runId: string | null = null;
  for (let round = 0; round < rounds; round += 1) {
    const ask = async (state: Block['state']): Promise<void> => {
      if (!(await untilAnswered(app, SET_UP_PATIENCE_MS))) throw new Error('an answer did not come');
      const asked = { state, stored, fresh: fresh.splice(0, perBlock), runId };
      blocks.push(await measureBlock(app, front, asked));
    };
    await ask('idle');
    const doneBefore = await countDone(app, runId);
    if (runId === null) {
      const { id } = await startRun(app, {
        workspaceId: app.workspaceId,
        kind: 'manual',
        model: app.modelName,
        domains: batch,
      });
      runId = id;
    } else await resumeRun(app, app.workspaceId, runId);
    // Under way: about as many at once as it comes to, and in all stages.
    const half = Math.min(concurrency, batch.length) / 2;
    await untilRun(
      app,
      runId,
      ({ working, done, run }) => (working >= half && done > doneBefore) || run.state !== 'running',
    );
    await ask('batch');
    const { run } = await readProgress(app.db, app.workspaceId, runId);
    if (run.state !== 'running') throw new Error('the batch ended too soon: ask for more --companies');
    await pauseRun(app, app.workspaceId, runId);
    await untilRun(app, runId, ({ working }) => working === 0);
  }
}

async function measureBlock(
  app: App,
  front: SlackFront,
  {
    state,
    stored,
    fresh,
    runId,
  }: { state: Block['state']; stored: readonly string[]; fresh: readonly string[]; runId: string | null },
): Promise<Block> {
  const [began, doneBefore, before] = [
    performance.now(),
    await countDone(app, runId),
    await readSpent(pipeline, worker),
  ];
  const storedMs: number[] = [];
  let asking = true;
  let missed = 0;
  const askStored = async (): Promise<void> => {
    for (let turn = 0; asking; turn += 1) {
      const { ms, answer } = await front.command('/score', stored[turn % stored.length] ?? '');
      if (answer === null) missed += 1;
      else if (!answer.includes('"refresh"'))
        throw new Error(`a stored company was not answered at once: ${answer.slice(0, 300)}`);
      storedMs.push(ms);
      await sleep(STORED_EVERY_MS);
    }
  };
  const askNew = async (): Promise<void> => {
    try {
      for (const domain of fresh) {
        if ((await front.command('/score', domain)).answer === null) missed += 1;
        await sleep(NEW_EVERY_MS / scale);
      }
      await untilAnswered(app, patience * 1_000);
    } finally {
      asking = false;
    }
  };
  await Promise.all([askStored(), askNew()]);
  const [seconds, after] = [(performance.now() - began) / 1_000, await readSpent(pipeline, worker)];
  const lookups = await times.read(fresh);
  const block: Block = {
    state,
    seconds,
    storedMs,
    missed,
    lookups,
    unanswered: fresh.length - lookups.length,
    doneInBatch: (await countDone(app, runId)) - doneBefore,
    cores: {
      worker: (after.worker.cpuSeconds - before.worker.cpuSeconds) / seconds,
      database: (after.database - before.database) / seconds,
      twins: (after.twins.cpuSeconds - before.twins.cpuSeconds) / seconds,
    },
    loops: { worker: after.worker.loop, twins: after.twins.loop },
    load: loadavg()[0] ?? NaN,
  };
  process.stderr.write(
    `${JSON.stringify({ ...block, storedMs: { n: storedMs.length, p95: percentile(storedMs, 0.95) } })}\n`,
  );
  return block;
}

/** All companies, mixed. */
async function listDomains(app: App): Promise<string[]> {
  const { rows } = await app.db.inWorkspace(app.workspaceId, (tx) =>
    tx.query<{ domain: string }>('select domain from companies order by md5(domain)'),
  );
  return rows.map(({ domain }) => domain);
}

async function countDone(app: App, runId: string | null): Promise<number> {
  return runId === null ? 0 : (await readProgress(app.db, app.workspaceId, runId)).done;
}

async function untilRun(
  app: App,
  runId: string,
  condition: (progress: Awaited<ReturnType<typeof readProgress>>) => boolean,
): Promise<void> {
  const deadline = Date.now() + SET_UP_PATIENCE_MS;
  while (!condition(await readProgress(app.db, app.workspaceId, runId))) {
    if (Date.now() > deadline) throw new Error('the batch did not come to where it should be');
    await sleep(LOOK_EVERY_MS);
  }
}

/** False when some answer did not come in time. */
async function untilAnswered(app: App, patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const { rowCount } = await app.db.inWorkspace(app.workspaceId, (tx) =>
      tx.query(`select from slack_replies where state = 'open' limit 1`),
    );
    if (rowCount === 0) return true;
    if (Date.now() > deadline) return false;
    await sleep(LOOK_EVERY_MS);
  }
}
