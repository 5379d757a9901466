import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import { noteStage, settleItem, startItem } from '../../../src/pipeline/store/run-items.ts';
import { forgetOldLinks } from '../../../src/pipeline/store/one-time-links.ts';
import type { LinkTarget } from '../../../src/pipeline/store/one-time-links.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { openPitchBench } from '../../pipeline/pitch-fixture.ts';
import { createOneTimeLinks } from '../../../src/web/auth/one-time-links.ts';
import { seedCompany } from '../seed.ts';
import { openWeb } from '../web-fixture.ts';
import type { TestWeb } from '../web-fixture.ts';

// What a browser says that goes where a person clicked.
const VISIT = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'cross-site' };

let web: TestWeb;
let scored: string;
let other: string;
before(async () => {
  // Beyond loopback, and with no sign-in: the link is the proof.
  web = await openWeb({ publicUrl: 'https://notes.example' });
  await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    const make = (domain: string, score: number) =>
      seedCompany(tx, web.workspaceId, { domain, name: domain, score });
    scored = (await make('scored.example', 70)).id;
    other = (await make('other.example', 40)).id;
  });
});
after(() => web.close());

const query = (text: string, values: unknown[] = []) =>
  web.database.db.inWorkspace(web.workspaceId, (tx) => tx.query<Record<string, unknown>>(text, values));

const issue = async (target: LinkTarget, workspaceId = web.workspaceId): Promise<string> => {
  const links = createOneTimeLinks({ db: web.database.db, publicUrl: web.base });
  const record = { connectionId: '00000000-0000-4000-8000-000000000000', object: 'Account', id: '001A' };
  const { url, expiresAt } = await links.issue({ workspaceId, target, record, user: 'rep@seller.example' });
  const minutes = (expiresAt.getTime() - Date.now()) / 60_000;
  assert.ok(minutes > 4 && minutes < 6, `${minutes} minutes`);
  return url;
};
const pitchOf = (companyId: string): LinkTarget => ({ kind: 'pitch', companyId, template: null });

// fetch says itself what it does: Sec-Fetch-Mode is not for its callers to choose.
const ask = (url: string, init: { method?: string; headers?: Record<string, string> }): Promise<Response> =>
  new Promise((resolve, reject) => {
    httpRequest(url, init, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [
          name,
          String(value),
        ]);
        resolve(
          new Response(chunks.length === 0 ? null : Buffer.concat(chunks), {
            status: incoming.statusCode ?? 0,
            headers,
          }),
        );
      });
    })
      .on('error', reject)
      .end();
  });

/** Goes there as a person's browser does. */
const visit = async (
  url: string,
  headers: Record<string, string> = {},
): Promise<Response & { at: string }> => {
  const first = await ask(url, { headers: { ...VISIT, ...headers } });
  const to = first.headers.get('location');
  const at = to === null ? url : new URL(to, url).href;
  return Object.assign(to === null ? first : await ask(at, { headers: VISIT }), { at });
};

const assertRefused = async (response: Response, what: string): Promise<void> => {
  assert.equal(response.status, 410, what);
  assert.match(await response.text(), /does not open anything any more[\s\S]*press the button again/, what);
};

test('a link opens the stored pitch at once, inline, and only once; its page can be loaded again', async () => {
  const url = await issue(pitchOf(scored));
  const opened = await visit(url);
  assert.equal(opened.status, 200);
  assert.equal(opened.headers.get('content-type'), 'application/pdf');
  assert.match(opened.headers.get('content-disposition') ?? '', /^inline; filename="scored\.example\.pdf"$/);
  assert.equal(opened.headers.get('cache-control'), 'no-store');
  const pdf = Buffer.from(await opened.arrayBuffer());
  assert.ok(pdf.subarray(0, 5).equals(Buffer.from('%PDF-')));
  assert.match(opened.at, /\/opened\/[\w-]{54}$/);

  await assertRefused(await visit(url), 'used');
  const again = await visit(opened.at);
  assert.ok(pdf.equals(Buffer.from(await again.arrayBuffer())));
});

