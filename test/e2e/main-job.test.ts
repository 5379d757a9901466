import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { App } from '../../src/app.ts';
import { evaluate } from '../../src/pipeline/evaluate.ts';
import type { RunProgress } from '../../src/pipeline/runs.ts';
import { readScoreCard } from '../../src/pipeline/score-card.ts';
import type { ScoreCard } from '../../src/pipeline/score-card.ts';
import { findCompanyByDomain } from '../../src/pipeline/store/companies.ts';
import { countSkipped } from '../../src/pipeline/store/skipped-records.ts';
import { rankCompanies } from '../../src/pipeline/store/scores.ts';
import type { RankedCompany } from '../../src/pipeline/store/scores.ts';
import { listSources, listUnreadPages } from '../../src/pipeline/store/sources.ts';
import { SHIPPED_WORLD, connectAndSync, runToEnd, startSystem, syncAll } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { asBand, readLabels } from './labels.ts';
import { expectRecords } from './expected-records.ts';
import type { ExpectedRecords } from './expected-records.ts';
import { changedBetween, dumpRecords, emptyCalls, isWrite, readCalls } from './twin-records.ts';
import type { TwinRecord } from './twin-records.ts';

let system: System;
let app: App;
let truth: ExpectedRecords;
let first: RunProgress;
let untouched: Map<string, TwinRecord>;
let written: Map<string, TwinRecord>;
let ranking: RankedCompany[];

before(async () => {
  system = await startSystem();
  const { salesforce, hubspot } = system.sandbox.twins;
  untouched = await dumpRecords({ salesforce: salesforce.url, hubspot: hubspot.url });
  app = await system.openApp({ worker: true });
  await connectAndSync(app);
  await app.startWorker({ schedule: false });
  first = await runToEnd(app);
  written = await dumpRecords({ salesforce: salesforce.url, hubspot: hubspot.url });
  truth = expectRecords(system.sandbox.world);
  ranking = await app.db.inWorkspace(app.workspaceId, (tx) => rankCompanies(tx));
});
after(() => system.close());

async function idOf(domain: string): Promise<string> {
  const company = await app.db.inWorkspace(app.workspaceId, (tx) => findCompanyByDomain(tx, domain));
  assert.ok(company, `${domain} is a company`);
  return company.id;
}
async function cardOf(domain: string): Promise<ScoreCard> {
  return readScoreCard(app.db, app.workspaceId, await idOf(domain));
}
const recordsOf = (domain: string): TwinRecord[] =>
  [...truth.domains].filter(([, of]) => of === domain).flatMap(([key]) => written.get(key) ?? []);
const textOf = (record: TwinRecord): string => Object.values(record.ours).join('\n');

test('every company of both CRMs ends scored, or says why there is not enough evidence', () => {
  assert.deepEqual(
    [first.run.state, first.total, first.done, first.failed],
    ['done', truth.companies.size, truth.companies.size, 0],
  );
  assert.deepEqual(new Set(ranking.map((row) => row.domain)), truth.companies);
  for (const row of ranking) {
    if (row.status === 'scored') {
      assert.ok(row.score !== null && row.score >= 0 && row.score <= 100, row.domain);
      assert.ok(row.band !== null && row.reasons.length > 0, row.domain);
      const points = row.reasons.reduce((sum, reason) => sum + reason.points, 0);
      assert.ok(
        Math.abs(points - row.score) < 0.06,
        `the points of ${row.domain} add up: ${points}, ${row.score}`,
      );
    } else {
      assert.deepEqual([row.score, row.band], [null, null], row.domain);
      assert.match(row.why ?? '', /\w+/, row.domain);
    }
  }
});

