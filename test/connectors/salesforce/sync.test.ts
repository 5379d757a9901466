import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { SalesforceTwin } from '../../../sandbox/salesforce/twin.ts';
import type { Crm } from '../../../src/connectors/crm.ts';
import { readOurs } from '../../../src/connectors/salesforce/fields.ts';
import { ProviderError } from '../../../src/errors.ts';
import {
  accountId,
  contactId,
  leadId,
  login,
  smallWorld,
  startSmall,
} from '../../sandbox/salesforce-fixture.ts';
import { connect, ledger, readAll } from './connect.ts';

suite('Salesforce records are synced', () => {
  let twin: SalesforceTwin;
  let crm: Crm;
  before(async () => {
    twin = await startSmall({ world: smallWorld(5000), personAccounts: true });
    crm = connect(twin);
    await crm.installFields(ledger());
  });
  after(() => twin.close());

  test('a first sync reads every account once, in pages, with what the pipeline needs', async () => {
    const { records, pages } = await readAll(crm, 'Account', null);
    assert.deepEqual(
      pages.map((page) => page.records.length),
      [2000, 2000, 1003],
    );
    assert.equal(new Set(records.map((record) => record.externalId)).size, 5003);
    const alder = records.find((record) => record.externalId === accountId('alder'));
    assert.equal(alder?.name, 'Alder Robotics');
    assert.equal(alder?.website, 'https://alder.example/');
    assert.equal(alder?.employees, 120);
    assert.equal(alder?.modifiedAt, '2025-01-06T08:00:00.000Z');
    assert.equal(alder?.ours.score, null);
    assert.equal(alder?.isPerson, false);
  });

  test('leads and contacts name their company, a converted lead its account', async () => {
    const leads = await readAll(crm, 'Lead', null);
    const [open, converted] = leads.records;
    assert.equal(open?.companyName, 'Alder Robotics');
    assert.equal(open?.email, 'dana.quill@alder.example');
    assert.equal(open?.convertedTo, null);
    assert.equal(converted?.convertedTo, accountId('alder'));
    const { records } = await readAll(crm, 'Contact', null);
    assert.deepEqual(
      records.map(({ externalId, name, companyName, parentId, title }) => [
        externalId,
        name,
        companyName,
        parentId,
        title,
      ]),
      [[contactId('erin'), 'Erin Sorrel', 'Alder Robotics', accountId('alder'), 'Head of ML Platform']],
    );
  });

  test('a second sync reads what changed and the few minutes before it, nothing else', async () => {
    const first = await readAll(crm, 'Account', null);
    const second = await readAll(crm, 'Account', first.cursor);
    const seen = new Map(first.records.map((record) => [record.externalId, record]));
    for (const record of second.records) assert.deepEqual(record, seen.get(record.externalId));
    assert.ok(second.records.length <= 12, `${second.records.length} rows`);
    twin.edit({ as: 'rep:Anna', id: accountId('birch'), fields: { Website: 'https://birch.test/' } });
    const third = await readAll(crm, 'Account', second.cursor);
    const changed = third.records.filter(
      (record) => record.modifiedAt !== seen.get(record.externalId)?.modifiedAt,
    );
    assert.deepEqual(
      changed.map((record) => [record.externalId, record.website]),
      [[accountId('birch'), 'https://birch.test/']],
    );
  });

  test('a merge shows the loser with its survivor, a deletion as deleted', async () => {
    const { cursor } = await readAll(crm, 'Account', null);
    twin.edit({
      operation: 'merge',
      as: 'rep:Anna',
      winner: accountId('more-1'),
      loser: accountId('more-2'),
    });
    twin.edit({ operation: 'delete', as: 'rep:Anna', id: accountId('more-3') });
    const { records } = await readAll(crm, 'Account', cursor);
    const byId = new Map(records.map((record) => [record.externalId, record]));
    assert.equal(byId.get(accountId('more-2'))?.mergedInto, accountId('more-1'));
    assert.equal(byId.get(accountId('more-2'))?.deleted, true);
    assert.equal(byId.get(accountId('more-3'))?.deleted, true);
    assert.equal(byId.get(accountId('more-3'))?.mergedInto, null);
    assert.equal(byId.get(accountId('more-1'))?.deleted, false);
  });

  test('a lead converted later shows its account', async () => {
    const { cursor } = await readAll(crm, 'Lead', null);
    twin.edit({ operation: 'convert', as: 'rep:Anna', id: leadId('open'), accountId: accountId('cedar') });
    const { records } = await readAll(crm, 'Lead', cursor);
    const lead = records.find((record) => record.externalId === leadId('open'));
    assert.equal(lead?.convertedTo, accountId('cedar'));
  });

  test('a person account is marked as one, and so is its own contact', async () => {
    const names = { Account: { Name: 'Frank Person' }, Contact: { FirstName: 'Frank', LastName: 'Person' } };
    for (const object of ['Account', 'Contact'] as const) {
      const { cursor } = await readAll(crm, object, null);
      const rows = [{ ...names[object], IsPersonAccount: true }];
      twin.edit({ operation: 'create', as: 'rep:Anna', object, records: rows });
      const { records } = await readAll(crm, object, cursor);
      assert.equal(records.find((record) => record.name === 'Frank Person')?.isPerson, true);
    }
  });

  test('a sync that was stopped midway goes on behind its last page', async () => {
    const ids: string[] = [];
    let cursor = null;
    for await (const page of crm.readChanges('Account', null, ledger())) {
      ids.push(...page.records.map((record) => record.externalId));
      cursor = page.cursor;
      break;
    }
    const rest = await readAll(crm, 'Account', cursor);
    ids.push(...rest.records.map((record) => record.externalId));
    const all = twin.dump().records.filter((record) => record.object === 'Account');
    assert.equal(ids.length, all.length);
    assert.equal(new Set(ids).size, all.length);
  });

  test('a cursor that is not ours reads everything again', async () => {
    const { records } = await readAll(crm, 'Lead', { surprise: true });
    assert.equal(records.length, 2);
  });

  test('a locator that has died does not end the sync', async () => {
    const options = ledger();
    const ids = new Set<string>();
    for await (const page of crm.readChanges('Account', null, options)) {
      for (const record of page.records) ids.add(record.externalId);
      // Opening more cursors than a user may have drops the oldest, here ours.
      const ask = await login(twin, 'integration');
      for (let index = 0; index < 10; index += 1)
        await ask('GET', `/queryAll?q=${encodeURIComponent('SELECT Id FROM Account')}`);
    }
    const all = twin.dump().records.filter((record) => record.object === 'Account');
    assert.equal(ids.size, all.length);
  });

  test('a stopped sync ends at once with the reason', async () => {
    const options = ledger();
    const pages = crm.readChanges('Account', null, options);
    await pages.next();
    options.stop.abort(new Error('enough'));
    await assert.rejects(pages.next(), /enough/);
  });

  test('a sync sees through 429, 500, resets and broken answers, and never calls before Retry-After', async () => {
    twin.kit.calls.clear();
    twin.kit.faults.set({
      seed: 5,
      rate429: 0.15,
      rate500: 0.15,
      rateReset: 0.15,
      rateGarbage: 0.1,
      retryAfterSeconds: 0.05,
    });
    const patient = connect(twin, {}, { attempts: 20 });
    const { records } = await readAll(patient, 'Account', null);
    twin.kit.faults.set({});
    const all = twin.dump().records.filter((record) => record.object === 'Account');
    assert.equal(new Set(records.map((record) => record.externalId)).size, all.length);
    assert.deepEqual(
      twin.kit.calls.list().filter((call) => call.early),
      [],
    );
  });
});

