// Companies per second through all stages when nothing outside takes time: what the product itself costs.
import { printResult, readNumbers, spread } from './harness/print.ts';
import { measureRun, openPipeline } from './harness/pipeline.ts';
import type { Measured } from './harness/pipeline.ts';
import { timePureReading } from './harness/pure-reading.ts';

const options = readNumbers({ companies: [100, 1_000], seeds: [1], concurrency: [32], llm: [1] });

const rows: string[][] = [];
const data: object[] = [];
for (const companies of options.companies) {
  const rounds: (Measured & { pure: number })[] = [];
  for (let round = 0; round < (options.seeds[0] ?? 1); round += 1) {
    const pipeline = await openPipeline({ companies, llm: options.llm[0] === 1 });
    try {
      const measured = await measureRun(pipeline, { concurrency: options.concurrency[0] ?? 32 });
      rounds.push({ ...measured, pure: await timePureReading(pipeline) });
    } finally {
      await pipeline.close();
    }
  }
  const per = (seconds: (round: Measured) => number): string =>
    spread(
      rounds.map((round) => (seconds(round) / companies) * 1000),
      1,
    );
  rows.push([
    String(companies),
    spread(
      rounds.map((round) => companies / round.seconds),
      1,
    ),
    spread(
      rounds.map((round) => companies / round.writtenSeconds),
      1,
    ),
    spread(rounds.map((round) => companies / round.seconds / round.pure)),
    per((round) => round.cpu.worker),
    spread(
      rounds.map((round) => 1000 / round.pure),
      1,
    ),
    per((round) => round.cpu.database),
    per((round) => round.cpu.twins),
    spread(
      rounds.map((round) => round.peakMb),
      0,
    ),
  ]);
  data.push({ companies, rounds: rounds });
}
printResult(
  'pipeline, twins without latency',
  [
    'companies',
    'companies/s',
    '… written',
    '÷ pure reading',
    'worker CPU ms/company',
    'of it pure',
    'database',
    'twins',
    'worker peak MB',
  ],
  rows,
  { results: data },
);
