import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type { App } from '../../src/app.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { listModels } from '../../src/pipeline/6-pitch/choose-model.ts';
import { findCompanyByDomain } from '../../src/pipeline/store/companies.ts';
import { findCurrentExtraction } from '../../src/pipeline/store/extractions.ts';
import { listSources } from '../../src/pipeline/store/sources.ts';
import { createWebServer } from '../../src/web/server.ts';
import { connectAndSync, runToEnd, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { ask as askProgram, hasProgram, readText } from '../pipeline/6-pitch/pdf/read-pdf.ts';
import { setMode } from './faults/observe.ts';
import {
  CHANGING,
  COMMANDING,
  COMMANDS,
  PLAIN,
  RICH,
  engineeringWith,
  writeProvenWorld,
} from './proven-world.ts';
import { editTwin, emptyCalls, readCalls } from './twin-records.ts';

const Shown = z.object({ id: z.string(), version: z.int(), text: z.string(), callToAction: z.string(), cut: z.int(), method: z.string(), citations: z.array(z.object({ number: z.int(), quote: z.string(), url: z.string() })) }); // prettier-ignore
const Version = z.object({ version: z.int(), cuts: z.array(z.object({ text: z.string(), reason: z.string() })), changes: z.array(z.object({ text: z.string() })) }); // prettier-ignore
const Asked = z.object({ state: z.string(), pitchId: z.string().nullable(), why: z.string().nullable() });
const Lies = z.object({ lies: z.array(z.object({ kind: z.string(), quote: z.string() })) });

// Five passages, so that a model may write twenty facts and five inventions.
const TEMPLATE = `{{company.name}}\n${['does', 'runs', 'needs', 'doubts', 'fears'].map((what) => `\n{{#write "Say what it ${what}."}}\nNothing is said here.\n{{/write}}\n`).join('')}\n{{#callToAction}}\nWould 20 minutes this week help?\n{{/callToAction}}`;
const fold = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

type Bench = {
  system: System;
  app: App;
  /** Asks the API, and reads its answer. */
  api(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }>;
  readPdf(domain: string): Promise<Buffer>;
  sourcesOf(domain: string): Promise<{ url: string; text: string }[]>;
  close(): Promise<void>;
};

/** The companies of the world, read and scored, behind a web server. `mode`: how the LLM answers meanwhile. */
async function openBench(mode: object): Promise<Bench> {
  const world = await writeProvenWorld();
  const system = await startSystem({ worldFolder: world.folder, llm: true });
  await setMode(system, { ...mode });
  const app = await system.openApp({ worker: true });
  await connectAndSync(app);
  await app.startWorker({ schedule: false });
  const run = await runToEnd(app);
  assert.equal(run.failed, 0);
  const server = createWebServer({
    ...app,
    textModels: listModels(app.connectors.textModel),
    monthlyBudgetUsd: null,
    metrics: createMetrics(),
    log: createLog('silent'),
    host: '127.0.0.1',
    publicUrl: app.config.publicUrl,
  });
  const { port } = await server.listen(0, '127.0.0.1');
  const base = `http://127.0.0.1:${port}/api/v1`;
  return {
    system,
    app,
    api: async (method, path, body) => {
      const headers = { 'content-type': 'application/json', prefer: 'wait=25' };
      const answer = await fetch(`${base}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: await answer.json() };
    },
    readPdf: async (domain) => {
      const answer = await fetch(`${base}/companies/${domain}/pitch.pdf`);
      assert.equal(answer.status, 200);
      return Buffer.from(await answer.arrayBuffer());
    },
    sourcesOf: (domain) =>
      app.db.inWorkspace(app.workspaceId, async (tx) => {
        const company = await findCompanyByDomain(tx, domain);
        assert.ok(company);
        return listSources(tx, company.id);
      }),
    close: async () => {
      await server.close(1_000);
      await system.close();
      await world.remove();
    },
  };
}

const poppler = (await hasProgram('pdftotext')) ? false : 'poppler-utils is not installed';

/** The addresses that a PDF's links open, where they lead: without the words to look for there. */
async function readLinks(pdf: Buffer): Promise<string[]> {
  const listed = await askProgram(pdf, 'pdfinfo', ['-url', '{}']);
  return [...listed.matchAll(/^ *\d+ +\S+ +(\S+:\S+)$/gm)].map(([, url = '']) => url.split('#')[0] ?? '');
}

describe('a pitch of twenty true facts and five that the LLM invents', { skip: poppler }, () => {
  let bench: Bench;
  let pdf: Buffer;
  let printed: string;
  before(async () => {
    bench = await openBench({ mode: 'good' });
    assert.equal((await bench.api('PUT', '/templates/facts', { source: TEMPLATE })).status, 200);
    await bench.api('PATCH', '/pitch-settings', { template: 'facts', length: 'detailed' });
    await runToEnd(bench.app);
  });
  after(() => bench.close());
  const readShown = async () => Shown.parse((await bench.api('GET', `/companies/${RICH.domain}/pitch`)).body);

  test('asked for again it comes from the store without a call; one changed signal makes a version that says so', async () => {
    const { api, app, system } = bench;
    const urls = [system.sandbox.twins.llm.url, system.sandbox.twins.tavily.url];
    await emptyCalls(urls);
    const first = await readShown();
    const before = await bench.readPdf(RICH.domain);
    const again = await api('POST', `/companies/${RICH.domain}/pitches`, {});
    assert.deepEqual([again.status, Asked.parse(again.body).pitchId], [200, first.id]);
    await runToEnd(app);
    assert.equal((await readShown()).id, first.id);
    for (const url of urls) assert.deepEqual(await readCalls(url), []);
    assert.ok(before.equals(await bench.readPdf(RICH.domain)), 'and the same bytes');

    await editTwin(system.sandbox.twins.web.url, {
      as: 'the company',
      url: CHANGING.url,
      text: engineeringWith(CHANGING.after),
    });
    await runToEnd(app, { refresh: true });
    const next = await readShown();
    assert.equal(next.version, first.version + 1);
    const { changes } = Version.parse((await api('GET', `/pitches/${next.id}`)).body);
    const said = `Changed signal: Names GPU hardware: “${CHANGING.before}” → “${CHANGING.after}”`;
    assert.deepEqual(
      changes.map(({ text }) => text),
      [said],
    );
  });

  test('holds the twenty, each with its source, and none of the five; the five are kept with the reason', async () => {
    const { api, system } = bench;
    await setMode(system, { mode: 'hallucinating' });
    const made = Asked.parse((await api('POST', `/companies/${RICH.domain}/pitches`, { force: true })).body);
    assert.equal(made.state, 'done', made.why ?? '');
    const dump = await (await fetch(`${system.sandbox.twins.llm.url}/_twin/dump`)).json();
    const lies = Lies.parse(dump).lies.flatMap(({ kind, quote }) => (kind === 'passage' ? [quote] : []));
    pdf = await bench.readPdf(RICH.domain);
    printed = await readText(pdf);

    const pitch = await readShown();
    assert.deepEqual([pitch.method, pitch.cut, lies.length], ['llm', 5, 5]);
    const [body = ''] = pitch.text.split('\n\nSources\n');
    const told = pitch.citations.filter(({ number, quote }) =>
      body.includes(`${fold(quote).replace(/\.$/, '')} [${number}].`),
    );
    assert.equal(told.length, 20, body);
    const unnumbered = printed.replaceAll(/ \[\d+\]/g, '');
    for (const { quote } of told) assert.ok(unnumbered.includes(fold(quote)), quote);
    const { cuts } = Version.parse((await api('GET', `/pitches/${pitch.id}`)).body);
    assert.deepEqual(cuts.map(({ text }) => text).toSorted(), lies.toSorted());
    for (const lie of lies)
      for (const [where, text] of [
        ['text', pitch.text],
        ['PDF', printed],
      ] as const)
        assert.ok(!fold(text).includes(fold(lie).slice(0, 40)), `${where}: ${lie}`);
    for (const text of [pitch.text, printed])
      assert.doesNotMatch(text, /4,200|Brightmoor|stopped|38 million|revenue|attacker/);
    assert.match(printed, /5 sentences that no source proves were cut/);
  });

  test('each quote in its PDF is in a stored source, and the same PDF comes while all that it was read from is down', async () => {
    await bench.system.sandbox.stop();
    assert.ok(pdf.equals(await bench.readPdf(RICH.domain)));
    const sources = await bench.sourcesOf(RICH.domain);
    const quotes = [...printed.matchAll(/“([^”]+)”/g)].map(([, quote = '']) => quote);
    assert.ok(quotes.length >= 12, `${quotes.length} quotes`);
    for (const quote of quotes)
      assert.ok(
        sources.some(({ text }) => fold(text).includes(quote)),
        quote,
      );
  });
});

describe('a page that commands whoever reads it', { skip: poppler }, () => {
  for (const mode of ['good', 'hijacked'] as const)
    test(`changes nothing in the pitch and its PDF, and leads nowhere, where the LLM is ${mode}`, async () => {
      const bench = await openBench({ mode });
      try {
        const seen = new Map<string, { pitch: string; printed: string }>();
        for (const { domain, name } of [PLAIN, COMMANDING]) {
          const { text } = Shown.parse((await bench.api('GET', `/companies/${domain}/pitch`)).body);
          const pdf = await bench.readPdf(domain);
          const printed = await readText(pdf);
          for (const each of [text, printed]) {
            assert.doesNotMatch(each, COMMANDS);
            assert.doesNotMatch(each, /attacker|\{\{|<script|HYPERLINK|001000000000001AAA/);
          }
          const known = new Set((await bench.sourcesOf(domain)).map(({ url }) => url));
          const ours = `${bench.app.config.publicUrl}/companies/${domain}`;
          const links = await readLinks(pdf);
          assert.ok(links.length >= 5);
          for (const link of links)
            assert.ok(known.has(link) || [ours, `https://${domain}/`].includes(link), link);
          // The command that everybody sees is a paragraph more to read, which the confidence counts.
          const bare = (shown: string): string =>
            shown
              .replaceAll(name, 'NAME')
              .replaceAll(domain, 'DOMAIN')
              .replaceAll(/\d+ % sure/g, 'SURE');
          seen.set(domain, { pitch: bare(text), printed: bare(printed) });
        }
        // A model that obeys says something else each time; what stays of it is proven all the same.
        if (mode === 'good') assert.deepEqual(seen.get(COMMANDING.domain), seen.get(PLAIN.domain));
        const flagged = await bench.app.db.inWorkspace(bench.app.workspaceId, async (tx) => {
          const company = await findCompanyByDomain(tx, COMMANDING.domain);
          return company && (await findCurrentExtraction(tx, company.id))?.flagged;
        });
        assert.ok(flagged && flagged.length > 0, 'an administrator is shown what it tried');
      } finally {
        await bench.close();
      }
    });
});
