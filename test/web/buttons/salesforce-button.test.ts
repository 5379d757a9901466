import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type { App } from '../../../src/app.ts';
import type { Connection } from '../../../src/pipeline/store/connections.ts';
import { findNamedConnection } from '../../../src/pipeline/store/connections.ts';
import { savePitchSettings } from '../../../src/pipeline/store/pitch-settings.ts';
import { forgetOldSignatures } from '../../../src/pipeline/store/button-keys.ts';
import { Card } from '../../../src/web/buttons/card-shape.ts';
import { runHere } from '../../cli/run-here.ts';
import { connectAndSync, startSystem, waitForRun } from '../../harness/system.ts';
import type { System } from '../../harness/system.ts';
import { awaitPdf } from '../../harness/await-pdf.ts';
import { PUBLIC_URL, openWebhookServer } from '../../harness/webhook-server.ts';
import type { WebhookServer } from '../../harness/webhook-server.ts';

const SECRET_KEY = randomBytes(32).toString('base64');

let system: System;
let app: App;
let salesforce: Connection;
let web: WebhookServer;
let key: string;
let records: { id: string; object: 'Account' | 'Lead'; companyId: string; domain: string }[];
const inside = <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
  app.db.inWorkspace(app.workspaceId, async (tx) => (await tx.query<T & object>(sql, values)).rows);
const connect = (...args: string[]) => runHere(['connect', 'salesforce', ...args], system.environment);

before(async () => {
  system = await startSystem({ limit: 6, environment: { SECRET_KEY } });
  app = await system.openApp({ worker: true });
  await connectAndSync(app);
  await app.startWorker({ schedule: false });
  const found = await app.db.inWorkspace(app.workspaceId, (tx) =>
    findNamedConnection(tx, 'salesforce', 'default'),
  );
  assert.ok(found !== null);
  salesforce = found;
  web = await openWebhookServer(app);
  records = await inside(
    `select external_id as id, object, company_id as "companyId", domain from records
     where connection_id = $1 and object in ('Account', 'Lead') and company_id is not null and excluded_because is null
       and not deleted and merged_into is null and converted_to is null order by object, domain`,
    [salesforce.id],
  );
  assert.ok(records.some(({ object }) => object === 'Lead'));
  key = (await connect('--button-key')).out.trim();
});
after(async () => {
  await web.close();
  await system.close();
});

type Call = {
  key?: string;
  org?: string;
  at?: number;
  nonce?: string;
  template?: string;
  /** What arrives in the end, when it is not what was signed. */
  tamper?: (sent: { path: string; body: string; headers: Record<string, string> }) => {
    path: string;
    body: string;
    headers: Record<string, string>;
  };
};

/** Calls as FieldnoteCall.cls does. */
async function call(
  path: string,
  about: object,
  over: Call = {},
): Promise<{ status: number; body: unknown }> {
  const whole = over.key ?? key;
  const split = whole.lastIndexOf('.');
  const timestamp = String(over.at ?? Date.now());
  const org = over.org ?? salesforce.organizationId ?? assert.fail('no org');
  const body = JSON.stringify({
    ...about,
    userId: '005000000000001AAA',
    userName: 'ada@seller.example',
    nonce: over.nonce ?? randomBytes(16).toString('hex'),
  });
  const hash = createHash('sha256').update(body).digest('hex');
  const lines = ['POST', path, timestamp, hash, org].join('\n');
  const mac = createHmac('sha256', whole.slice(split + 1))
    .update(lines)
    .digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-fieldnote-key': whole.slice(0, split),
    'x-fieldnote-org': org,
    'x-fieldnote-timestamp': timestamp,
    'x-fieldnote-signature': `v1=${mac}`,
  };
  const sent = over.tamper?.({ path, body, headers }) ?? { path, body, headers };
  const response = await fetch(web.base + sent.path, {
    method: 'POST',
    headers: sent.headers,
    body: sent.body,
    signal: AbortSignal.timeout(20_000),
  });
  return { status: response.status, body: await response.json() };
}

