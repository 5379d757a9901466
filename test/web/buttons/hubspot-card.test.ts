import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type { App } from '../../../src/app.ts';
import { readSheet } from '../../../src/pipeline/6-pitch/read-sheet.ts';
import { findCompany } from '../../../src/pipeline/store/companies.ts';
import type { Connection } from '../../../src/pipeline/store/connections.ts';
import { Card } from '../../../src/web/buttons/card-shape.ts';
import { connectAndSync, startSystem, waitForRun } from '../../harness/system.ts';
import type { System } from '../../harness/system.ts';
import { awaitPdf } from '../../harness/await-pdf.ts';
import { HUBSPOT_SECRET, PUBLIC_URL, openWebhookServer } from '../../harness/webhook-server.ts';
import type { WebhookServer } from '../../harness/webhook-server.ts';

let system: System;
let app: App;
let hubspot: Connection;
let web: WebhookServer;
let records: { id: string; companyId: string; domain: string }[];
const inside = <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
  app.db.inWorkspace(app.workspaceId, async (tx) => (await tx.query<T & object>(sql, values)).rows);

before(async () => {
  system = await startSystem({ limit: 6 });
  app = await system.openApp({ worker: true });
  await connectAndSync(app);
  await app.startWorker({ schedule: false });
  const found = app.connections.find(({ kind }) => kind === 'hubspot');
  assert.ok(found !== undefined);
  hubspot = found;
  web = await openWebhookServer(app);
  records = await inside(
    `select external_id as id, company_id as "companyId", domain from records
     where connection_id = $1 and object = 'company' and company_id is not null and excluded_because is null
       and not deleted and merged_into is null order by domain`,
    [hubspot.id],
  );
  assert.ok(records.length >= 2);
});
after(async () => {
  await web.close();
  await system.close();
});

const PORTAL = '4242424';
type Call = {
  method?: 'GET' | 'POST';
  path?: string;
  query?: Record<string, string>;
  secret?: string;
  at?: number;
  /** What is called in the end, when it is not what was signed. */
  tamper?: (url: string) => string;
};

/** Calls as hubspot.fetch does: HubSpot adds who asks to the address, and signs method, address, body and time with the app's secret. */
async function call(objectId: string, over: Call = {}): Promise<{ status: number; body: unknown }> {
  const { method = 'GET', path = '/hubspot/card', secret = HUBSPOT_SECRET, at = Date.now() } = over;
  const query = new URLSearchParams({
    objectType: '0-2',
    objectId,
    userId: '77',
    userEmail: 'ada@seller.example',
    portalId: PORTAL,
    appId: '777001',
    ...over.query,
  });
  const url = `${path}?${query.toString()}`;
  const signed = `${method}${PUBLIC_URL}${url.replaceAll('%40', '@')}${at}`;
  const response = await fetch(web.base + (over.tamper?.(url) ?? url), {
    method,
    headers: {
      'x-hubspot-request-timestamp': String(at),
      'x-hubspot-signature-v3': createHmac('sha256', secret).update(signed).digest('base64'),
    },
    signal: AbortSignal.timeout(15_000),
  });
  return { status: response.status, body: await response.json() };
}
const readCard = async (objectId: string, over: Call = {}): Promise<Card> => {
  const { status, body } = await call(objectId, over);
  assert.equal(status, 200, JSON.stringify(body));
  return Card.parse(body);
};
const Problem = z.object({ error: z.object({ message: z.string(), fix: z.string() }) });
const refusal = async (objectId: string, over: Call): Promise<string> => {
  const { status, body } = await call(objectId, over);
  return `${status} ${Problem.parse(body).error.message}`;
};
const record = (index: number) => records[index] ?? assert.fail('no such record');

