// How long a stored pitch's PDF takes over HTTP, from the request to its last byte, for ten companies as different as sheets get.
import { tenCompanies } from '../test/pipeline/6-pitch/pdf/ten-companies.ts';
import { storeFacts } from '../test/pipeline/6-pitch/pdf/store-facts.ts';
import { openWeb } from '../test/web/web-fixture.ts';
import { percentile } from './harness/numbers.ts';
import { printResult, readNumbers } from './harness/print.ts';

const options = readNumbers({ rounds: [20] });
const [rounds = 20] = options.rounds;
const GOAL_MS = 2_000;

const web = await openWeb();
try {
  const companies = tenCompanies().map(([what, facts]) => ({ what, facts, domain: facts.company.domain, taken: [] as number[], kilobytes: 0 })); // prettier-ignore
  await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    for (const { facts } of companies) await storeFacts(tx, web.workspaceId, facts);
  });
  for (let round = 0; round <= rounds; round += 1)
    for (const company of companies) {
      const from = performance.now();
      const answer = await fetch(`${web.base}/companies/${company.domain}/pitch.pdf`);
      const bytes = await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`${company.domain}: status ${answer.status}`);
      company.taken.push(performance.now() - from);
      company.kilobytes = bytes.byteLength / 1_000;
    }
  const all = companies.flatMap(({ taken }) => taken.slice(1));
  const row = (what: string, first: number, taken: readonly number[], kilobytes: string): string[] => [
    what,
    first.toFixed(0),
    percentile(taken, 0.5).toFixed(0),
    percentile(taken, 0.95).toFixed(0),
    Math.max(...taken).toFixed(0),
    kilobytes,
  ];
  const firsts = companies.map(({ taken }) => taken[0] ?? NaN);
  printResult(
    `GET of a stored pitch's PDF, ${rounds} rounds over ten companies, one at a time (goal: ${GOAL_MS} ms)`,
    ['company', 'first, ms', 'p50 ms', 'p95 ms', 'longest ms', 'kB'],
    [
      ...companies.map(({ what, taken, kilobytes }) =>
        row(what, taken[0] ?? NaN, taken.slice(1), kilobytes.toFixed(0)),
      ),
      row('all', Math.max(...firsts), all, ''),
    ],
    {
      goalMs: GOAL_MS,
      p95Ms: percentile(all, 0.95),
      firstMs: Math.max(...firsts),
      companies: companies.map(({ what, taken }) => ({ what, taken })),
    },
  );
} finally {
  await web.close();
}