test('25,000 accounts with one timestamp all arrive, and the sync ends', async (context) => {
  const twin = await startSmall();
  context.after(() => twin.close());
  const crm = connect(twin, { bulk: { above: Infinity } });
  const records = Array.from({ length: 25_000 }, (_, index) => ({ Name: `Same second ${index}` }));
  twin.edit({ operation: 'create', as: 'administrator', object: 'Account', records });
  const made = twin.dump().records.filter((record) => String(record.values.Name).startsWith('Same'));
  assert.equal(new Set(made.map((record) => record.modifiedAt)).size, 1);
  // Twice: from the start, and from a cursor in the middle of the one timestamp.
  const whole = await readAll(crm, 'Account', null);
  assert.equal(new Set(whole.records.map((record) => record.externalId)).size, 25_003);
  const middle = whole.pages[5]?.cursor ?? null;
  const rest = await readAll(crm, 'Account', middle);
  const known = new Set(
    whole.pages.slice(0, 6).flatMap((page) => page.records.map((record) => record.externalId)),
  );
  assert.equal(rest.records.length + known.size, 25_003);
  assert.deepEqual(
    rest.records.filter((record) => known.has(record.externalId)),
    [],
  );
});

test('rows changed while a sync reads are read again by the next one', async (context) => {
  const twin = await startSmall({ world: smallWorld(4000) });
  context.after(() => twin.close());
  const crm = connect(twin);
  let cursor = null;
  let pages = 0;
  for await (const page of crm.readChanges('Account', null, ledger())) {
    pages += 1;
    cursor = page.cursor;
    // The platform's clock goes on while we read; later rows of this very sync carry the new stamp.
    twin.kit.clock.set(pages * 3_600_000);
    if (pages === 1) twin.edit({ as: 'rep:Anna', id: accountId('more-5'), fields: { Phone: '1' } });
    if (pages === 2) twin.edit({ as: 'rep:Anna', id: accountId('more-3999'), fields: { Phone: '2' } });
  }
  const { records } = await readAll(crm, 'Account', cursor);
  const ids = records.map((record) => record.externalId);
  assert.ok(ids.includes(accountId('more-5')));
  assert.ok(ids.includes(accountId('more-3999')));
});