describe('the card on a HubSpot record', () => {
  test('says of a record that was not scored how it gets a score', async () => {
    const card = await readCard(record(0).id);
    assert.equal(card.state, 'not-scored');
    assert.match(card.fix ?? '', /Score now/);
    assert.equal(card.company?.domain, record(0).domain);
    assert.ok(card.templates.some(({ name, title }) => name === 'standard' && title !== ''));
  });

  test('begins one run however often "Score now" comes, and shows the score with its proofs in the end', async () => {
    const { id, companyId } = record(0);
    const press = () => readCard(id, { method: 'POST', path: '/hubspot/card/score' });
    const cards = await Promise.all([press(), press(), press()]);
    assert.ok(cards.some(({ work, state }) => work !== null || state === 'scored'));
    const runs = await inside<{ id: string; by: string }>(
      `select r.id, r.started_via || ' ' || r.started_by as by from runs r join run_items i on i.run_id = r.id where i.company_id = $1 and r.kind = 'interactive'`,
      [companyId],
    );
    assert.equal(runs.length, 1, 'one run');
    assert.equal(runs[0]?.by, 'crm ada@seller.example');
    await waitForRun(app, runs[0]?.id ?? '');
    await press();
    const after = await inside<{ n: number }>(
      `select count(*)::int as n from runs where kind = 'interactive'`,
    );
    assert.equal(after[0]?.n, 1, 'a call that the platform repeats after the end begins nothing');

    const card = await readCard(id);
    assert.equal(card.work, null);
    assert.ok(card.state === 'scored' || card.state === 'not-enough-evidence', card.state);
    assert.equal(card.score?.stale, false);
    const stored = await inside<{ score: number | null }>(
      'select score from scores where company_id = $1 and current',
      [companyId],
    );
    assert.equal(card.score?.value, stored[0]?.score);
    for (const { quote, url, source } of card.reasons) {
      assert.ok(quote !== null && source !== null);
      assert.match(url ?? '', /^https?:\/\/.+#:~:text=/);
      const found = await inside(`select from sources where company_id = $1 and position($2 in text) > 0`, [
        companyId,
        quote,
      ]);
      assert.ok(found.length > 0, `stands in a source: ${quote}`);
    }
  });

  test('begins nothing for a press of "Score now" that HubSpot brings again, however late, and a run for the next press', async () => {
    const { id, companyId } = record(0);
    const press = (number: string) =>
      readCard(id, { method: 'POST', path: '/hubspot/card/score', query: { press: number } });
    const count = async (): Promise<number> =>
      (
        await inside(
          `select from runs r join run_items i on i.run_id = r.id where i.company_id = $1 and r.kind = 'interactive'`,
          [companyId],
        )
      ).length;
    // As if whatever ran before had been over for a while.
    const pass = () =>
      inside(
        `update run_items set finished_at = finished_at - interval '31 seconds' where company_id = $1 and finished_at is not null`,
        [companyId],
      );
    const finish = async (): Promise<void> => {
      for (const { id: run } of await inside<{ id: string }>(
        `select id from runs where kind = 'interactive' and state = 'running'`,
      ))
        await waitForRun(app, run);
      await pass();
    };
    await pass();
    const [first, second, joining] = [randomUUID(), randomUUID(), randomUUID()];
    const before = await count();
    await Promise.all([press(first), press(first)]);
    assert.equal(await count(), before + 1, 'one run for both');
    await press(joining);
    assert.equal(await count(), before + 1, 'another press joins what is under way');
    await finish();
    await press(first);
    await press(joining);
    assert.equal(await count(), before + 1, 'both come again when it is long over');
    await press(second);
    assert.equal(await count(), before + 2, 'a press of its own');
    await finish();
    assert.match(
      await refusal(id, { method: 'POST', path: '/hubspot/card/score', query: { press: 'x' } }),
      /^400 .*press/s,
    );
  });

  test('shows a value that a person holds beside ours', async () => {
    const { id, companyId } = record(0);
    await inside(
      `update writes set state = 'conflicted', old_value = '"Mine"' where id = (
         select max(id) from writes where company_id = $1 and external_id = $2 and field = 'personas')`,
      [companyId, id],
    );
    const { conflicts } = await readCard(id);
    assert.deepEqual(
      conflicts.map(({ label, theirs }) => [label, theirs]),
      [['Personas', 'Mine']],
    );
    assert.ok(conflicts[0]?.ours !== null);
  });

  test('says that a score is stale once it is due', async () => {
    const { id, companyId } = record(0);
    await inside(`update companies set due_at = now() - interval '1 minute' where id = $1`, [companyId]);
    const { score } = await readCard(id);
    assert.equal(score?.stale, true);
    assert.match(score?.staleBecause ?? '', /due/);
  });

  test('tells what stands in the way of a record, and begins nothing for it', async () => {
    const { id, companyId } = record(1);
    const set = (change: string) =>
      inside(`update records set ${change} where connection_id = $1 and external_id = $2`, [hubspot.id, id]);
    const count = async () =>
      (await inside(`select from run_items where company_id = $1`, [companyId])).length;
    const stateNow = async (): Promise<string> =>
      (await readCard(id, { method: 'POST', path: '/hubspot/card/score' })).state;
    await set(`excluded_because = 'it is a customer'`);
    assert.equal(await stateNow(), 'left-out');
    assert.match((await readCard(id)).why ?? '', /it is a customer/);
    await set(`excluded_because = null, merged_into = '901'`);
    assert.equal(await stateNow(), 'gone');
    assert.match((await readCard(id)).why ?? '', /901/);
    await set(`merged_into = null, deleted = true`);
    assert.equal(await stateNow(), 'gone');
    await set(`deleted = false, company_id = null, skipped_because = 'no website'`);
    assert.equal(await stateNow(), 'no-company');
    assert.equal((await readCard('999999')).state, 'unknown');
    assert.equal(await count(), 0);
  });

  test('gives a link to the pitch that opens once, bound to record, user and template, the same for one press that comes twice', async () => {
    const { id, companyId } = record(0);
    const press = randomUUID();
    const ask = (over: Record<string, string> = {}) =>
      call(id, { method: 'POST', path: '/hubspot/card/pitch', query: { press, ...over } });
    const Link = z.strictObject({ url: z.string(), expiresAt: z.iso.datetime() });
    const linkOf = async (over: Record<string, string> = {}): Promise<z.infer<typeof Link>> => {
      const { status, body } = await ask(over);
      assert.equal(status, 200, JSON.stringify(body));
      return Link.parse(body);
    };
    const [first, second] = await Promise.all([
      linkOf({ template: 'executive' }),
      linkOf({ template: 'executive' }),
    ]);
    assert.deepEqual(second, first);
    const minutes = (Date.parse(first.expiresAt) - Date.now()) / 60_000;
    assert.ok(minutes > 4 && minutes <= 5, `${minutes} minutes`);
    const others = [
      await linkOf({ template: 'concise' }),
      await linkOf({ template: 'executive', userEmail: 'bob@seller.example' }),
      await linkOf({ template: 'executive', press: randomUUID() }),
    ];
    assert.equal(new Set([first, ...others].map(({ url }) => url)).size, 4);
    const kept = await inside(
      `select target, record, asked_by as "askedBy" from one_time_links where record is not null order by issued_at limit 1`,
    );
    assert.deepEqual(kept, [
      {
        target: { kind: 'pitch', companyId, template: 'executive' },
        record: { connectionId: hubspot.id, object: 'company', id },
        askedBy: 'ada@seller.example',
      },
    ]);

    const open = (): Promise<Response> =>
      fetch(first.url.replace(PUBLIC_URL, web.base), {
        method: 'POST',
        redirect: 'manual',
        signal: AbortSignal.timeout(15_000),
      });
    const opened = await open();
    assert.equal(opened.status, 303);
    const pdf = await awaitPdf(new URL(opened.headers.get('location') ?? '', web.base));
    assert.equal(pdf.headers.get('content-type'), 'application/pdf');
    assert.match(Buffer.from(await pdf.arrayBuffer()).toString('latin1'), /^%PDF/);
    assert.deepEqual(await linkOf({ template: 'executive' }), first, 'asked again, it is no other link');
    const again = await open();
    assert.equal(again.status, 410);
    assert.match(await again.text(), /press the button again/);
  });

  test('opens the pitch as its command prints it, byte for byte', async () => {
    const { id, companyId } = record(0);
    const { body } = await call(id, {
      method: 'POST',
      path: '/hubspot/card/pitch',
      query: { press: randomUUID() },
    });
    const { url } = z.object({ url: z.string() }).parse(body);
    const opened = await fetch(url.replace(PUBLIC_URL, web.base), {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(15_000),
    });
    const pdf = await awaitPdf(new URL(opened.headers.get('location') ?? '', web.base));
    const sheet = await app.db.inWorkspace(app.workspaceId, async (tx) => {
      const company = (await findCompany(tx, companyId)) ?? assert.fail('no company');
      return readSheet(tx, company, { seller: app.sellerName, publicUrl: PUBLIC_URL });
    });
    const printed = await app.printPitch(sheet ?? assert.fail('nothing to print'));
    assert.ok(Buffer.from(await pdf.arrayBuffer()).equals(printed));
  });

  test('says why there is no link to a pitch', async () => {
    const path = '/hubspot/card/pitch';
    const { id } = record(0);
    const query = { press: randomUUID() };
    assert.match(
      await refusal(id, { method: 'POST', path, query: { ...query, template: 'sonnet' } }),
      /^409 .*no template "sonnet"/,
    );
    assert.match(await refusal('999999', { method: 'POST', path, query }), /^409 .*not read this record yet/);
    assert.match(await refusal(id, { method: 'POST', path }), /^400 .*press/s);
    assert.match(
      await refusal(id, { method: 'POST', path, query, tamper: (url) => url.replace(id, record(1).id) }),
      /^401 /,
      'an edited record id',
    );
    assert.match(
      await refusal(id, { method: 'POST', path, query, tamper: (url) => `${url}&template=ad-copy` }),
      /^401 /,
      'another template than was signed',
    );
  });

  test('answers nobody but the app, for the record and the account that it asked for', async () => {
    const { id } = record(0);
    const other = record(1).id;
    assert.match(await refusal(id, { secret: 'another' }), /^401 .*not that of a HubSpot app/);
    assert.match(await refusal(id, { at: Date.now() - 301_000 }), /^401 .*five minutes/);
    assert.match(await refusal(id, { at: Date.now() + 301_000 }), /^401 .*five minutes/);
    assert.match(
      await refusal(id, { tamper: (url) => url.replace(`objectId=${id}`, `objectId=${other}`) }),
      /^401 /,
      'an edited record id',
    );
    assert.match(await refusal(id, { tamper: (url) => url.replace(PORTAL, '1') }), /^401 /);
    assert.match(await refusal(id, { query: { portalId: '1' } }), /^404 .*not connected/);
    assert.match(await refusal(id, { query: { objectType: '0-3' } }), /^400 /);
    assert.match(await refusal(`${id}x`, {}), /^400 /);
    assert.match(await refusal(id, { method: 'POST', path: '/hubspot/card/score', secret: 'x' }), /^401 /);
  });
});
