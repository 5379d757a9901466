import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { Connection } from 'jsforce';
import { z } from 'zod';
import type { SalesforceTwin } from '../../sandbox/salesforce/twin.ts';
import {
  accountId,
  callMetadata,
  errorCode,
  leadId,
  login,
  prepareFields,
  records,
  smallWorld,
  soql,
  startSmall,
} from './salesforce-fixture.ts';
import type { Ask } from './salesforce-fixture.ts';

const Describe = z.looseObject({
  fields: z.array(
    z.looseObject({
      name: z.string(),
      type: z.string(),
      length: z.number(),
      nillable: z.boolean(),
      soapType: z.string(),
    }),
  ),
});

const grant = async (twin: SalesforceTwin, form: Record<string, string>) => {
  const reply = await fetch(`${twin.url}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  const body: unknown = await reply.json();
  assert.ok(typeof body === 'object' && body !== null);
  return { status: reply.status, body };
};

suite('The Salesforce twin is an org with users, limits and setup', () => {
  let twin: SalesforceTwin;
  let ask: Ask;
  before(async () => {
    twin = await startSmall({ world: smallWorld(120), personAccounts: true });
    await prepareFields(twin);
    ask = await login(twin, 'integration');
  });
  after(() => twin.close());

  test('a token names its user and org, and a wrong secret gets none', async () => {
    const good = {
      grant_type: 'client_credentials',
      client_id: twin.clientId,
      client_secret: twin.clientSecret,
    };
    const { body } = await grant(twin, good);
    assert.ok('id' in body && 'instance_url' in body);
    assert.match(String(body.id), /^http:\/\/127\.0\.0\.1:\d+\/id\/00D\w{15}\/005\w{15}$/);
    assert.equal(body.instance_url, twin.url);
    const wrong = await grant(twin, { ...good, client_secret: 'guess' });
    assert.equal(wrong.status, 400);
    assert.ok('error' in wrong.body && wrong.body.error === 'invalid_client');
    const stranger = await grant(twin, { ...good, client_id: 'nobody' });
    assert.ok('error' in stranger.body && stranger.body.error === 'invalid_client_id');
    const other = await grant(twin, { ...good, grant_type: 'password' });
    assert.ok('error' in other.body && other.body.error === 'unsupported_grant_type');
  });

  test('a token is refused when it is unknown, expired by the clock or ended', async () => {
    const unknown = await fetch(`${twin.url}/services/data/v68.0/limits`, {
      headers: { authorization: 'Bearer nonsense' },
    });
    assert.equal(unknown.status, 401);
    const own = await login(twin, 'integration');
    twin.kit.clock.set(3 * 3_600_000);
    assert.equal(errorCode(await own('GET', '/limits')), 'INVALID_SESSION_ID');
    twin.kit.clock.set(0);
    assert.equal((await own('GET', '/limits')).status, 200);
    twin.expireTokens();
    assert.equal((await own('GET', '/limits')).status, 401);
    ask = await login(twin, 'integration');
  });

  test('every REST answer carries the usage, and past the daily limit all are refused until the window moves', async () => {
    const first = await ask('GET', '/limits');
    const usage = /^api-usage=(\d+)\/100000$/.exec(first.headers.get('sforce-limit-info') ?? '');
    const used = Number(usage?.[1]);
    assert.ok(used > 0);
    twin.setDailyLimit(used + 1);
    assert.equal((await ask('GET', '/limits')).status, 200);
    const refused = await ask('GET', '/limits');
    assert.equal(refused.status, 403);
    assert.equal(errorCode(refused), 'REQUEST_LIMIT_EXCEEDED');
    assert.equal(refused.headers.get('retry-after'), null);
    twin.kit.clock.set(25 * 3_600_000);
    assert.equal((await (await login(twin, 'integration'))('GET', '/limits')).status, 200);
    twin.kit.clock.set(0);
    twin.setDailyLimit(100_000);
  });

  test('an API version that the org does not know is not found', async () => {
    assert.equal((await ask('GET', '/services/data/v99.0/limits')).status, 404);
    const reply = await fetch(`${twin.url}/services/data`);
    assert.match(await reply.text(), /"version":"68\.0"/);
  });

  test('describe tells types, lengths and picklists, and hides what the user may not see', async () => {
    const { body } = await ask('GET', '/sobjects/Account/describe');
    assert.ok(typeof body === 'object' && body !== null && 'fields' in body && Array.isArray(body.fields));
    const byName = new Map(body.fields.map((field: { name: string }) => [field.name, field]));
    const picked = (name: string, ...keys: string[]) =>
      keys.map((key) => Object.entries(byName.get(name) ?? {}).find(([each]) => each === key)?.[1]);
    assert.deepEqual(picked('Points__c', 'type', 'precision', 'scale', 'custom', 'updateable'), [
      'double',
      5,
      2,
      true,
      true,
    ]);
    assert.deepEqual(picked('Note__c', 'type', 'length', 'filterable'), ['textarea', 4000, false]);
    assert.deepEqual(picked('Grade__c', 'type', 'restrictedPicklist'), ['picklist', true]);
    assert.deepEqual(picked('Shown__c', 'updateable'), [false]);
    assert.equal(byName.has('Hidden__c'), false);
    assert.equal((await ask('GET', '/sobjects/Banana/describe')).status, 404);
  });

  const recorded = join(process.env.FIELDNOTE_DATA ?? '../shared/data', 'specs/salesforce');
  for (const object of ['Account', 'Lead', 'Contact'])
    test(
      `describe of ${object} has the keys of a recorded one, and its fields their types and lengths`,
      { skip: existsSync(recorded) ? false : 'no recorded describes: set FIELDNOTE_DATA' },
      async () => {
        const real = Describe.parse(
          JSON.parse(readFileSync(join(recorded, `${object}_describe.json`), 'utf8')),
        );
        const ours = Describe.parse((await ask('GET', `/sobjects/${object}/describe`)).body);
        const lacking = (left: object, right: object) => Object.keys(left).filter((key) => !(key in right));
        assert.deepEqual(lacking(real, ours), []);
        const byName = new Map(real.fields.map((field) => [field.name, field]));
        for (const field of ours.fields) {
          const twinOf = byName.get(field.name);
          if (twinOf === undefined) continue;
          assert.deepEqual(lacking(twinOf, field).concat(lacking(field, twinOf)), [], field.name);
          const compared = ({ type, length, nillable, soapType }: typeof field) => [
            type,
            length,
            nillable,
            soapType,
          ];
          assert.deepEqual(compared(field), compared(twinOf), field.name);
        }
      },
    );

  /** The kind of a JSON value, null apart, since what is often null says little. */
  const kindOf = (value: unknown): string =>
    value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
  const kindsIn = (values: readonly Record<string, unknown>[]): Map<string, Set<string>> => {
    const kinds = new Map<string, Set<string>>();
    for (const value of values)
      for (const [key, held] of Object.entries(value))
        kinds.set(key, (kinds.get(key) ?? new Set<string>()).add(kindOf(held)));
    return kinds;
  };
  /** Keys whose values are of a kind that the recorded ones never are; null may stand for any. */
  const strangeKinds = (
    ours: readonly Record<string, unknown>[],
    real: readonly Record<string, unknown>[],
  ): string[] => {
    const known = kindsIn(real);
    return [...kindsIn(ours)].flatMap(([key, kinds]) => {
      const allowed = known.get(key);
      if (allowed === undefined) return [`${key}: not in any recorded one`];
      const isOpen = [...allowed].every((kind) => kind === 'null');
      return isOpen ? [] : [...kinds].filter((kind) => !allowed.has(kind)).map((kind) => `${key}: ${kind}`);
    });
  };
  const Loose = z.record(z.string(), z.unknown());
  const Recorded = z.looseObject({ fields: z.array(Loose) });
  const readRecorded = (name: string): unknown => JSON.parse(readFileSync(join(recorded, name), 'utf8'));

  test(
    'each value of a describe is of the kind that recorded ones have under its key',
    { skip: existsSync(recorded) ? false : 'no recorded describes: set FIELDNOTE_DATA' },
    async () => {
      const names = ['Account', 'Lead', 'Contact', 'Opportunity', 'Case', 'Custom__c'];
      const real = names.map((name) => Recorded.parse(readRecorded(`${name}_describe.json`)));
      const mine = [];
      for (const object of ['Account', 'Lead', 'Contact'])
        mine.push(Recorded.parse((await ask('GET', `/sobjects/${object}/describe`)).body));
      // Newer than the recordings.
      const newer = ['associateEntityType', 'associateParentEntity', 'sobjectDescribeOption'];
      const older = (rows: readonly Record<string, unknown>[]) =>
        rows.map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => !newer.includes(key))));
      assert.deepEqual(strangeKinds(older(mine), real), []);
      assert.deepEqual(
        strangeKinds(
          mine.flatMap(({ fields }) => fields),
          real.flatMap(({ fields }) => fields),
        ),
        [],
      );
      const values = (describes: readonly { fields: Record<string, unknown>[] }[]) =>
        describes.flatMap(({ fields }) =>
          fields.flatMap((field) => z.array(Loose).parse(field.picklistValues)),
        );
      assert.deepEqual(strangeKinds(values(mine), values(real)), []);
    },
  );

  test(
    'the list of objects has the shape of a recorded one',
    { skip: existsSync(recorded) ? false : 'no recorded describes: set FIELDNOTE_DATA' },
    async () => {
      const Global = z.looseObject({
        encoding: z.string(),
        maxBatchSize: z.number(),
        sobjects: z.array(Loose),
      });
      const real = Global.parse(readRecorded('Global_describe.json'));
      const mine = Global.parse((await ask('GET', '/sobjects')).body);
      assert.deepEqual(Object.keys(mine).toSorted(), Object.keys(real).toSorted());
      assert.deepEqual([mine.encoding, mine.maxBatchSize], [real.encoding, real.maxBatchSize]);
      assert.deepEqual(strangeKinds(mine.sobjects, real.sobjects), []);
      assert.deepEqual(
        [...kindsIn(mine.sobjects).keys()].toSorted(),
        [...kindsIn(real.sobjects).keys()].toSorted(),
      );
    },
  );

  test('who may edit a field can be asked, unless the right to see the setup is taken away', async () => {
    const query =
      "SELECT Field, ParentId, Parent.Name FROM FieldPermissions WHERE PermissionsEdit = true AND SobjectType = 'Account'";
    const rows = records(await soql(ask, query));
    assert.equal(rows.length, 5);
    twin.edit({
      operation: 'revoke',
      as: 'administrator',
      rights: ['view setup', 'read Contact', 'edit Lead', 'read Account.Website'],
    });
    assert.equal(errorCode(await soql(ask, query)), 'INVALID_TYPE');
    assert.equal(errorCode(await soql(ask, 'SELECT Id FROM Contact')), 'INVALID_TYPE');
    assert.equal(errorCode(await soql(ask, 'SELECT Website FROM Account')), 'INVALID_FIELD');
    const lead = await ask('PATCH', `/sobjects/Lead/${leadId('open')}`, { Title: 'CEO' });
    assert.equal(errorCode(lead), 'INVALID_FIELD_FOR_INSERT_UPDATE');
    twin.edit({ operation: 'revoke', as: 'administrator', rights: [] });
  });

  test('only an administrator changes metadata, ten components at a time, each name once', async () => {
    const field = (name: string, inner: string) =>
      `<metadata xsi:type="CustomField"><fullName>${name}</fullName><label>L</label>${inner}</metadata>`;
    const number = '<type>Number</type><precision>5</precision><scale>0</scale>';
    const mine = await callMetadata(twin, 'integration', 'createMetadata', field('Account.A__c', number));
    assert.equal(mine.status, 500);
    assert.match(String(mine.body), /<faultcode>sf:INSUFFICIENT_ACCESS/);
    const create = async (components: string) =>
      String((await callMetadata(twin, 'administrator', 'createMetadata', components)).body);
    assert.match(await create(field('Account.Points__c', number)), /DUPLICATE_DEVELOPER_NAME/);
    assert.match(await create(field('Account.B__c', '<type>Nummber</type>')), /FIELD_INTEGRITY_EXCEPTION/);
    assert.match(await create(field('Account.B__c', '<type>Number</type>')), /FIELD_INTEGRITY_EXCEPTION/);
    assert.match(
      await create(field('Account.B__c', '<type>Text</type><length>256</length>')),
      /FIELD_INTEGRITY_EXCEPTION/,
    );
    assert.match(await create(field('Banana.B__c', number)), /INVALID_CROSS_REFERENCE_KEY/);
    const eleven = Array.from({ length: 11 }, (_, index) => field(`Account.N${index}__c`, number)).join('');
    assert.match(await create(eleven), /<faultcode>sf:LIMIT_EXCEEDED/);
    const set =
      '<metadata xsi:type="PermissionSet"><fullName>S</fullName><label>S</label><fieldPermissions><field>Account.Nope__c</field><readable>true</readable><editable>true</editable></fieldPermissions></metadata>';
    assert.match(await create(set), /INVALID_CROSS_REFERENCE_KEY/);
    assert.match(
      await create('<metadata xsi:type="Layout"><fullName>S</fullName></metadata>'),
      /INVALID_TYPE/,
    );
    const assign = await ask('POST', '/sobjects/PermissionSetAssignment', {
      PermissionSetId: 'x',
      AssigneeId: 'y',
    });
    assert.equal(errorCode(assign), 'INSUFFICIENT_ACCESS_OR_READONLY');
  });

  test('Bulk 2.0 ingest updates rows and reports the failed ones', async () => {
    const open = await ask('POST', '/jobs/ingest', { object: 'Account', operation: 'update' });
    assert.ok(typeof open.body === 'object' && open.body !== null && 'id' in open.body);
    const job = `/jobs/ingest/${String(open.body.id)}`;
    const csv = `Id,Points__c,Note__c\n${accountId('alder')},7,"semi;colon, ""quoted"""\n${accountId('nobody')},8,x\n${accountId('birch')},,#N/A\n`;
    const upload = await ask('PUT', `${job}/batches`, csv, { 'content-type': 'text/csv' });
    assert.equal(upload.status, 201);
    assert.equal((await ask('PATCH', job, { state: 'UploadComplete' })).status, 200);
    assert.match(JSON.stringify((await ask('GET', job)).body), /"JobComplete".*"numberRecordsFailed":1/);
    const good = String((await ask('GET', `${job}/successfulResults/`)).body);
    assert.match(good, /^"sf__Id","sf__Created","Id","Points__c","Note__c"\n/);
    assert.match(good, /"semi;colon, ""quoted"""/);
    assert.match(String((await ask('GET', `${job}/failedResults`)).body), /"INVALID_CROSS_REFERENCE_KEY:/);
    assert.equal((await ask('GET', `${job}/unprocessedrecords`)).status, 200);
    assert.equal(errorCode(await ask('PATCH', job, { state: 'UploadComplete' })), 'INVALIDJOBSTATE');
    assert.equal(
      errorCode(await ask('POST', '/jobs/ingest', { object: 'Account', operation: 'insert' })),
      'INVALIDJOB',
    );
    const alder = twin.dump().records.find((record) => record.id === accountId('alder'));
    assert.deepEqual([alder?.values.Points__c, alder?.values.Note__c], [7, 'semi;colon, "quoted"']);
  });

  test('jsforce itself queries, updates and describes', async () => {
    const good = {
      grant_type: 'client_credentials',
      client_id: twin.clientId,
      client_secret: twin.clientSecret,
    };
    const connection = new Connection({
      loginUrl: twin.url,
      version: '68.0',
      oauth2: { loginUrl: twin.url, clientId: good.client_id, clientSecret: good.client_secret },
    });
    await connection.authorize({ grant_type: 'client_credentials' });
    const found = await connection.query("SELECT Id, Name FROM Account WHERE Name = 'Alder Robotics'");
    assert.equal(found.records[0]?.Id, accountId('alder'));
    const saved = await connection.update('Account', [{ Id: accountId('alder'), Points__c: 42 }]);
    assert.deepEqual(saved, [{ id: accountId('alder'), success: true, errors: [] }]);
    assert.equal((await connection.describe('Lead')).name, 'Lead');
    assert.ok((connection.limitInfo.apiUsage?.used ?? 0) > 0);
    assert.equal((await connection.identity()).organization_id.slice(0, 3), '00D');
  });

  test('faults are worded as the platform words them', async () => {
    twin.kit.faults.set({ rate429: 1, retryAfterSeconds: 3 });
    const busy = await ask('GET', '/limits');
    assert.equal(busy.status, 429);
    assert.equal(busy.headers.get('retry-after'), '3');
    twin.kit.faults.set({ rate500: 1 });
    assert.equal(errorCode(await ask('GET', '/limits')), 'UNKNOWN_EXCEPTION');
    twin.kit.faults.set({ down: true });
    assert.equal(errorCode(await ask('GET', '/limits')), 'SERVER_UNAVAILABLE');
    twin.kit.faults.set({});
  });
});

