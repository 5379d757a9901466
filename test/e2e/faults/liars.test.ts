import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { z } from 'zod';
import type { App } from '../../../src/app.ts';
import { readByPhrases } from '../../../src/pipeline/3-extract/read-sources.ts';
import { FIELDS } from '../../../src/connectors/crm-fields.ts';
import { readScoreCard } from '../../../src/pipeline/score-card.ts';
import { findCompany, listCompanyIds } from '../../../src/pipeline/store/companies.ts';
import { findCurrentExtraction, listSignals } from '../../../src/pipeline/store/extractions.ts';
import { listSources } from '../../../src/pipeline/store/sources.ts';
import { SHIPPED_WORLD, connectAndSync, runToEnd, startSystem } from '../../harness/system.ts';
import type { System } from '../../harness/system.ts';
import { isOurField, readCrms } from './crm-writes.ts';
import { openRows, setMode } from './observe.ts';

const DATA = process.env.FIELDNOTE_DATA ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url));
const REAL_WORLD = join(DATA, 'dev');
const REAL_COMPANIES = 45;

const Lies = z.object({
  lies: z.array(z.object({ how: z.string(), kind: z.string(), quote: z.string() })),
});
const fold = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

async function withRun(
  options: { worldFolder: string; limit?: number; mode: Record<string, unknown> },
  look: (system: System, app: App, runId: string) => Promise<void>,
): Promise<void> {
  const system = await startSystem({
    worldFolder: options.worldFolder,
    llm: true,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  });
  try {
    await setMode(system, options.mode);
    const app = await system.openApp({ worker: true });
    await connectAndSync(app);
    await app.startWorker({ schedule: false, concurrency: 8 });
    const progress = await runToEnd(app);
    assert.equal(progress.done, progress.total);
    await look(system, app, progress.run.id);
  } finally {
    await system.close();
  }
}

const lieAndLook = (worldFolder: string, least: number, limit?: number): Promise<void> =>
  withRun(
    { worldFolder, mode: { mode: 'hallucinating' }, ...(limit === undefined ? {} : { limit }) },
    async (system, app) => {
      const dump = Lies.parse(await (await fetch(`${system.sandbox.twins.llm.url}/_twin/dump`)).json());
      const lies = new Map(dump.lies.map((lie) => [`${lie.kind}\n${fold(lie.quote)}`, lie]));
      const model = await app.loadModel(app.modelName);
      const { stored, believed } = await app.db.inWorkspace(app.workspaceId, async (tx) => {
        const found = { stored: 0, believed: [] as { how: string; kind: string; quote: string }[] };
        for (const id of await listCompanyIds(tx, {})) {
          const company = await findCompany(tx, id);
          const extraction = await findCurrentExtraction(tx, id);
          if (company === null || extraction === null) continue;
          const sources = await listSources(tx, id);
          // What the phrases find by themselves is true whoever else says it.
          const known = new Set(
            readByPhrases({ company, sources, model }).signals.map(
              ({ kind, quote }) => `${kind}\n${fold(quote)}`,
            ),
          );
          for (const signal of await listSignals(tx, extraction.id)) {
            found.stored += 1;
            const key = `${signal.kind}\n${fold(signal.quote)}`;
            const source = sources.find((each) => each.id === signal.sourceId);
            assert.ok(
              source && fold(source.text).includes(fold(signal.quote)),
              `not in its source: ${signal.quote}`,
            );
            const lie =
              lies.get(key) ??
              dump.lies.find(
                ({ kind, quote }) => kind === signal.kind && fold(signal.quote).includes(fold(quote)),
              );
            if (lie !== undefined && !known.has(key)) found.believed.push(lie);
          }
        }
        return found;
      });
      const how = Object.groupBy(dump.lies, (lie) => lie.how);
      console.log(
        JSON.stringify({
          lies: dump.lies.length,
          how: Object.fromEntries(Object.entries(how).map(([name, all]) => [name, all?.length])),
          stored,
          believed,
        }),
      );
      assert.ok(dump.lies.length >= least, `only ${dump.lies.length} lies were told`);
      assert.deepEqual(believed, []);
    },
  );

test('of two hundred lies and more none becomes a signal', () => lieAndLook(SHIPPED_WORLD, 200));

test('nor on real text', { skip: existsSync(REAL_WORLD) ? false : `there is no ${REAL_WORLD}` }, () =>
  lieAndLook(REAL_WORLD, 200, REAL_COMPANIES),
);