test('an answer that is not what the platform promises is named, not stored', async (context) => {
  const twin = await startSmall();
  context.after(() => twin.close());
  const lying = (body: string, type: string) =>
    connect(twin, {
      fetch: async (input, init) => {
        const answer = await fetch(input, init);
        const target = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
        return target.includes('/queryAll')
          ? new Response(body, { headers: { 'content-type': type } })
          : answer;
      },
    });
  const kindOf = async (body: string, type: string): Promise<string> => {
    try {
      await readAll(lying(body, type), 'Lead', null);
    } catch (error) {
      if (error instanceof ProviderError) return error.kind;
      throw error;
    }
    return 'nothing';
  };
  const json = 'application/json;charset=UTF-8';
  assert.equal(await kindOf('<html>Down for maintenance</html>', 'text/html'), 'unavailable');
  assert.equal(await kindOf('{"done":true,"rec', json), 'unavailable');
  assert.equal(await kindOf('{"done":true}', json), 'malformed');
  assert.equal(await kindOf('{"done":false,"records":[]}', json), 'malformed');
  const away =
    '{"done":false,"nextRecordsUrl":"https://elsewhere.example/steal","records":[{"Id":"00Q000000000001AAA","SystemModstamp":"2026-01-01T00:00:00.000+0000"}]}';
  assert.equal(await kindOf(away, json), 'malformed');
});

test('a page of deals that says there is more and not where is not taken for the last one', async (context) => {
  const twin = await startSmall();
  context.after(() => twin.close());
  const crm = connect(twin, {
    fetch: async (input, init) => {
      const target = String(input instanceof Request ? input.url : input);
      if (!target.includes('FROM%20Opportunity')) return fetch(input, init);
      const Id = '006000000000001AAA';
      const row = { Id, SystemModstamp: '2026-01-05T08:00:00.000+0000', IsDeleted: false, IsClosed: false, AccountId: accountId('alder') }; // prettier-ignore
      return Response.json({ done: false, totalSize: 2, records: [row] });
    },
  });
  assert.ok(crm.readDeals !== undefined);
  const pages = crm.readDeals(null, ledger());
  await assert.rejects(pages.next(), (error) => error instanceof ProviderError && error.kind === 'malformed');
});

test('a change that commits late, with an earlier stamp than what was read, is still found', async (context) => {
  const twin = await startSmall();
  context.after(() => twin.close());
  const crm = connect(twin);
  twin.kit.clock.set(3_600_000);
  twin.edit({ as: 'rep:Anna', id: accountId('alder'), fields: { Phone: '1' } });
  const first = await readAll(crm, 'Account', null);
  // An Apex transaction may take ten minutes.
  twin.kit.clock.set(3_600_000 - 595_000);
  twin.edit({ as: 'rep:Anna', id: accountId('birch'), fields: { Phone: '2' } });
  twin.kit.clock.set(3_600_000);
  const second = await readAll(crm, 'Account', first.cursor);
  assert.ok(second.records.some((record) => record.externalId === accountId('birch')));
});

test('line ends that the CRM keeps its own way read the same as ours, and text where a number should be is not empty', () => {
  const ours = readOurs({
    Fieldnote_Why__c: 'one\r\ntwo',
    Fieldnote_Model__c: 'a\0b',
    Fieldnote_Score__c: '7',
  });
  assert.deepEqual(ours, { why: 'one\ntwo', model: 'ab', score: '7' });
});
