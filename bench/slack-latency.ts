// `/score` in Slack while a batch runs, alternating with an idle system: how long a stored company takes, and a new one.
import { loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { App } from '../src/app.ts';
import { pauseRun, readProgress, resumeRun, startRun } from '../src/pipeline/runs.ts';
import { openPipeline } from './harness/pipeline.ts';
import { median, percentile, printResult, readNumbers, spread } from './harness/print.ts';
import { startWorkerProcess } from './harness/processes.ts';
import type { TwinFaults } from './harness/processes.ts';
import { openSlackFront } from './harness/slack-front.ts';
import type { SlackFront } from './harness/slack-front.ts';

// `new`: new companies that are asked for in each block; a block lasts until all of them are answered. `scale` divides all latencies and
// multiplies all limits.
const options = readNumbers({ companies: [2_000], rounds: [3], new: [5], scale: [1], concurrency: [140] });
const [companies = 0] = options.companies;
const [rounds = 0] = options.rounds;
const [perBlock = 0] = options.new;
const [scale = 1] = options.scale;
const [concurrency = 1] = options.concurrency;

// As in pipeline-realistic.ts, but for hung calls: an answer that hangs says nothing of who comes first.
const LATENCY = { search: 1.2, page: 0.8, llm: 10 };
const JITTER = 0.5;
const FIRST_TOKEN_SHARE = 0.08;
const PER_MINUTE = { searches: 1_000, requests: 600, tokens: 2_000_000 };
const STORED = 20;
const STORED_EVERY_MS = 250;
const NEW_EVERY_MS = 2_000;
const LOOK_EVERY_MS = 200;
const PATIENCE_MS = 900_000;

type Block = {
  state: 'idle' | 'batch';
  storedMs: number[];
  /** Commands that were not acknowledged within Slack's three seconds. */
  missed: number;
  newSeconds: number[];
  doneInBatch: number;
  load: number;
};

const slow = (seconds: number) => ({ latencyMs: (seconds * 1_000) / scale, jitter: JITTER });
const faults: TwinFaults = {
  tavily: slow(LATENCY.search),
  web: slow(LATENCY.page),
  llm: { ...slow(LATENCY.llm), firstByteShare: FIRST_TOKEN_SHARE, only: ['/chat/completions'] },
};

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
const worker = startWorkerProcess(pipeline.environment);
let slack: SlackFront | null = null;
try {
  slack = await openSlackFront(pipeline.environment);
  await worker.usage();
  report(await measure(pipeline.app, slack));
} finally {
  await slack?.stop();
  await worker.stop();
  await pipeline.close();
}

async function measure(app: App, front: SlackFront): Promise<Block[]> {
  const domains = await listDomains(app);
  const stored = domains.slice(0, STORED);
  const fresh = domains.slice(STORED, STORED + newInAll);
  const batch = domains.slice(STORED + newInAll);
  for (let first = 0; first < stored.length; first += 10)
    await front.command('/score', stored.slice(first, first + 10).join(' '));
  await untilAnswered(app);
  await pipeline.twins.setFaults(faults);

  const blocks: Block[] = [];
  let runId: string | null = null;
  for (let round = 0; round < rounds; round += 1) {
    const ask = (state: Block['state']): Promise<Block> =>
      measureBlock(app, front, { state, stored, fresh: fresh.splice(0, perBlock), runId });
    blocks.push(await ask('idle'));
    if (runId === null) {
      const { id } = await startRun(app, {
        workspaceId: app.workspaceId,
        kind: 'manual',
        model: app.modelName,
        domains: batch,
      });
      runId = id;
    } else await resumeRun(app, app.workspaceId, runId);
    // Under way: as many at once as it comes to.
    const half = Math.min(concurrency, batch.length) / 2;
    await untilRun(app, runId, ({ working, run }) => working >= half || run.state !== 'running');
    blocks.push(await ask('batch'));
    const { run } = await readProgress(app.db, app.workspaceId, runId);
    if (run.state !== 'running') throw new Error('the batch ended too soon: ask for more --companies');
    await pauseRun(app, app.workspaceId, runId);
    await untilRun(app, runId, ({ working }) => working === 0);
  }
  return blocks;
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
  const doneBefore = await countDone(app, runId);
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
      await wait(STORED_EVERY_MS);
    }
  };
  const askNew = async (): Promise<void> => {
    for (const domain of fresh) {
      if ((await front.command('/score', domain)).answer === null) missed += 1;
      await wait(NEW_EVERY_MS / scale);
    }
    await untilAnswered(app);
    asking = false;
  };
  await Promise.all([askStored(), askNew()]);
  const block = {
    state,
    storedMs,
    missed,
    newSeconds: await readSeconds(app, fresh),
    doneInBatch: (await countDone(app, runId)) - doneBefore,
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
  const deadline = Date.now() + PATIENCE_MS;
  while (!condition(await readProgress(app.db, app.workspaceId, runId))) {
    if (Date.now() > deadline) throw new Error('the batch did not come to where it should be');
    await wait(LOOK_EVERY_MS);
  }
}

