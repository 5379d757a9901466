// A first sync from Salesforce, REST pages up to 10,000 rows of an object and a bulk query above: rows per second against a plain COPY of
// the very same rows into the same table, and API calls against the fewest; then the second sync of the unchanged org. Up to
// 100,000 rows also in a process that synced for other workspaces before: a worker is not new each time.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { z } from 'zod';
import { createBenchDatabase } from './harness/database.ts';
import { median } from './harness/numbers.ts';
import { printResult, readNumbers, spread } from './harness/print.ts';
import { countRows } from './harness/salesforce-rows.ts';

const options = readNumbers({ rows: [10_000, 100_000], seeds: [3] });
// Above it the first second makes no difference.
const WARM_UP_TO = 100_000;
const Synced = z.object({
  rows: z.number(),
  changed: z.number(),
  companies: z.number(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  startMb: z.number(),
  peakMb: z.number(),
});
const Calls = z.record(z.string(), z.number());
// So many rows, in orgs of the same size, a worker at work has synced before: by then its code is compiled.
const ROWS_BEFORE = 80_000;
const OWN = `workspace_id = (select id from workspaces where name = 'default')`;
const FLAGS = ['--disable-warning=ExperimentalWarning'];
const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Calls that move rows; logins, descriptions and the check of the connection are the same whatever the size. */
async function countCalls(twin: ChildProcess): Promise<number> {
  const told = once(twin, 'message');
  twin.send('calls');
  const [message] = await told;
  const { other: _other, ...moving } = Calls.parse(message);
  return Object.values(moving).reduce((sum, calls) => sum + calls, 0);
}

/** The fewest that the platform allows: pages of 2,000, or a job's making, one look at it and sets of 50,000. */
function fewestCalls(rows: number): number {
  return Object.values(countRows(rows)).reduce(
    (sum, each) => sum + Math.min(Math.max(1, Math.ceil(each / 2_000)), 2 + Math.ceil(each / 50_000)),
    0,
  );
}

/** The child's next message, once it has been told to go on. */
async function askFor(child: ChildProcess): Promise<unknown> {
  const told = once(child, 'message');
  child.send('go');
  const [message] = await told;
  return message;
}

async function measure(rows: number, org: Record<string, string>, twin: ChildProcess, { warm = false } = {}) {
  const database = await createBenchDatabase();
  const client = new pg.Client({ connectionString: database.url });
  try {
    const child = fork(fileOf('./processes/sync-once.ts'), {
      execArgv: FLAGS,
      env: {
        ...org,
        DATABASE_URL: database.url,
        ...(warm ? { AT_WORK: String(Math.ceil(ROWS_BEFORE / rows)) } : {}),
        PATH: process.env.PATH ?? '',
      },
    });
    await once(child, 'message');
    await countCalls(twin);
    const startedAt = await database.cpuSeconds();
    const synced = Synced.parse(await askFor(child));
    const serverSeconds = (await database.cpuSeconds()) - startedAt;
    if (synced.changed !== rows) throw new Error(`${synced.changed} rows were stored of ${rows}`);
    const calls = await countCalls(twin);
    const second = { ...Synced.parse(await askFor(child)), calls: await countCalls(twin) };
    if (second.changed !== 0) throw new Error(`${second.changed} rows were taken for changed`);
    await once(child, 'exit');

    await client.connect();
    const chunks: Buffer[] = [];
    await pipeline(
      client.query(copyTo(`copy (select * from records where ${OWN}) to stdout`)),
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          chunks.push(chunk);
          done();
        },
      }),
    );
    await client.query('create table plain_copy (like records including all)');
    // LIKE leaves foreign keys out.
    await client.query(`alter table plain_copy
      add foreign key (workspace_id, connection_id) references connections,
      add foreign key (workspace_id, company_id) references companies (workspace_id, id)`);
    await client.query(`insert into plain_copy select * from records where not (${OWN})`);
    const copyStartedAt = await database.cpuSeconds();
    const began = performance.now();
    await pipeline(Readable.from(chunks), client.query(copyFrom('copy plain_copy from stdin')));
    const copySeconds = (performance.now() - began) / 1000;
    const copyServerSeconds = (await database.cpuSeconds()) - copyStartedAt;
    return {
      ...synced,
      calls,
      second,
      serverSeconds,
      copySeconds,
      copyServerSeconds,
      ratio: copySeconds / synced.seconds,
    };
  } finally {
    await client.end();
    await database.close();
  }
}

const table: string[][] = [];
const results: object[] = [];
for (const rows of options.rows) {
  const twin = fork(fileOf('./processes/prebuilt-salesforce.ts'), [String(rows)], { execArgv: FLAGS });
  const [message] = await once(twin, 'message');
  const org = z.record(z.string(), z.string()).parse(message);
  const rounds: Awaited<ReturnType<typeof measure>>[] = [];
  const warm: typeof rounds = [];
  for (let round = 0; round < (options.seeds[0] ?? 1); round += 1) {
    rounds.push(await measure(rows, org, twin));
    if (rows <= WARM_UP_TO) warm.push(await measure(rows, org, twin, { warm: true }));
  }
  twin.disconnect();
  const all = (read: (round: (typeof rounds)[number]) => number, digits?: number): string =>
    spread(rounds.map(read), digits);
  const ratioOf = (round: (typeof rounds)[number]): number => round.ratio;
  const [first] = rounds;
  table.push([
    String(rows),
    all((round) => rows / round.seconds, 0),
    all((round) => rows / round.copySeconds, 0),
    all(ratioOf),
    warm.length === 0 ? '' : spread(warm.map(ratioOf)),
    all((round) => (round.cpuSeconds / rows) * 1e6, 0),
    all((round) => (round.serverSeconds / rows) * 1e6, 0),
    all((round) => (round.copyServerSeconds / rows) * 1e6, 0),
    all((round) => round.peakMb, 0),
    `${first?.calls} (${fewestCalls(rows)})`,
    `${first?.second.calls}`,
    String(first?.companies),
  ]);
  results.push({ rows, ratio: median(rounds.map(ratioOf)), rounds, warm });
}
printResult(
  'first sync from Salesforce against COPY',
  [
    'rows',
    'sync rows/s',
    'COPY rows/s',
    'ratio',
    'in a worker at work',
    'sync CPU µs/row',
    'database CPU µs/row',
    'of COPY',
    'peak MB',
    'calls (fewest)',
    'second sync calls',
    'companies made',
  ],
  table,
  { results },
);
