import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { SalesforceTwin, SalesforceTwinOptions } from '../../../sandbox/salesforce/twin.ts';
import type { Crm, CrmObject, SyncCursor } from '../../../src/connectors/crm.ts';
import type { CrmCheck } from '../../../src/connectors/crm-check.ts';
import { FIELDS } from '../../../src/connectors/crm-fields.ts';
import { READ_AS_USUAL } from '../../../src/connectors/crm-reading.ts';
import { ProviderError, UserError } from '../../../src/errors.ts';
import {
  accountId,
  callMetadata,
  firstId,
  leadId,
  login,
  soql,
  startSmall,
} from '../../sandbox/salesforce-fixture.ts';
import { createOwnQuota } from '../../harness/own-quota.ts';
import { connect, ledger, readAll } from './connect.ts';

async function start(
  context: TestContext,
  options: Partial<SalesforceTwinOptions> = {},
): Promise<SalesforceTwin> {
  const twin = await startSmall(options);
  context.after(() => twin.close());
  return twin;
}

async function failureOf(work: Promise<unknown>): Promise<ProviderError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ProviderError, String(error));
  return error;
}

const statuses = (check: CrmCheck) => new Set(check.fields.map((field) => field.status));
const editable = (check: CrmCheck) =>
  new Set(check.fields.filter((field) => field.peopleMayEdit).map((field) => field.key));