async function untilAnswered(app: App): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const { rowCount } = await app.db.inWorkspace(app.workspaceId, (tx) =>
      tx.query(`select from slack_replies where state = 'open' limit 1`),
    );
    if (rowCount === 0) return;
    if (Date.now() > deadline) throw new Error('an answer did not come');
    await wait(LOOK_EVERY_MS);
  }
}

/** Seconds from each command until its answer stood in Slack, by the database's clock. */
async function readSeconds(app: App, domains: readonly string[]): Promise<number[]> {
  const { rows } = await app.db.inWorkspace(app.workspaceId, (tx) =>
    tx.query<{ seconds: number; method: string }>(
      `select extract(epoch from r.settled_at - r.asked_at)::float8 as seconds, e.method
       from slack_replies r join companies c on c.id = r.company_ids[1] join scores s on s.company_id = c.id and s.current
       join extractions e on e.id = s.extraction_id
       where r.state = 'answered' and cardinality(r.company_ids) = 1 and c.domain = any($1)`,
      [domains],
    ),
  );
  if (rows.length !== domains.length || rows.some(({ method }) => method !== 'llm'))
    throw new Error(
      `of ${domains.length} new companies ${rows.filter(({ method }) => method === 'llm').length} were read by the LLM`,
    );
  return rows.map(({ seconds }) => seconds * scale);
}

function report(blocks: readonly Block[]): void {
  const of = (state: Block['state']) => {
    const mine = blocks.filter((block) => block.state === state);
    return {
      storedMs: mine.flatMap(({ storedMs }) => storedMs),
      missed: mine.reduce((sum, { missed }) => sum + missed, 0),
      newSeconds: mine.flatMap(({ newSeconds }) => newSeconds),
      doneInBatch: mine.reduce((sum, { doneInBatch }) => sum + doneInBatch, 0),
      loads: mine.map(({ load }) => load),
    };
  };
  const idle = of('idle');
  const busy = of('batch');
  const ratio = median(busy.newSeconds) / median(idle.newSeconds);
  const row = (name: string, { storedMs, missed, newSeconds, doneInBatch, loads }: typeof idle): string[] => [
    name,
    String(storedMs.length),
    percentile(storedMs, 0.5).toFixed(0),
    percentile(storedMs, 0.95).toFixed(0),
    Math.max(...storedMs).toFixed(0),
    String(missed),
    String(newSeconds.length),
    spread(newSeconds, 1),
    String(doneInBatch),
    spread(loads, 1),
  ];
  printResult(
    `/score in Slack beside a batch of ${companies}, ${concurrency} in flight; a new company takes ${ratio.toFixed(2)} times as long as without the batch`,
    [
      'system',
      'stored n',
      'p50 ms',
      'p95 ms',
      'most ms',
      'over 3 s',
      'new n',
      'new s',
      'batch done meanwhile',
      'load',
    ],
    [row('idle', idle), row('batch', busy)],
    {
      companies,
      concurrency,
      scale,
      stored: { idleP95Ms: percentile(idle.storedMs, 0.95), batchP95Ms: percentile(busy.storedMs, 0.95) },
      new: { idleSeconds: median(idle.newSeconds), batchSeconds: median(busy.newSeconds), ratio },
      blocks: blocks.map((block) => ({ ...block, storedMs: block.storedMs.map(Math.round) })),
    },
  );
}
