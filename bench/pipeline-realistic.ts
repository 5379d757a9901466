// A run with realistic latencies and limits, against the least time that any pipeline could take.
import { simulateIdealRun } from './harness/ideal-run.ts';
import { measureRun, openPipeline } from './harness/pipeline.ts';
import type { Measured } from './harness/pipeline.ts';
import { median } from './harness/numbers.ts';
import { printResult, readNumbers, spread } from './harness/print.ts';
import type { TwinFaults } from './harness/processes.ts';

// Less than one company in flight stands for: as many as the limits keep busy.
const AS_NEEDED = 0.5;
const options = readNumbers({
  companies: [100, 300],
  seeds: [1],
  // The first seed, so that further ones can be measured later.
  from: [1],
  scale: [1],
  concurrency: [AS_NEEDED],
});

// Seconds; of the LLM's calls 1 % never answer. Limits: Tavily's production key, and 600 requests and 2 million tokens a minute.
const LATENCY = { search: 1.2, page: 0.8, llm: 10 };
const JITTER = 0.5;
// An answer begins after 0.83 s of some 10 (NIM 1.8 on 2 × H100, 50 calls at once).
const FIRST_TOKEN_SHARE = 0.08;
const HANGING = 0.01;
const PER_MINUTE = { searches: 1_000, requests: 600, tokens: 2_000_000 };
// Of one company one after another: robots.txt, the front page, the other pages side by side.
const PAGE_ROUNDS = 3;
const CALIBRATION_COMPANIES = 60;
// More in flight than the limits keep busy on average: jitter leaves gaps otherwise. The least time does not depend on it.
const HEADROOM = 1.25;

/** Calls of one company, as a run really made them. */
type Needs = { searches: number; requests: number; tokens: number };

function countNeeds({ usage }: Measured, companies: number): Needs {
  const sum = (provider: string, of: (row: Measured['usage'][number]) => number): number =>
    usage.filter((row) => row.provider === provider).reduce((total, row) => total + of(row), 0) / companies;
  return {
    searches: sum('tavily', (row) => row.requests),
    requests: sum('llm', (row) => row.requests - row.hedges),
    tokens: sum('llm', (row) => row.promptTokens + row.completionTokens),
  };
}

/** Seconds that `companies` need at the least: max(N·L/C, the slowest limit) + L. */
function leastSeconds(needs: Needs, companies: number, concurrency: number) {
  const alone = PAGE_ROUNDS * LATENCY.page + needs.requests * LATENCY.llm;
  const perCompany = {
    latency: alone / concurrency,
    search: (60 * needs.searches) / PER_MINUTE.searches,
    requests: (60 * needs.requests) / PER_MINUTE.requests,
    tokens: (60 * needs.tokens) / PER_MINUTE.tokens,
  };
  return { alone, perCompany, total: companies * Math.max(...Object.values(perCompany)) + alone };
}

// How long a call may stay silent before it is sent again: the beginning of an answer takes 0.8 s ± 50 %.
const NOTICED_SECONDS = 2.5;
const SIMULATED_SEEDS = 21;

/** The median of simulated runs whose own work costs nothing, in seconds. */
function idealSeconds(needs: Needs, companies: number, concurrency: number): number {
  const run = {
    companies,
    concurrency,
    needs,
    perSecond: { searches: PER_MINUTE.searches / 60, requests: PER_MINUTE.requests / 60 },
    latency: LATENCY,
    jitter: JITTER,
    pageRounds: PAGE_ROUNDS,
    hanging: HANGING,
    noticedSeconds: NOTICED_SECONDS,
  };
  return median(Array.from({ length: SIMULATED_SEEDS }, (_, seed) => simulateIdealRun(run, seed + 1)));
}

