// How long a lookup's transactions take in a process that is busy with a batch: alone, beside it, and beside it where it steps aside.
import { setTimeout as wait } from 'node:timers/promises';
import { openDatabase } from '../src/db.ts';
import type { Database } from '../src/db.ts';
import { createPeopleFirst } from '../src/people-first.ts';
import { createBenchDatabase } from './harness/database.ts';
import { median } from './harness/numbers.ts';
import { printResult, readNumbers, spread } from './harness/print.ts';

const options = readNumbers({ rounds: [3], companies: [140], transactions: [25] });
const [rounds = 0] = options.rounds;
const [companies = 0] = options.companies;
const [transactions = 0] = options.transactions;

// As a worker has them (app-means.ts).
const CONNECTIONS = { people: 8, batch: 12 };
// About what a transaction of a company costs beside the database: 42 ms of the worker's processor for 37 of them (docs/performance.md).
const WORK_MS = 1.2;
// What a company waits for others between two of them: it has 37 within 23 s.
const BETWEEN_MS = 600;
const RUN_UP_MS = 1_500;

type Way = 'alone' | 'beside a batch' | 'beside a batch that steps aside';
type Trial = { milliseconds: number; batchPerSecond: number };

const database = await createBenchDatabase();
const people = await openDatabase(database.url, { maxConnections: CONNECTIONS.people });
const batch = await openDatabase(database.url, { maxConnections: CONNECTIONS.batch });
const trials: Record<Way, Trial[]> = {
  alone: [],
  'beside a batch': [],
  'beside a batch that steps aside': [],
};
try {
  for (let round = 0; round < rounds; round += 1)
    for (const way of ['alone', 'beside a batch', 'beside a batch that steps aside'] as const)
      trials[way].push(await measure(way));
} finally {
  await Promise.all([people.close(), batch.close()]);
  await database.close();
}
const alone = median(trials.alone.map(({ milliseconds }) => milliseconds));
printResult(
  `${transactions} transactions of a lookup in a process with ${companies} companies of a batch`,
  ['', 'ms', 'times as long as alone', 'transactions of the batch per second meanwhile'],
  Object.entries(trials).map(([way, each]) => [
    way,
    spread(
      each.map(({ milliseconds }) => milliseconds),
      0,
    ),
    (median(each.map(({ milliseconds }) => milliseconds)) / alone).toFixed(1),
    spread(
      each.map(({ batchPerSecond }) => batchPerSecond),
      0,
    ),
  ]),
  { companies, transactions, trials },
);

async function measure(way: Way): Promise<Trial> {
  const first = createPeopleFirst({ connections: CONNECTIONS.batch });
  const aside = way === 'beside a batch that steps aside';
  const [lookup, others] = aside ? [first.ofPeople(people), first.ofBatch(batch)] : [people, batch];
  let going = way !== 'alone';
  let steps = 0;
  const work = async (): Promise<void> => {
    while (going) {
      await step(others);
      steps += 1;
      await wait(BETWEEN_MS * (0.5 + Math.random()));
    }
  };
  const working = Array.from({ length: companies }, work);
  await wait(RUN_UP_MS);
  steps = 0;
  const began = performance.now();
  for (let nth = 0; nth < transactions; nth += 1) await step(lookup);
  const milliseconds = performance.now() - began;
  const batchPerSecond = steps / (milliseconds / 1_000);
  going = false;
  await Promise.all(working);
  return { milliseconds, batchPerSecond };
}

/** One transaction of two statements, and what the process does with them. */
async function step(db: Database): Promise<void> {
  await db.inDirectory(async (tx) => {
    await tx.query('select 1');
    await tx.query('select 2');
  });
  const began = process.cpuUsage();
  for (let spent = 0; spent < WORK_MS * 1_000;) {
    const { user, system } = process.cpuUsage(began);
    spent = user + system;
  }
}