test('whatever only looks at a link uses nothing up, and gets a button that opens it', async () => {
  const url = await issue(pitchOf(scored));
  const lookers: { method?: string; headers: Record<string, string> }[] = [
    { method: 'HEAD', headers: VISIT },
    { headers: { 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' } },
    { headers: { ...VISIT, 'sec-purpose': 'prefetch;prerender' } },
    { headers: { ...VISIT, purpose: 'prefetch' } },
    { headers: { ...VISIT, 'sec-fetch-dest': 'iframe' } },
    { headers: { ...VISIT, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' } },
  ];
  for (const init of lookers) {
    const response = await ask(url, init);
    assert.equal(response.status, 200, JSON.stringify(init));
    if (init.method !== 'HEAD') assert.match(await response.text(), /<form method="post"><button/);
  }
  const opened = await fetch(url, { method: 'POST' });
  assert.equal(opened.headers.get('content-type'), 'application/pdf');
  await assertRefused(await fetch(url, { method: 'POST' }), 'used');
});

test('of many who open a link at the same time one gets in', async () => {
  const url = await issue(pitchOf(scored));
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask(url, { headers: VISIT })));
  assert.deepEqual(
    answers.map(({ status }) => status).toSorted((a, b) => a - b),
    [303, ...Array.from({ length: 11 }, () => 410)],
  );
});

test('the browser that opened a link opens the same page with it again; another browser does not', async () => {
  const url = await issue(pitchOf(scored));
  const first = await ask(url, { headers: VISIT });
  const cookie = first.headers.get('set-cookie') ?? '';
  assert.match(cookie, /HttpOnly; Secure; SameSite=Lax/);
  assert.match(cookie, new RegExp(`Path=${new URL(url).pathname};`));
  const page = first.headers.get('location');
  const again = await ask(url, { headers: { ...VISIT, cookie: cookie.split(';')[0] ?? '' } });
  assert.equal(again.headers.get('location'), page);

  const elsewhere = await ask(await issue(pitchOf(scored)), { headers: VISIT });
  const wrong = (elsewhere.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  await assertRefused(await visit(url, { cookie: wrong }), 'the cookie of another link');
});

test('forged, edited, expired and foreign links are refused alike, and say what to do', async () => {
  const url = await issue(pitchOf(scored));
  const token = url.slice(url.lastIndexOf('/') + 1);
  const stranger = await ensureWorkspace(web.database.db, 'another customer');
  const foreign = Buffer.from(stranger.replaceAll('-', ''), 'hex').toString('base64url').slice(0, 21);
  const forged = [
    `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
    `${foreign}${token.slice(21)}`,
    `${token}A`,
    token.slice(1),
    'x',
    '%00',
    '%27or%201=1',
  ];
  for (const bad of forged) {
    await assertRefused(await visit(`${web.base}/l/${bad}`), bad);
    await assertRefused(await visit(`${web.base}/opened/${bad}`), bad);
    await assertRefused(await visit(`${web.base}/opened/${token}`), 'a link is not its page');
  }
  await query(`update one_time_links set expires_at = now() - interval '1 second' where used_at is null`);
  await assertRefused(await visit(url), 'expired');

  const late = await visit(await issue(pitchOf(scored)));
  await query(`update one_time_links set page_expires_at = now() - interval '1 second'`);
  await assertRefused(await visit(late.at), 'the page has ended');
  await assertRefused(await visit(`${late.at}/state`), 'its state, too');
});

test('a link says nothing of companies of another workspace', async () => {
  const stranger = await ensureWorkspace(web.database.db, 'a third customer');
  const response = await visit(await issue(pitchOf(scored), stranger));
  assert.equal(response.status, 409);
  assert.match(await response.text(), /not here any more/);
});

test('only hashes are kept, logs hold no token, and old links are forgotten', async () => {
  const url = await issue(pitchOf(scored));
  const opened = await visit(url);
  // Routes are found in any case.
  await visit(url.replace('/l/', '/L/'));
  const secrets = [url, opened.at].map((one) => one.slice(one.lastIndexOf('/') + 1));
  const { rows } = await query('select one_time_links::text as row from one_time_links');
  for (const secret of secrets) {
    assert.ok(!rows.some(({ row }) => String(row).includes(secret)));
    assert.ok(!JSON.stringify(web.logged).includes(secret));
  }
  assert.ok(
    web.logged.some(({ msg, askedBy }) => msg === 'one-time link opened' && askedBy === 'rep@seller.example'),
  );
  await query(`update one_time_links set expires_at = now() - interval '3 days' where used_at is not null`);
  await web.database.db.inWorkspace(web.workspaceId, forgetOldLinks);
  const { rows: left } = await query('select 1 from one_time_links where used_at is not null');
  assert.equal(left.length, 0);
});

test('a company without a score gets one first: the page says how far it is, begins it once, and becomes the pitch', async () => {
  const { db } = web.database;
  const company = await db.inWorkspace(web.workspaceId, (tx) =>
    ensureCompany(tx, web.workspaceId, { domain: 'fresh.example', name: 'Fresh & Co' }),
  );
  const opened = await visit(await issue(pitchOf(company.id)));
  assert.equal(opened.status, 200);
  const html = await opened.text();
  assert.match(html, /Fresh &amp; Co[\s\S]*Waiting for a free place/);
  assert.match(html, /<noscript><meta http-equiv="refresh" content="3"><\/noscript>/);
  await Promise.all(Array.from({ length: 5 }, () => visit(opened.at)));
  const { rows: runs } = await query('select run_id as id from run_items where company_id = $1', [
    company.id,
  ]);
  assert.equal(runs.length, 1);

  const runId = String(runs[0]?.['id']);
  await db.inWorkspace(web.workspaceId, async (tx) => {
    await startItem(tx, runId, company.id);
    await noteStage(tx, runId, company.id, 'research');
  });
  const state = await fetch(`${opened.at}/state`);
  assert.deepEqual(await state.json(), { over: false, doing: 'Finding what matters in it', step: 1 });

  // With the score alone its pitch is still to come.
  await db.inWorkspace(web.workspaceId, (tx) =>
    seedCompany(tx, web.workspaceId, { domain: 'fresh.example', name: 'Fresh & Co', score: 55 }),
  );
  assert.match((await visit(opened.at)).headers.get('content-type') ?? '', /html/);
  await db.inWorkspace(web.workspaceId, (tx) =>
    settleItem(tx, runId, company.id, { state: 'done', outcome: 'scored' }),
  );
  assert.equal((await visit(opened.at)).headers.get('content-type'), 'application/pdf');
});

test('where a score can’t be had the page says why, and stops looking', async () => {
  const { db } = web.database;
  const make = (domain: string) =>
    db.inWorkspace(web.workspaceId, (tx) => ensureCompany(tx, web.workspaceId, { domain, name: domain }));
  const failing = await make('failing.example');
  const opened = await visit(await issue(pitchOf(failing.id)));
  const { rows } = await query('select run_id as id from run_items where company_id = $1', [failing.id]);
  const runId = String(rows[0]?.['id']);
  await db.inWorkspace(web.workspaceId, async (tx) => {
    await startItem(tx, runId, failing.id);
    await settleItem(tx, runId, failing.id, {
      state: 'failed',
      outcome: 'failed',
      error: 'tavily: no answer',
    });
  });
  const failed = await visit(opened.at);
  assert.equal(failed.status, 409);
  const html = await failed.text();
  assert.match(html, /There is no pitch of failing\.example[\s\S]*tavily: no answer/);
  assert.doesNotMatch(html, /http-equiv="refresh"|waiting\.js/);

  const leftOut = await make('left-out.example');
  await query(`update companies set excluded_because = 'a customer' where id = $1`, [leftOut.id]);
  const excluded = await visit(await issue(pitchOf(leftOut.id)));
  assert.equal(excluded.status, 409);
  assert.match(await excluded.text(), /left out: a customer/);
});

test('with the budget spent what is stored opens, and the rest says so', async () => {
  const spent = await openWeb({ budget: { isSpent: async () => true }, monthlyBudgetUsd: 5 });
  try {
    const { db } = spent.database;
    const [known, unknown] = await db.inWorkspace(spent.workspaceId, async (tx) => [
      await seedCompany(tx, spent.workspaceId, { domain: 'known.example', name: 'Known', score: 60 }),
      await ensureCompany(tx, spent.workspaceId, { domain: 'unknown.example' }),
    ]);
    const links = createOneTimeLinks({ db, publicUrl: spent.base });
    const open = async (companyId: string) =>
      visit(
        (
          await links.issue({
            workspaceId: spent.workspaceId,
            target: pitchOf(companyId),
            record: null,
            user: 'rep',
          })
        ).url,
      );
    assert.equal((await open(known.id)).headers.get('content-type'), 'application/pdf');
    const refused = await open(unknown.id);
    assert.equal(refused.status, 409);
    assert.match(await refused.text(), /budget of \$5 is spent/);
  } finally {
    await spent.close();
  }
});

test('several records open as one ZIP of the template that was chosen, whose pitches are made once', async () => {
  const { db } = web.database;
  const bench = await openPitchBench(web);
  try {
    const poor = await db.inWorkspace(web.workspaceId, (tx) =>
      seedCompany(tx, web.workspaceId, { domain: 'poor.example', name: 'Poor', score: null }),
    );
    const companyIds = [scored, poor.id, other];
    const opened = await visit(await issue({ kind: 'zip', companyIds, template: 'battlecard' }));
    assert.match(await opened.text(), /0 of 3 companies are ready/);
    await Promise.all(Array.from({ length: 4 }, () => visit(opened.at)));
    const { rows } = await query(
      `select id, company_id as company from pitch_requests where template = 'battlecard'`,
    );
    assert.deepEqual(
      rows.map(({ company }) => String(company)).toSorted(),
      companyIds.toSorted(),
      'one request each',
    );
    for (const [index, { id }] of rows.entries()) {
      assert.equal(await bench.work(String(id), { now: false }), 'done');
      if (index === 0) assert.match(await (await visit(opened.at)).text(), /1 of 3 companies are ready/);
    }
    const ready = await visit(opened.at);
    assert.equal(ready.headers.get('content-type'), 'application/zip');
    const bytes = Buffer.from(await ready.arrayBuffer());
    const index = /file,company[\s\S]*?(?=PK)/.exec(bytes.toString('latin1'))?.[0] ?? '';
    assert.deepEqual(index.match(/^[\w.]+\.pdf/gm), [
      'scored.example.pdf',
      'poor.example.pdf',
      'other.example.pdf',
    ]);
    const again = await visit(opened.at);
    assert.ok(bytes.equals(Buffer.from(await again.arrayBuffer())), 'and the same once more');

    const gone = await visit(await issue({ kind: 'zip', companyIds, template: 'sonnet' }));
    assert.equal(gone.status, 409);
    assert.match(await gone.text(), /There is no template/);
  } finally {
    await bench.close();
  }
});

test('several records open as one ZIP, and one that nothing is known of makes it wait', async () => {
  const { db } = web.database;
  const ready = await visit(await issue({ kind: 'zip', companyIds: [scored, other], template: null }));
  assert.equal(ready.headers.get('content-type'), 'application/zip');
  assert.match(ready.headers.get('content-disposition') ?? '', /^attachment; filename="pitches\.zip"$/);
  const bytes = Buffer.from(await ready.arrayBuffer()).toString('latin1');
  for (const name of ['scored.example.pdf', 'other.example.pdf', 'index.csv'])
    assert.ok(bytes.includes(name), name);

  const fresh = await db.inWorkspace(web.workspaceId, (tx) =>
    ensureCompany(tx, web.workspaceId, { domain: 'third.example' }),
  );
  const waiting = await visit(
    await issue({ kind: 'zip', companyIds: [scored, fresh.id, other], template: null }),
  );
  assert.match(await waiting.text(), /2 of 3 companies are ready/);
});