function faultsOf(seed: number, scale: number): TwinFaults {
  const slow = (seconds: number) => ({ seed, latencyMs: (seconds * 1_000) / scale, jitter: JITTER });
  return {
    tavily: slow(LATENCY.search),
    web: slow(LATENCY.page),
    llm: {
      ...slow(LATENCY.llm),
      firstByteShare: FIRST_TOKEN_SHARE,
      rateHang: HANGING,
      only: ['/chat/completions'],
    },
  };
}

async function calibrate(): Promise<Needs> {
  const pipeline = await openPipeline({ companies: CALIBRATION_COMPANIES, llm: true });
  try {
    return countNeeds(await measureRun(pipeline, { concurrency: 16 }), CALIBRATION_COMPANIES);
  } finally {
    await pipeline.close();
  }
}

const expected = await calibrate();
// The pace of the slowest limit times the time that one company takes alone, and some more.
const { alone, perCompany } = leastSeconds(expected, 1, Number.POSITIVE_INFINITY);
const given = options.concurrency[0] ?? 1;
const concurrency =
  given >= 1 ? given : Math.ceil((HEADROOM * alone) / Math.max(...Object.values(perCompany)));

const rows: string[][] = [];
const results: object[] = [];
for (const [size, companies] of options.companies.entries()) {
  const scale = options.scale[size] ?? options.scale.at(-1) ?? 1;
  const seeds = options.seeds[size] ?? options.seeds.at(-1) ?? 1;
  const from = options.from[size] ?? options.from.at(-1) ?? 1;
  const rounds = [];
  for (let seed = from; seed < from + seeds; seed += 1) {
    const pipeline = await openPipeline({
      companies,
      llm: true,
      environment: {
        SEARCH_REQUESTS_PER_MINUTE: String(PER_MINUTE.searches * scale),
        LLM_REQUESTS_PER_MINUTE: String(PER_MINUTE.requests * scale),
        LLM_TOKENS_PER_MINUTE: String(PER_MINUTE.tokens * scale),
      },
    });
    try {
      const measured = await measureRun(pipeline, { concurrency, faults: faultsOf(seed, scale) });
      const needs = countNeeds(measured, companies);
      const least = leastSeconds(needs, companies, concurrency);
      const hedges = measured.usage.reduce((sum, row) => sum + row.hedges, 0);
      const round = {
        seed,
        seconds: measured.seconds * scale,
        writtenSeconds: measured.writtenSeconds * scale,
        leastSeconds: least.total,
        ratio: least.total / (measured.seconds * scale),
        idealRatio: least.total / idealSeconds(needs, companies, concurrency),
        needs,
        hedges,
        failed: measured.counts.failed,
        peakMb: measured.peakMb,
        cpu: measured.cpu,
        minutes: measured.minutes,
      };
      rounds.push(round);
      process.stderr.write(`${JSON.stringify({ companies, scale, ...round, limits: least.perCompany })}\n`);
    } finally {
      await pipeline.close();
    }
  }
  const cores = rounds.map(({ cpu, seconds }) => ((cpu.worker + cpu.database + cpu.twins) * scale) / seconds);
  rows.push([
    String(companies),
    String(scale),
    spread(
      rounds.map((round) => round.leastSeconds),
      0,
    ),
    spread(
      rounds.map((round) => round.seconds),
      0,
    ),
    spread(rounds.map((round) => round.ratio)),
    spread(rounds.map((round) => round.idealRatio)),
    spread(
      rounds.map((round) => round.hedges),
      0,
    ),
    spread(
      rounds.map((round) => round.peakMb),
      0,
    ),
    spread(cores, 1),
  ]);
  results.push({ companies, scale, concurrency, ratio: median(rounds.map((round) => round.ratio)), rounds });
}
printResult(
  `pipeline, realistic latencies and limits, ${concurrency} companies in flight (seconds as if time were not scaled)`,
  [
    'companies',
    'time ÷',
    'least s',
    'taken s',
    'ratio',
    'without own cost',
    'hedges',
    'worker peak MB',
    'cores used',
  ],
  rows,
  { needs: expected, results },
);