test('the fields stand on the right records of both CRMs and hold what the database holds', async () => {
  const cards = new Map<string, ScoreCard>();
  for (const domain of truth.companies) cards.set(domain, await cardOf(domain));
  for (const [key, domain] of truth.domains) {
    const { ours } = written.get(key) ?? assert.fail(`${key} is gone`);
    const card = cards.get(domain) ?? assert.fail(domain);
    const number = (text: string | undefined): number | null => (text === undefined ? null : Number(text));
    assert.equal(number(ours.score), card.score, `score of ${key} (${domain})`);
    assert.equal(ours.band, card.band ?? 'Not enough evidence', `${key} (${domain})`);
    assert.equal(ours.model, `${card.modelVersion}, method: phrases`, key);
    // Salesforce keeps whole seconds.
    const late = Date.parse(card.scoredAt) - Date.parse(ours.scoredAt ?? '');
    assert.ok(late >= 0 && late < 1000, `${key}: ${ours.scoredAt}`);
    assert.ok(ours.pitchLink?.endsWith(`/companies/${domain}/pitch`), `${key}: ${ours.pitchLink}`);
    for (const rival of card.competitors) assert.ok(ours.competitors?.includes(rival.name), key);
    if (card.status === 'scored') {
      assert.equal(number(ours.confidence), Math.round(card.confidence * 100), key);
      const [strongest] = card.reasons.filter((reason) => reason.quote !== null);
      assert.ok(ours.why?.includes(strongest?.quote ?? 'add up to the score'), `${key}: ${ours.why}`);
      for (const point of card.pitch?.keyPoints ?? []) assert.ok(ours.pitch?.includes(point), key);
      const missing = (['personas', 'pitch'] as const).filter((field) => ours[field] === undefined);
      assert.deepEqual(missing, [], key);
    } else {
      assert.ok(ours.why?.includes(card.why ?? '?'), key);
      assert.deepEqual([ours.score, ours.pitch, ours.personas], [undefined, undefined, undefined], key);
    }
  }
});

test('nothing but our ten fields was written, and none of them on a record that means no company', () => {
  assert.deepEqual(new Set(written.keys()), new Set(untouched.keys()));
  for (const [key, record] of written) {
    assert.deepEqual(record.other, untouched.get(key)?.other, key);
    if (!truth.domains.has(key)) assert.deepEqual(record.ours, {}, key);
  }
  assert.ok(truth.nobody.size >= 10, 'the world has rows that mean nobody');
});

test('a lead gets the score of its company by e-mail domain or website', async () => {
  const lead = [...written.values()].find((record) =>
    record.other['Email']?.toLowerCase().startsWith('hector.salcido@'),
  );
  assert.equal(Number(lead?.ours.score), (await cardOf('overland-autonomy.example')).score);
  const leads = [...truth.domains.keys()].filter((key) => key.startsWith('Lead/'));
  assert.ok(leads.length >= 15);
  for (const key of leads) assert.ok(written.get(key)?.ours.band, key);
});

