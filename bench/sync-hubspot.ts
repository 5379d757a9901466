// API calls of a first sync from HubSpot, whose lists give 100 rows to a call, and of the second sync of the unchanged account, against
// the fewest. Its pace is the platform's: 100 calls in ten seconds.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { createBenchDatabase } from './harness/database.ts';
import { printResult, readNumbers } from './harness/print.ts';
import { startTwins } from './harness/processes.ts';

const options = readNumbers({ companies: [3_000] });
const LIST_PAGE = 100;
const Synced = z.object({ rows: z.number(), seconds: z.number() });

async function writeCompanies(folder: string, companies: number): Promise<void> {
  const lines = Array.from({ length: companies }, (_, index) => {
    const domain = `listed-company-${index}.example`;
    const nothing = { one_liner: null, description: null, industry: null, employees: null, location: null };
    return JSON.stringify({
      id: `bench:${index}`,
      domain,
      name: `Listed ${index}`,
      crm: ['hubspot'],
      ...nothing,
    });
  });
  await writeFile(join(folder, 'companies.jsonl'), `${lines.join('\n')}\n`);
}

const table: string[][] = [];
const results: object[] = [];
for (const companies of options.companies) {
  const worldFolder = await mkdtemp(join(tmpdir(), 'fieldnote-bench-'));
  await writeCompanies(worldFolder, companies);
  const database = await createBenchDatabase();
  const twins = await startTwins({ worldFolder });
  const movingCalls = async (): Promise<number> => {
    const { hubspot } = await twins.countCalls();
    return ['list', 'search'].reduce((sum, name) => sum + (hubspot?.byOperation[name]?.calls ?? 0), 0);
  };
  try {
    const hubspot = Object.fromEntries(
      Object.entries(twins.environment).filter(([name]) => name.startsWith('HUBSPOT_')),
    );
    const child = fork(fileURLToPath(new URL('./processes/sync-once.ts', import.meta.url)), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: { ...hubspot, DATABASE_URL: database.url, PATH: process.env.PATH ?? '' },
    });
    const [message] = await once(child, 'message');
    const first = Synced.parse(message);
    const calls = await movingCalls();
    const told = once(child, 'message');
    child.send('again');
    await told;
    const second = (await movingCalls()) - calls;
    await once(child, 'exit');
    const fewest = Math.ceil(companies / LIST_PAGE) + Math.ceil((first.rows - companies) / LIST_PAGE);
    table.push([String(first.rows), first.seconds.toFixed(1), `${calls} (${fewest})`, String(second)]);
    results.push({ rows: first.rows, seconds: first.seconds, calls, fewest, second });
  } finally {
    await twins.stop();
    await database.close();
    await rm(worldFolder, { recursive: true });
  }
}
printResult('first sync from HubSpot', ['rows', 'seconds', 'calls (fewest)', 'second sync calls'], table, {
  results,
});