const CARD = '/salesforce/button/card';
const record = (index: number) => records[index] ?? assert.fail('no such record');
const about = ({ id, object } = record(0)) => ({ object, id, template: null });
const readCard = async (of = record(0), path = CARD): Promise<Card> => {
  const { status, body } = await call(path, about(of));
  assert.equal(status, 200, JSON.stringify(body));
  return Card.parse(body);
};
const Problem = z.object({ error: z.object({ message: z.string(), fix: z.string() }) });
const refusal = async (over: Call, path = CARD, of: object = about()): Promise<string> => {
  const { status, body } = await call(path, of, over);
  return `${status} ${Problem.parse(body).error.message}`;
};
const Link = z.strictObject({ url: z.string(), expiresAt: z.iso.datetime() });
const Choice = z.strictObject({
  templates: z.array(z.strictObject({ name: z.string(), title: z.string() })),
  usual: z.string(),
});
const Zip = z.strictObject({
  url: z.string().nullable(),
  expiresAt: z.iso.datetime().nullable(),
  companies: z.number(),
  leftOut: z.array(z.strictObject({ id: z.string(), why: z.string() })),
});
/** Goes to a link as whoever clicks the button of its page does, and on to what it opens. */
const open = (url: string): Promise<Response> => {
  assert.ok(url.startsWith(`${PUBLIC_URL}/l/`), url);
  return fetch(url.replace(PUBLIC_URL, web.base), { method: 'POST', signal: AbortSignal.timeout(20_000) });
};