test('rows that lead to no company are counted with the reason', async () => {
  const skipped = await app.db.inWorkspace(app.workspaceId, (tx) => countSkipped(tx, 100));
  const because = skipped.listed.map((row) => row.because).join('\n');
  assert.match(because, /gmail\.com is a mailbox provider/);
  assert.match(because, /a page on linkedin\.com, not a company's own domain/);
  assert.match(because, /facebook\.com/);
  assert.match(because, /no website/);
});

test('two companies of one name are never mixed up', async () => {
  const [lab, brass] = [await cardOf('orrery-labs.example'), await cardOf('orrerylabs-brass.example')];
  assert.equal(lab.name, brass.name);
  assert.equal(lab.band, 'A');
  assert.equal(brass.band, 'D');
  const sources = async (domain: string) => {
    const id = await idOf(domain);
    return new Set(
      (await app.db.inWorkspace(app.workspaceId, (tx) => listSources(tx, id))).map((source) => source.url),
    );
  };
  const ofBrass = await sources('orrerylabs-brass.example');
  assert.deepEqual(
    [...(await sources('orrery-labs.example'))].filter((url) => ofBrass.has(url)),
    [],
  );
  for (const record of recordsOf('orrerylabs-brass.example'))
    assert.doesNotMatch(textOf(record), /Meridian|orrery-labs\.example|trains|H100/, record.id);
});

test('a company in both CRMs is researched once', async () => {
  assert.ok(truth.inBoth.size >= 12);
  const asked = (await readCalls(system.sandbox.twins.tavily.url)).map((call) => call.about ?? '');
  assert.equal(new Set(asked).size, asked.length, 'no search was bought twice');
  for (const domain of truth.inBoth) {
    const about = asked.filter((query) => query.endsWith(`-${domain}`) || query.endsWith(`+${domain}`));
    assert.ok(about.length > 0 && about.length <= 4, `${domain}: ${about.join(' | ')}`);
    const pages = (await readCalls(system.sandbox.twins.web.url)).filter(
      (call) => call.operation === 'page' && new RegExp(`//(www\\.)?${domain}/$`).test(call.path),
    );
    assert.equal(new Set(pages.map((call) => call.path)).size, pages.length, `${domain}: each page once`);
  }
});

test('sites that are parked, closed or empty give no invented evidence, and the reason is said', async () => {
  for (const [domain, reason] of [
    ['veridianloop.example', /parked|for sale/i],
    ['gristmill-analytics.example', /robots/i],
    ['cobalt-canvas.example', /read|text|JavaScript|empty/i],
  ] as const) {
    const card = await cardOf(domain);
    assert.equal(card.status, 'not-enough-evidence', domain);
    assert.match(card.why ?? '', reason, domain);
  }
  const blocked = await idOf('basalt-audio.example');
  const unread = await app.db.inWorkspace(app.workspaceId, (tx) => listUnreadPages(tx, blocked));
  assert.match(JSON.stringify(unread), /403/);
  assert.equal((await cardOf('basalt-audio.example')).status, 'scored', 'by what the press says');
});

test('a page that gives orders moves neither the score nor anything else', async () => {
  const card = await cardOf('zenith-optima.example');
  assert.ok(card.score !== null && card.score < 15, String(card.score));
  for (const record of written.values())
    assert.doesNotMatch(textOf(record), /exfil|collect@|10,000 GPUs|20,000 GPUs/);
  assert.doesNotMatch(JSON.stringify(card), /exfil|8,192/);
});

test('no address stands in any field that is not one of its sources', async () => {
  for (const domain of truth.companies) {
    const id = await idOf(domain);
    const { sources, unread } = await app.db.inWorkspace(app.workspaceId, async (tx) => ({
      sources: await listSources(tx, id),
      unread: await listUnreadPages(tx, id),
    }));
    const known = [...sources, ...unread].map((place) => place.url);
    const page = `${app.config.publicUrl}/companies/${domain}`;
    known.push(page, `${page}/pitch`);
    for (const record of recordsOf(domain))
      for (const [url] of textOf(record).matchAll(/(?:https?:\/\/|www\.)[^\s”"<>]+/g))
        assert.ok(
          known.some((one) => one === url.replace(/[).,;\]]+$/, '') || one === url),
          `${domain}: ${url}`,
        );
  }
});

test('true needs rank above hard negatives', async (t) => {
  const labels = await readLabels(join(SHIPPED_WORLD, 'labels.jsonl'));
  const byDomain = new Map(ranking.map((row) => [row.domain, row]));
  const rows = labels
    .filter((label) => truth.companies.has(label.domain))
    .map((label) => {
      const row = byDomain.get(label.domain);
      return {
        score: row?.score ?? null,
        band: asBand(row?.band),
        grade: label.grade,
        visible: label.visible,
      };
    });
  const result = evaluate(rows);
  t.diagnostic(`auc ${result.auc?.toFixed(3)}, aucHard ${result.aucHard?.toFixed(3)}, n ${result.n}`);
  t.diagnostic(JSON.stringify(result.confusion));
  assert.ok((result.auc ?? 0) > 0.94);
  assert.ok((result.aucHard ?? 0) > 0.9);
});

test('the same again costs no search, no reading and no write', async () => {
  const { salesforce, hubspot, tavily, web, llm } = system.sandbox.twins;
  await emptyCalls([salesforce.url, hubspot.url, tavily.url, web.url, llm.url]);
  await syncAll(app);
  const again = await runToEnd(app);
  assert.deepEqual([again.done, again.failed], [truth.companies.size, 0]);
  for (const twin of [tavily, web, llm]) assert.deepEqual(await readCalls(twin.url), [], twin.name);
  const toCrms = [...(await readCalls(salesforce.url)), ...(await readCalls(hubspot.url))];
  assert.deepEqual(
    toCrms.filter((call) => isWrite(call)),
    [],
  );
  const after = await dumpRecords({ salesforce: salesforce.url, hubspot: hubspot.url });
  assert.deepEqual(changedBetween(written, after), []);
});