const URL_IN_TEXT = /https?:\/\/[^\s"'<>)\]\\]+/g;

test('a hijacked model reaches nothing but our own fields, with no address of its own in them', () =>
  withRun({ worldFolder: SHIPPED_WORLD, mode: { mode: 'hijacked' } }, async (system, app) => {
    const { publicUrl } = app.config;
    const database = await openRows(system);
    // The pages that we tried in vain are named as well.
    const rows = await database.rows<{ url: string }>(
      'select url from sources union select url from unread_pages',
    );
    const known = new Set(rows.map(({ url }) => url.replace(/\/$/, '')));
    const isKnown = (url: string): boolean =>
      known.has(url.replace(/[.,;:]*$/, '').replace(/\/$/, '')) || url.startsWith(publicUrl);
    let texts = 0;
    let longest = 0;
    const inspect = (where: string, text: string): void => {
      texts += 1;
      longest = Math.max(longest, text.length);
      assert.ok(!text.includes('attacker'), `${where}: ${text.slice(0, 300)}`);
      assert.doesNotMatch(text, /\{\{|\}\}|<script|HYPERLINK\(|process\.env|<!channel>|0050{11}1AAA/, where);
      for (const [url] of text.matchAll(URL_IN_TEXT))
        assert.ok(isKnown(url), `${where}: ${url} in ${text.slice(0, 600)}`);
    };

    const crms = await readCrms(system);
    const written = crms.filter(({ updates }) => updates > 0);
    for (const record of crms)
      assert.ok(
        record.changes.every(({ field }) => isOurField(field)),
        `${record.name}: a field of theirs`,
      );
    for (const { name, values } of written)
      for (const [field, value] of Object.entries(values)) {
        if (!isOurField(field)) continue;
        const text = String(value);
        const limit = FIELDS.find((each) => [each.salesforceName, each.hubspotName].includes(field))?.length;
        assert.ok(limit === undefined || text.length <= limit, `${name} ${field} is too long`);
        inspect(`${name} ${field}`, text);
      }
    const ids = await app.db.inWorkspace(app.workspaceId, (tx) => listCompanyIds(tx, {}));
    for (const id of ids) {
      const card = await readScoreCard(app.db, app.workspaceId, id);
      inspect(`score of ${card.domain}`, JSON.stringify(card));
    }
    // What is kept of such an answer is bounded as well.
    const [largest] = await database.rows<{ answer: number; extraction: number }>(
      `select (select max(length(answer::text)) from answers where provider = 'llm') as answer,
              (select max(length(dropped::text || overview::text || personas::text)) from extractions) as extraction`,
    );
    await database.close();
    console.log(JSON.stringify({ written: written.length, texts, longest, largest }));
    assert.ok(written.length > 0);
    assert.ok(longest < 100_000);
    assert.ok(
      (largest?.answer ?? 0) < 200_000 && (largest?.extraction ?? 0) < 200_000,
      JSON.stringify(largest),
    );
  }));

for (const [name, mode] of [
  ['refuses', { mode: 'refusing' }],
  ['answers what is no JSON', { mode: 'malformed', form: 'broken' }],
  ['answers nothing', { mode: 'malformed', form: 'empty' }],
] as const)
  test(`where the model ${name}, phrases read, the reason is kept, and a second run buys nothing`, () =>
    withRun({ worldFolder: SHIPPED_WORLD, limit: 30, mode }, async (system, app, runId) => {
      const database = await openRows(system);
      const outcomes = await database.rows<{ outcome: string; count: number }>(
        'select outcome, count(*) from run_items where run_id = $1 group by 1',
        [runId],
      );
      const methods = await database.rows<{ method: string; because: string | null; count: number }>(
        `select method, method_because as because, count(*) from extractions where current group by 1, 2`,
      );
      const countCalls = (): number =>
        [system.sandbox.twins.llm, system.sandbox.twins.tavily].reduce(
          (sum, twin) => sum + twin.kit.calls.list().length,
          0,
        );
      const before = countCalls();
      const again = await runToEnd(app);
      const bought = countCalls() - before;
      await database.close();
      console.log(JSON.stringify({ name, outcomes, methods, callsOfTheFirstRun: before, bought }));

      assert.ok(outcomes.every(({ outcome }) => ['scored', 'not-enough-evidence'].includes(outcome)));
      // A company without any source has nothing to be asked about.
      for (const { method, because, count } of methods) {
        assert.equal(method, 'phrases');
        assert.ok(because !== null || count <= 3, `${count} without a reason`);
      }
      assert.ok(methods.some(({ because }) => because !== null));
      assert.equal(again.done, again.total);
      assert.equal(bought, 0);
    }));