describe('the card and the buttons on a Salesforce record', () => {
  test('begin one run however often "Score now" comes, and show the score with its proofs in the end', async () => {
    const first = await readCard();
    assert.equal(first.state, 'not-scored');
    assert.equal(first.company?.domain, record(0).domain);
    const press = () => readCard(record(0), '/salesforce/button/score');
    await Promise.all([press(), press(), press()]);
    const runs = await inside<{ id: string; by: string }>(
      `select r.id, r.started_via || ' ' || r.started_by as by from runs r join run_items i on i.run_id = r.id where i.company_id = $1 and r.kind = 'interactive'`,
      [record(0).companyId],
    );
    assert.equal(runs.length, 1, 'one run');
    assert.equal(runs[0]?.by, 'crm ada@seller.example');
    await waitForRun(app, runs[0]?.id ?? '');
    const card = await readCard();
    assert.ok(card.state === 'scored' || card.state === 'not-enough-evidence', card.state);
    for (const { url } of card.reasons) assert.match(url ?? '', /^https?:\/\/.+#:~:text=/);
  });

  test('open the pitch of an account or a lead, once', async () => {
    for (const one of [record(0), records.find(({ object }) => object === 'Lead') ?? record(0)]) {
      const { body } = await call('/salesforce/button/pitch', { ...about(one), template: 'executive' });
      const { url, expiresAt } = Link.parse(body);
      const minutes = (Date.parse(expiresAt) - Date.now()) / 60_000;
      assert.ok(minutes > 4 && minutes <= 5.1, `${minutes} minutes`);
      const opened = await open(url);
      assert.equal(opened.status, 200);
      if (one === record(0)) await awaitPdf(opened.url);
      assert.equal((await open(url)).status, 410, 'a second time');
    }
    const [link] = await inside<Record<string, unknown>>(
      `select target, record, asked_by as "askedBy" from one_time_links order by issued_at limit 1`,
    );
    assert.deepEqual(link, {
      target: { kind: 'pitch', companyId: record(0).companyId, template: 'executive' },
      record: { connectionId: salesforce.id, object: record(0).object, id: record(0).id },
      askedBy: 'ada@seller.example',
    });
    const unknown = { ...about(), template: 'nothing-of-ours' };
    assert.match(await refusal({}, '/salesforce/button/pitch', unknown), /^409 There is no template/);
  });

  test('open one ZIP for several records, and say of each that is not in it why', async () => {
    const accounts = records.filter(({ object }) => object === 'Account');
    const gone = accounts[1] ?? assert.fail('too few accounts');
    await inside(`update records set deleted = true where connection_id = $1 and external_id = $2`, [
      salesforce.id,
      gone.id,
    ]);
    const stranger = '001AA0000FOREIGN1A';
    const ids = [record(0).id, record(0).id, gone.id, stranger];
    const zip = Zip.parse((await call('/salesforce/button/zip', { object: 'Account', ids })).body);
    assert.equal(zip.companies, 1);
    assert.deepEqual(zip.leftOut.map(({ id }) => id).toSorted(), [stranger, gone.id].toSorted());
    assert.match(zip.leftOut.find(({ id }) => id === gone.id)?.why ?? '', /deleted\. Restore it/);
    const response = await open(zip.url ?? '');
    assert.match(Buffer.from(await response.arrayBuffer()).toString('latin1'), /^PK/);

    const chosen = { object: 'Account', ids: [record(0).id], template: 'executive' };
    const another = Zip.parse((await call('/salesforce/button/zip', chosen)).body);
    const [link] = await inside<{ target: { template: string | null } }>(
      `select target from one_time_links order by issued_at desc limit 1`,
    );
    assert.deepEqual([another.companies, link?.target.template], [1, 'executive']);
    const sonnet = { ...chosen, template: 'sonnet' };
    assert.match(await refusal({}, '/salesforce/button/zip', sonnet), /^409 There is no template/);

    const none = Zip.parse(
      (await call('/salesforce/button/zip', { object: 'Account', ids: [gone.id] })).body,
    );
    assert.deepEqual([none.url, none.companies, none.leftOut.length], [null, 0, 1]);
    assert.match(await refusal({}, '/salesforce/button/pitch', about(gone)), /^409 This record was deleted/);
    const nothing = { object: 'Account', ids: [] };
    assert.match(await refusal({}, '/salesforce/button/zip', nothing), /^409 None of the ticked records/);
    const many = { object: 'Account', ids: Array.from({ length: 201 }, () => stranger) };
    assert.match(await refusal({}, '/salesforce/button/zip', many), /^400 /);
  });

  test('offer every template of the workspace for several records, and say which one is usual', async () => {
    const offer = async () => {
      const { status, body } = await call('/salesforce/button/templates', { object: 'Lead' });
      assert.equal(status, 200, JSON.stringify(body));
      return Choice.parse(body);
    };
    const { templates, usual } = await offer();
    assert.equal(usual, 'standard');
    assert.deepEqual(templates, (await readCard()).templates, 'as the card on a record does');
    assert.partialDeepStrictEqual(templates, [{ name: 'concise' }, { name: 'standard' }]);
    const change = (template: string) =>
      app.db.inWorkspace(app.workspaceId, (tx) => savePitchSettings(tx, app.workspaceId, { template }));
    await change('battlecard');
    assert.equal((await offer()).usual, 'battlecard');
    await change('removed-since');
    assert.equal((await offer()).usual, 'standard', 'what is made then');
    await change('standard');
  });

  test('are refused to whoever does not sign with the key, changes what was signed, or sends it again', async () => {
    const other = record(1).id;
    const edited: Call['tamper'] = (sent) => ({ ...sent, body: sent.body.replace(record(0).id, other) });
    assert.match(await refusal({ key: `${key}x` }), /^401 .*signature is not that of its key/);
    assert.match(await refusal({ tamper: edited }), /^401 .*signature is not that/, 'an edited record id');
    const moved: Call['tamper'] = (sent) => ({ ...sent, path: '/salesforce/button/score' });
    assert.match(await refusal({ tamper: moved }), /^401 /, 'another path');
    assert.match(await refusal({ at: Date.now() - 301_000 }), /^401 .*five minutes/);
    assert.match(await refusal({ at: Date.now() + 301_000 }), /^401 .*five minutes/);
    assert.match(await refusal({ org: '00D0000000FOREIGNA' }), /^403 .*another org/);
    const nobody = key.replace(/\.[0-9a-f]{16}\./, '.0123456789abcdef.');
    assert.match(await refusal({ key: nobody }), /^401 .*not known here/);
    assert.match(await refusal({ key: 'short.key' }), /^401 .*names no key/);
    const bare: Call['tamper'] = (sent) => ({ ...sent, headers: { 'content-type': 'application/json' } });
    assert.match(await refusal({ tamper: bare }), /^401 .*no signature/);

    const same = { at: Date.now(), nonce: '00' };
    const twice = await Promise.all([call(CARD, about(), same), call(CARD, about(), same)]);
    assert.deepEqual(
      twice.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 401],
    );
    assert.match(await refusal(same), /^401 This call came a second time/);
    assert.match(await refusal({}, CARD, { object: 'Contact', id: record(0).id }), /^400 /);
  });

  test('take a key that was sealed anew, and none that was revoked', async () => {
    const listed = z.array(z.object({ id: z.string(), state: z.string(), lastUsedAt: z.string() }));
    const json = (await connect('--button-keys', '--json')).out;
    const [known] = listed.parse(JSON.parse(json));
    assert.ok(known !== undefined && !json.includes(key.slice(-43)));
    assert.equal(known.state, 'good');

    const next = randomBytes(32).toString('base64');
    const changing = { ...system.environment, SECRET_KEY: next, SECRET_KEY_PREVIOUS: SECRET_KEY };
    assert.match((await runHere(['connect', '--reseal'], changing)).out, /1 keys of Salesforce/);
    assert.match(await refusal({}), /^409 .*sealed under another SECRET_KEY/);
    const doctor = async (): Promise<string> => (await runHere(['doctor'], system.environment)).out;
    assert.match(
      await doctor(),
      /salesforce, card and buttons: .*sealed under another SECRET_KEY.*make another key/,
    );
    const back = { ...system.environment, SECRET_KEY_PREVIOUS: next };
    assert.equal((await runHere(['connect', '--reseal'], back)).code, 0);
    await readCard();
    assert.match(await doctor(), /salesforce, card and buttons: 1 key, used 20/);

    const second = (await connect('--button-key')).out.trim();
    assert.equal((await connect('--revoke-button-key', known.id)).code, 0);
    assert.match(await refusal({}), /^401 .*was revoked/);
    assert.equal((await call(CARD, about(), { key: second })).status, 200);
    assert.match((await connect('--button-keys')).out, new RegExp(`${known.id} +revoked`));
  });

  test('need keys that are made for a checked Salesforce org, under a SECRET_KEY', async () => {
    const { SECRET_KEY: _, ...keyless } = { SECRET_KEY: '', ...system.environment };
    const without = await runHere(['connect', 'salesforce', '--button-key'], keyless);
    assert.match(without.err, /SECRET_KEY is not set/);
    assert.match(
      (await runHere(['connect', 'hubspot', '--button-key'], system.environment)).err,
      /Salesforce/,
    );
    assert.match((await connect('--revoke-button-key', 'nobody')).err, /has no key nobody/);
    for (let made = 1; made < 5; made += 1) assert.equal((await connect('--button-key')).code, 0);
    assert.match((await connect('--button-key')).err, /5 keys already/);
  });

  test('a signature is forgotten when its time would let nobody in', async () => {
    await inside(`update button_signatures set taken_at = now() - interval '16 minutes'`);
    await inside(`insert into button_signatures (workspace_id, signature) values ($1, '\\x01')`, [
      app.workspaceId,
    ]);
    await app.db.inWorkspace(app.workspaceId, forgetOldSignatures);
    assert.equal((await inside('select from button_signatures')).length, 1);
  });
});