suite('A Salesforce org is connected', () => {
  test('a fresh org lacks our fields, an administrator creates them, and doing it again changes nothing', async (context) => {
    const twin = await start(context);
    const crm = connect(twin);
    const before = await crm.check(ledger());
    assert.deepEqual(statuses(before), new Set(['missing']));
    assert.equal(before.fields.length, 2 * FIELDS.length);
    assert.equal(before.apiVersion, '68.0');
    assert.equal(before.organization, 'Sandbox of small');
    assert.match(before.user, /^fieldnote\.integration@/);
    assert.deepEqual(before.missingPermissions, []);
    const first = await crm.installFields(ledger());
    assert.deepEqual(new Set(first.map((each) => each.result)), new Set(['created']));
    const after = await crm.check(ledger());
    assert.deepEqual(statuses(after), new Set(['ok']));
    assert.deepEqual(editable(after), new Set(['personas', 'pitch']));
    assert.equal(after.usage?.limit, 100_000);
    assert.equal(after.usage?.used, twin.dump().usage.used);
    const state = twin.dump();
    const second = await crm.installFields(ledger());
    assert.deepEqual(new Set(second.map((each) => each.result)), new Set(['exists']));
    assert.deepEqual(twin.dump().customFields, state.customFields);
    assert.equal(state.customFields.length, 20);
    assert.ok(
      state.permissionSets.includes('Fieldnote_Integration') &&
        state.permissionSets.includes('Fieldnote_Readers'),
    );
  });

  test('the integration user cannot create fields, and without an administrator the error says so', async (context) => {
    const twin = await start(context);
    const alone = connect(twin, { admin: undefined });
    await assert.rejects(
      alone.installFields(ledger()),
      (error) => error instanceof UserError && error.fix !== undefined,
    );
    const posing = connect(twin, { admin: { clientId: twin.clientId, clientSecret: twin.clientSecret } });
    const failure = await failureOf(posing.installFields(ledger()));
    assert.deepEqual([failure.kind, failure.code], ['unauthorized', 'INSUFFICIENT_ACCESS']);
    assert.deepEqual(twin.dump().customFields, []);
  });

  test('a field that people may edit through any other permission set is told, so that writes are conditional', async (context) => {
    const twin = await start(context);
    const crm = connect(twin);
    await crm.installFields(ledger());
    const right =
      '<fieldPermissions><field>Account.Fieldnote_Score__c</field><readable>true</readable><editable>true</editable></fieldPermissions>';
    await callMetadata(
      twin,
      'administrator',
      'upsertMetadata',
      `<metadata xsi:type="PermissionSet"><fullName>Sales_Plus</fullName><label>Sales</label>${right}</metadata>`,
    );
    const check = await crm.check(ledger());
    const score = check.fields
      .filter((field) => field.key === 'score')
      .map((field) => [field.object, field.peopleMayEdit]);
    assert.deepEqual(score, [
      ['Account', true],
      ['Lead', false],
    ]);
  });

  test('the integration permission set given to a second user makes every write conditional', async (context) => {
    const twin = await start(context);
    const crm = connect(twin);
    await crm.installFields(ledger());
    const ask = await login(twin, 'administrator');
    const set = await soql(ask, "SELECT Id FROM PermissionSet WHERE Name = 'Fieldnote_Integration'");
    const user = await soql(ask, "SELECT Id FROM User WHERE Name = 'Sandbox Administrator'");
    const body = { PermissionSetId: firstId(set), AssigneeId: firstId(user) };
    assert.equal((await ask('POST', '/sobjects/PermissionSetAssignment', body)).status, 201);
    assert.equal(editable(await crm.check(ledger())).size, FIELDS.length);
  });

  test('the integration permission set in a group that a second user has makes every write conditional', async (context) => {
    const twin = await start(context);
    const crm = connect(twin);
    await crm.installFields(ledger());
    const editableWith = async (to: string[]): Promise<number> => {
      const group = { name: 'Revenue', sets: ['Fieldnote_Integration'], to };
      twin.edit({ operation: 'group permission sets', as: 'administrator', ...group });
      return editable(await crm.check(ledger())).size;
    };
    assert.equal(await editableWith(['integration', 'rep:Anna']), FIELDS.length);
    // A group that nobody has can be given to anybody.
    assert.equal(await editableWith([]), FIELDS.length);
    assert.equal(await editableWith(['integration']), FIELDS.filter((field) => field.peopleMayEdit).length);
  });

  test('missing rights are named with what they disable, and no right to see the setup makes every write conditional', async (context) => {
    const twin = await start(context);
    const crm = connect(twin);
    await crm.installFields(ledger());
    const rights = ['read Contact', 'edit Lead', 'read Account.Website', 'view setup', 'read Lead.Title'];
    twin.edit({ operation: 'revoke', as: 'administrator', rights });
    const check = await crm.check(ledger());
    assert.deepEqual(
      check.missingPermissions.map((each) => each.name),
      [
        'Read on Account.Website',
        'Read on Lead.Title',
        'Read on Contact',
        'Edit on Lead',
        'View Setup and Configuration',
      ],
    );
    assert.ok(check.missingPermissions.every((each) => each.disables.length > 10));
    assert.equal(editable(check).size, FIELDS.length);
    assert.deepEqual(
      new Set(check.fields.filter((field) => field.object === 'Lead').map((field) => field.status)),
      new Set(['not-writable']),
    );
    twin.edit({ operation: 'revoke', as: 'administrator', rights: ['read Lead.Title'] });
    const { records } = await readAll(crm, 'Lead', null);
    assert.deepEqual(new Set(records.map((record) => record.title)), new Set([null]));
  });

  test('a field by which records are told apart stops the sync where it may not be seen, in place of seeming empty', async (context) => {
    const twin = await start(context);
    const reading = { ...READ_AS_USUAL, customers: true, optedOut: true };
    const needed: [CrmObject, string, RegExp][] = [
      ['Account', 'Website', /access to the field, or map another one/],
      ['Account', 'Type', /access to the field, or set exclude\.customers to false/],
      ['Lead', 'Email', /or map another one/],
      ['Lead', 'Website', /or map another one/],
      ['Lead', 'HasOptedOutOfEmail', /or set exclude\.optedOut to false/],
      ['Contact', 'Email', /or map another one/],
      ['Contact', 'AccountId', /access to the field$/],
      ['Contact', 'HasOptedOutOfEmail', /or set exclude\.optedOut to false/],
    ];
    for (const [object, field, fix] of needed) {
      twin.edit({ operation: 'revoke', as: 'administrator', rights: [`read ${object}.${field}`] });
      const crm = connect(twin, { reading });
      const { missingPermissions } = await crm.check(ledger());
      assert.deepEqual(
        missingPermissions.map(({ name }) => name),
        [`Read on ${object}.${field}`],
      );
      for (const read of [
        () => readAll(crm, object, null),
        () => crm.readRecords(object, [accountId('alder')], ledger()),
      ]) {
        const failure = await failureOf(read());
        assert.deepEqual([failure.kind, failure.status], ['refused', undefined]);
        assert.match(failure.message, new RegExp(`may not see ${object}\\.${field}, which is read for `));
        assert.match(failure.fix ?? '', fix);
      }
    }
    twin.edit({ operation: 'revoke', as: 'administrator', rights: ['read Account.Type', 'read Account.Website'] }); // prettier-ignore
    const mapped = connect(twin, { reading: { ...READ_AS_USUAL, fields: { Account: { website: [] } } } });
    assert.equal((await readAll(mapped, 'Account', null)).records.length > 0, true);
  });

  test('a field that is shown to us later is read of every record, also of those that nobody changed', async (context) => {
    const twin = await start(context);
    twin.kit.clock.set(3_600_000);
    twin.edit({ as: 'rep:Anna', id: leadId('open'), fields: { Title: 'CEO' } });
    const hide = (rights: string[]) => twin.edit({ operation: 'revoke', as: 'administrator', rights });
    const read = async (cursor: SyncCursor | null) => {
      const heard = ledger();
      // Another process: what an org's objects are like is known for ten minutes.
      const { records, cursor: reached } = await readAll(connect(twin), 'Lead', cursor, heard);
      return { titles: records.map(({ title }) => title), reached, notices: heard.notices };
    };
    const all = await read(null);
    assert.deepEqual(all.titles, ['CTO', 'CEO']);

    hide(['read Lead.Title']);
    const without = await read(all.reached);
    assert.deepEqual(without.titles, [null], 'what was changed last always comes again');
    hide([]);
    const shown = await read(without.reached);
    assert.deepEqual(shown.titles, ['CTO', 'CEO']);
    assert.deepEqual(shown.notices, ['Lead.Title can be seen by now: every Lead is read again']);
    assert.deepEqual((await read(shown.reached)).titles, ['CEO'], 'once');
  });

  test('a field of another type or too short is named with the difference', async (context) => {
    const twin = await start(context);
    const field = (name: string, inner: string) =>
      `<metadata xsi:type="CustomField"><fullName>Account.Fieldnote_${name}__c</fullName><label>${name}</label>${inner}</metadata>`;
    const value = '<value><fullName>A</fullName><default>false</default><label>A</label></value>';
    await callMetadata(
      twin,
      'administrator',
      'createMetadata',
      field('Score', '<type>Text</type><length>20</length>') +
        field('Confidence', '<type>Number</type><precision>2</precision><scale>0</scale>') +
        field('Why', '<type>LongTextArea</type><length>500</length><visibleLines>3</visibleLines>') +
        field(
          'Band',
          `<type>Picklist</type><valueSet><valueSetDefinition><sorted>false</sorted>${value}</valueSetDefinition></valueSet>`,
        ),
    );
    const crm = connect(twin);
    const installed = await crm.installFields(ledger());
    assert.equal(installed.filter((each) => each.result === 'exists').length, 4);
    const check = await crm.check(ledger());
    const details = new Map(
      check.fields.filter((each) => each.status === 'wrong-type').map((each) => [each.key, each.detail]),
    );
    assert.deepEqual([...details.keys()].toSorted(), ['band', 'confidence', 'score', 'why']);
    assert.match(details.get('score') ?? '', /is string, must be double/);
    assert.match(details.get('why') ?? '', /holds 500 characters, must hold 4000/);
    twin.edit({ operation: 'alter field', as: 'administrator', object: 'Lead', field: 'Fieldnote_Pitch__c', rich: true }); // prettier-ignore
    const richer = (await crm.check(ledger())).fields.find(({ object, key }) => object === 'Lead' && key === 'pitch'); // prettier-ignore
    assert.deepEqual([richer?.status, richer?.detail], ['wrong-type', 'is rich text, must be plain']);
    assert.match(details.get('band') ?? '', /lacks the picklist values B, C, D, Not enough evidence/);
  });

  test('wrong credentials are refused with what to check', async (context) => {
    const twin = await start(context);
    const wrong = connect({ ...twin, clientSecret: 'guess' });
    const failure = await failureOf(wrong.check(ledger()));
    assert.deepEqual([failure.kind, failure.code], ['unauthorized', 'invalid_client']);
    assert.match(failure.fix ?? '', /SALESFORCE_CLIENT_SECRET/);
    const closed = await startSmall();
    await closed.close();
    const nowhere = connect(closed);
    const down = await failureOf(nowhere.check(ledger()));
    assert.deepEqual([down.kind, down.maybeApplied], ['unavailable', false]);
  });

  test('a login that Salesforce turns away for a moment is no matter for a person, and one from a wrong address names that', async (context) => {
    const twin = await start(context);
    const refusing = (error: string, description: string): Crm =>
      connect(
        twin,
        {
          fetch: async (input, init) =>
            String(input instanceof Request ? input.url : input).includes('/oauth2/token')
              ? Response.json({ error, error_description: description }, { status: 400 })
              : fetch(input, init),
        },
        { attempts: 1 },
      );
    const busy = await failureOf(refusing('unknown_error', 'retry your request').check(ledger()));
    assert.deepEqual([busy.kind, busy.retryable], ['unavailable', true]);
    const often = await failureOf(refusing('invalid_grant', 'login rate exceeded').check(ledger()));
    assert.deepEqual([often.kind, often.retryable], ['rate-limited', true]);
    assert.ok((often.retryAfterMs ?? 0) >= 60_000);
    const elsewhere = await failureOf(refusing('invalid_grant', 'ip restricted').check(ledger()));
    assert.equal(elsewhere.kind, 'unauthorized');
    assert.match(elsewhere.fix ?? '', /addresses of the machines that run Fieldnote/);
  });

  test('an org that has our API version no more says to update Fieldnote, one that has it not yet says so', async (context) => {
    const twin = await start(context);
    const speaking = (...versions: string[]): Crm =>
      connect(twin, {
        fetch: async (input, init) => {
          const { pathname } = new URL(input instanceof Request ? input.url : input);
          if (pathname === '/services/data') return Response.json(versions.map((version) => ({ version })));
          return pathname.startsWith('/services/data/v')
            ? Response.json([{ errorCode: 'UNSUPPORTED_API_VERSION', message: 'retired' }], { status: 410 })
            : fetch(input, init);
        },
      });
    const late = await failureOf(speaking('90.0', '91.0').check(ledger()));
    assert.match(late.fix ?? '', /^update Fieldnote/);
    const early = await failureOf(speaking('66.0', '67.0').check(ledger()));
    assert.match(early.fix ?? '', /latest release/);
    const reading = await failureOf(readAll(speaking('90.0'), 'Account', null));
    assert.deepEqual([reading.kind, reading.code], ['unauthorized', 'UNSUPPORTED_API_VERSION']);
    assert.match(reading.fix ?? '', /^update Fieldnote/);
    // Nothing of any record: its connection is paused, and what is planned stays planned.
    assert.equal(reading.credentialsRefused, true);
    const ids = [accountId('alder'), accountId('birch')];
    const writing = await failureOf(speaking('90.0').readCurrent('Account', ids, ledger()));
    assert.equal(writing.credentialsRefused, true);
  });

  test('an object that the integration user may not see is named, with the permission that shows it', async (context) => {
    const twin = await start(context);
    twin.edit({ operation: 'revoke', as: 'administrator', rights: ['read Lead'] });
    const failure = await failureOf(readAll(connect(twin), 'Lead', null));
    assert.match(failure.message, /may not see Lead/);
    assert.match(failure.fix ?? '', /Read on Lead: assign it the permission set Fieldnote_Integration/);
  });

  test('a login address that is none is refused before anything is asked', () => {
    const nobody = { clientId: '', clientSecret: '', adminClientId: '', adminClientSecret: '' };
    for (const url of ['acme.my.salesforce.com', '', 'ftp://acme.example'])
      assert.throws(() => connect({ ...nobody, url }), /SALESFORCE_LOGIN_URL|login URL/);
  });

  test('an expired session is renewed once, for all calls together, and they all succeed', async (context) => {
    const twin = await start(context);
    const crm = connect(twin);
    await crm.readCurrent('Account', [accountId('alder')], ledger());
    twin.kit.calls.clear();
    twin.expireTokens();
    const reads = Array.from({ length: 50 }, () =>
      crm.readCurrent('Account', [accountId('alder')], ledger()),
    );
    for (const read of await Promise.all(reads)) assert.equal(read.length, 1);
    assert.equal(twin.kit.calls.summary().byOperation.token?.calls, 1);
    await crm.installFields(ledger());
    twin.expireTokens();
    await crm.installFields(ledger());
  });

  test('a server that refuses every token is asked twice, not for ever', async (context) => {
    const twin = await start(context);
    let asked = 0;
    const crm = connect(twin, {
      fetch: async (input, init) => {
        const target = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
        if (target.includes('/oauth2/token')) return fetch(input, init);
        asked += 1;
        return Response.json([{ errorCode: 'INVALID_SESSION_ID', message: 'Session expired or invalid' }], {
          status: 401,
        });
      },
    });
    const failure = await failureOf(crm.readCurrent('Account', [accountId('alder')], ledger()));
    assert.deepEqual([failure.kind, failure.code], ['unauthorized', 'INVALID_SESSION_ID']);
    assert.equal(asked, 2);
  });

  test('Fieldnote stops at its share of the day and goes on when the window has moved', async (context) => {
    const twin = await start(context);
    const quota = createOwnQuota();
    const crm = connect(twin, { dailyShare: 0.5, quota });
    const read = () => crm.readCurrent('Account', [accountId('alder')], ledger());
    for (let index = 0; index < 50; index += 1) await read();
    twin.setDailyLimit(2 * twin.dump().usage.used);
    await read();
    const { used } = twin.dump().usage;
    const failure = await failureOf(read());
    assert.equal(failure.kind, 'quota');
    assert.match(failure.message, /stops at 50 %/);
    assert.ok((failure.retryAfterMs ?? 0) > 60_000);
    assert.equal(twin.dump().usage.used, used);

    const another = connect(twin, { dailyShare: 0.5, quota });
    const refused = await failureOf(another.readCurrent('Account', [accountId('alder')], ledger()));
    assert.equal(refused.kind, 'quota');
    assert.equal(twin.dump().usage.used, used, 'a worker that just started spends nothing to learn it');

    const person = { ...ledger(), interactive: true };
    assert.equal((await another.check(person)).usage?.limit, twin.dump().usage.limit);
    await crm.readCurrent('Account', [accountId('alder')], person);
    twin.kit.clock.set(25 * 3_600_000);
    quota.age(15 * 60_000);
    await read();
  });

  test('an org whose calls are used up is a quota error that says when to come back', async (context) => {
    const twin = await start(context, { dailyLimit: 0 });
    const failure = await failureOf(connect(twin).readCurrent('Account', [accountId('alder')], ledger()));
    assert.deepEqual(
      [failure.kind, failure.code, failure.retryable],
      ['quota', 'REQUEST_LIMIT_EXCEEDED', true],
    );
  });

  test('once the org refuses for its day, no worker asks until it is time to look, and then one does', async (context) => {
    const twin = await start(context);
    const quota = createOwnQuota();
    const [one, other] = [connect(twin, { quota, dailyShare: 1 }), connect(twin, { quota, dailyShare: 1 })];
    const read = (crm: Crm) => crm.readCurrent('Account', [accountId('alder')], ledger());
    await read(one);
    twin.setDailyLimit(twin.dump().usage.used);
    assert.equal((await failureOf(read(one))).code, 'REQUEST_LIMIT_EXCEEDED');
    const calls = () => twin.kit.calls.summary().total;
    const before = calls();
    assert.equal((await failureOf(read(other))).kind, 'quota');
    assert.equal(calls(), before);

    quota.age(16 * 60_000);
    const looks = await Promise.all([failureOf(read(one)), failureOf(read(other))]);
    assert.deepEqual(
      looks.map(({ kind }) => kind),
      ['quota', 'quota'],
    );
    assert.equal(calls() - before, 2, 'one login of the worker that looked, one look');
    twin.setDailyLimit(1_000);
    quota.age(16 * 60_000);
    await read(other);
    await read(one);
  });

  test('an answer that breaks off midway is an outage, not the end of the process', async (context) => {
    const twin = await start(context);
    const crm = connect(twin, {
      fetch: async (input, init) => {
        const target = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
        if (!target.includes('/composite/')) return fetch(input, init);
        const body = new ReadableStream({
          start: (controller) => {
            controller.enqueue(new TextEncoder().encode('[{"Id":'));
            controller.error(
              Object.assign(new TypeError('terminated'), {
                cause: Object.assign(new Error('closed'), { code: 'UND_ERR_SOCKET' }),
              }),
            );
          },
        });
        return new Response(body, { headers: { 'content-type': 'application/json' } });
      },
    });
    const failure = await failureOf(crm.readCurrent('Account', [accountId('alder')], ledger()));
    assert.equal(failure.kind, 'unavailable');
  });

  test('a hanging org is cut off, and a caller who gives up is free at once', async (context) => {
    const twin = await start(context);
    // Logging in must succeed within it, on a busy machine too.
    const crm = connect(twin, {}, { attemptTimeoutMs: 1_000, attempts: 1 });
    await crm.readCurrent('Account', [accountId('alder')], ledger());
    twin.kit.faults.set({ rateHang: 1 });
    const failure = await failureOf(crm.readCurrent('Account', [accountId('alder')], ledger()));
    assert.equal(failure.kind, 'unavailable');
    const patient = connect(twin, {}, { attemptTimeoutMs: 60_000, totalTimeoutMs: 60_000 });
    const options = ledger();
    const waiting = patient.readCurrent('Account', [accountId('alder')], options);
    setTimeout(() => options.stop.abort(new Error('given up')), 50);
    await assert.rejects(waiting, /given up/);
  });

  test('a record has an address for people', async (context) => {
    const twin = await start(context);
    const crm = connect(twin);
    assert.equal(
      crm.recordUrl('Account', accountId('alder')),
      `${twin.url}/lightning/r/Account/${accountId('alder')}/view`,
    );
  });
});