test('what happened in the Salesforce twin survives a restart', async (context) => {
  const home = mkdtempSync(join(tmpdir(), 'fieldnote-salesforce-'));
  context.after(() => rmSync(home, { recursive: true }));
  const journalFile = join(home, 'journal.jsonl');
  const first = await startSmall({ journalFile });
  await prepareFields(first);
  const ask = await login(first, 'integration');
  await ask('PATCH', `/sobjects/Account/${accountId('alder')}`, { Points__c: 5 });
  first.edit({ as: 'rep:Anna', id: accountId('alder'), fields: { Note__c: 'kept' } });
  first.edit({ operation: 'merge', as: 'rep:Anna', winner: accountId('alder'), loser: accountId('birch') });
  first.edit({ operation: 'create', as: 'rep:Anna', object: 'Account', records: [{ Name: 'Late' }] });
  first.edit({ operation: 'convert', as: 'rep:Anna', id: leadId('open') });
  first.edit({ operation: 'lock', as: 'rep:Anna', id: accountId('cedar') });
  const before = first.dump();
  await first.close();
  const second = await startSmall({ journalFile });
  context.after(() => second.close());
  const { usage: _, ...state } = second.dump();
  const { usage: __, ...expected } = before;
  assert.deepEqual(state, expected);
  const again = await login(second, 'integration');
  assert.equal(
    (await again('PATCH', `/sobjects/Account/${accountId('alder')}`, { Points__c: 6 })).status,
    204,
  );
});

