// Rows per second of a first sync from Salesforce's REST pages, against a plain COPY of the very same rows into the same table.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { z } from 'zod';
import { createBenchDatabase } from './harness/database.ts';
import { median, printResult, readNumbers, spread } from './harness/print.ts';

const options = readNumbers({ rows: [10_000, 100_000], seeds: [3] });
const Synced = z.object({
  rows: z.number(),
  companies: z.number(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  startMb: z.number(),
  peakMb: z.number(),
});
const FLAGS = ['--disable-warning=ExperimentalWarning'];
const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

async function measure(rows: number, org: Record<string, string>) {
  const database = await createBenchDatabase();
  const client = new pg.Client({ connectionString: database.url });
  try {
    const child = fork(fileOf('./processes/sync-once.ts'), {
      execArgv: FLAGS,
      env: { ...org, DATABASE_URL: database.url, PATH: process.env.PATH ?? '' },
    });
    const [message] = await once(child, 'message');
    const synced = Synced.parse(message);
    if (synced.rows !== rows) throw new Error(`${synced.rows} rows were synced of ${rows}`);
    await once(child, 'exit');

    await client.connect();
    const chunks: Buffer[] = [];
    await pipeline(
      client.query(copyTo('copy records to stdout')),
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
    const began = performance.now();
    await pipeline(Readable.from(chunks), client.query(copyFrom('copy plain_copy from stdin')));
    const copySeconds = (performance.now() - began) / 1000;
    return { ...synced, copySeconds, ratio: copySeconds / synced.seconds };
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
  const rounds = [];
  for (let round = 0; round < (options.seeds[0] ?? 1); round += 1) rounds.push(await measure(rows, org));
  twin.disconnect();
  table.push([
    String(rows),
    spread(
      rounds.map((round) => rows / round.seconds),
      0,
    ),
    spread(
      rounds.map((round) => rows / round.copySeconds),
      0,
    ),
    spread(rounds.map((round) => round.ratio)),
    spread(
      rounds.map((round) => (round.cpuSeconds / rows) * 1e6),
      0,
    ),
    String(rounds[0]?.companies),
    spread(
      rounds.map((round) => round.peakMb),
      0,
    ),
  ]);
  results.push({ rows, ratio: median(rounds.map((round) => round.ratio)), rounds });
}
printResult(
  'first sync from Salesforce against COPY',
  ['rows', 'sync rows/s', 'COPY rows/s', 'ratio', 'sync CPU µs/row', 'companies made', 'peak MB'],
  table,
  { results },
);
