import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import type { App } from '../../src/app.ts';
import { evaluate } from '../../src/pipeline/evaluate.ts';
import type { RunProgress } from '../../src/pipeline/runs.ts';
import { rankCompanies } from '../../src/pipeline/store/scores.ts';
import type { RankedCompany } from '../../src/pipeline/store/scores.ts';
import { connectAndSync, runToEnd, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { companyDomain, expectRecords } from './expected-records.ts';
import type { ExpectedRecords } from './expected-records.ts';
import { asBand, readLabels } from './labels.ts';
import { dumpRecords, readCalls } from './twin-records.ts';

const DATA = process.env['FIELDNOTE_DATA'] ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
const WORLD = resolve(DATA, 'dev');
const LIMIT = 500;
const ENOUGH_TEXT = 300;

describe(
  `${LIMIT} companies of the real texts`,
  { skip: existsSync(join(WORLD, 'companies.jsonl')) ? false : `no real texts at ${WORLD} (FIELDNOTE_DATA)` },
  () => {
    let system: System;
    let app: App;
    let truth: ExpectedRecords;
    let run: RunProgress;
    let ranking: RankedCompany[];
    before(async () => {
      system = await startSystem({ worldFolder: WORLD, limit: LIMIT });
      app = await system.openApp({ worker: true });
      await connectAndSync(app);
      await app.startWorker({ schedule: false });
      run = await runToEnd(app);
      truth = expectRecords(system.sandbox.world);
      ranking = await app.db.inWorkspace(app.workspaceId, (tx) => rankCompanies(tx, { limit: 10_000 }));
    });
    after(() => system.close());

    test('every one ends scored, or without enough evidence and with the reason', (t) => {
      assert.deepEqual([run.run.state, run.failed, run.done], ['done', 0, truth.companies.size]);
      assert.equal(ranking.length, truth.companies.size);
      for (const row of ranking.filter((one) => one.status !== 'scored')) assert.match(row.why ?? '', /\w+/);
      const seconds = ((run.run.finishedAt?.getTime() ?? 0) - run.run.createdAt.getTime()) / 1000;
      t.diagnostic(`${ranking.length} companies in ${seconds.toFixed(1)} s`);
    });

    test(`at least 95 % of those with ${ENOUGH_TEXT} characters of text are scored`, (t) => {
      const scored = new Set(ranking.filter((row) => row.status === 'scored').map((row) => row.domain));
      const told = system.sandbox.world.companies.filter(
        (company) => (company.description ?? '').length + (company.oneLiner ?? '').length >= ENOUGH_TEXT,
      );
      const share = told.filter((company) => scored.has(companyDomain(company.domain))).length / told.length;
      t.diagnostic(`${(100 * share).toFixed(1)} % of ${told.length}`);
      assert.ok(told.length > 100 && share >= 0.95, `${share} of ${told.length}`);
    });

    test('the fields stand on the right records of both CRMs, and on no other', async () => {
      const { salesforce, hubspot } = system.sandbox.twins;
      const records = await dumpRecords({ salesforce: salesforce.url, hubspot: hubspot.url });
      const byDomain = new Map(ranking.map((row) => [row.domain, row]));
      assert.ok(truth.domains.size > LIMIT);
      for (const [key, domain] of truth.domains) {
        const [ours, row] = [records.get(key)?.ours, byDomain.get(domain)];
        assert.equal(ours?.score === undefined ? null : Number(ours.score), row?.score, `${key} (${domain})`);
        assert.equal(ours?.band, row?.band ?? 'Not enough evidence', `${key} (${domain})`);
        assert.ok(ours?.pitchLink?.endsWith(`/companies/${domain}/pitch`), key);
      }
      for (const [key, record] of records)
        if (!truth.domains.has(key)) assert.deepEqual(record.ours, {}, key);
    });

    test('a company in both CRMs was researched once', async () => {
      const asked = (await readCalls(system.sandbox.twins.tavily.url)).map((call) => call.about);
      assert.ok(truth.inBoth.size > 20);
      assert.equal(new Set(asked).size, asked.length);
    });

    test('true needs rank above the rest', async (t) => {
      const labels = await readLabels(join(WORLD, 'labels.jsonl'));
      const byDomain = new Map(ranking.map((row) => [row.domain, row]));
      const rows = labels
        .filter((label) => byDomain.has(label.domain))
        .map(({ domain, grade, visible }) => {
          const row = byDomain.get(domain);
          return { score: row?.score ?? null, band: asBand(row?.band), grade, visible };
        });
      const { n, auc, aucHard } = evaluate(rows);
      t.diagnostic(`auc ${auc?.toFixed(3)}, aucHard ${aucHard?.toFixed(3)}, n ${n}`);
      assert.ok((auc ?? 0) > 0.94 && (aucHard ?? 0) > 0.88);
    });
  },
);