test('a conversion copies custom fields only where an administrator mapped them, and only into what is blank', async (context) => {
  const twin = await startSmall();
  context.after(() => twin.close());
  await prepareFields(twin);
  const ask = await login(twin, 'integration');
  const as = 'administrator';
  const make = (LastName: string): string => {
    const made = twin.edit({ operation: 'create', as, object: 'Lead', records: [{ LastName, Company: 'Elm', Note__c: LastName }] }); // prettier-ignore
    return z.object({ ids: z.tuple([z.string()]) }).parse(made).ids[0];
  };
  const convert = (id: string, accountId?: string): string => {
    const edit = {
      operation: 'convert',
      as: 'rep:Anna',
      id,
      ...(accountId === undefined ? {} : { accountId }),
    };
    return z.object({ accountId: z.string() }).parse(twin.edit(edit)).accountId;
  };
  const noteOf = async (id: string): Promise<unknown> => z.looseObject({ Note__c: z.unknown() }).parse((await ask('GET', `/sobjects/Account/${id}`)).body).Note__c; // prettier-ignore

  assert.equal(await noteOf(convert(make('unmapped'))), null);
  const to = { object: 'Account', field: 'Note__c' };
  twin.edit({ operation: 'map lead fields', as, map: [{ from: 'Note__c', to }] });
  const account = convert(make('first'));
  assert.equal(await noteOf(account), 'first');
  convert(make('second'), account);
  assert.equal(await noteOf(account), 'first', 'what was there stays');
  assert.throws(() => twin.edit({ operation: 'map lead fields', as, map: [{ from: 'Company', to }] }), /no custom field Company/); // prettier-ignore
});
