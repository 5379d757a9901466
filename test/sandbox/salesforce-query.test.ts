import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { SalesforceTwin } from '../../sandbox/salesforce/twin.ts';
import {
  accountId,
  errorCode,
  leadId,
  login,
  records,
  smallWorld,
  soql,
  startSmall,
} from './salesforce-fixture.ts';
import type { Ask } from './salesforce-fixture.ts';

suite('The Salesforce twin answers SOQL as the platform does', () => {
  let twin: SalesforceTwin;
  let ask: Ask;
  before(async () => {
    twin = await startSmall({ world: smallWorld(4500) });
    ask = await login(twin, 'integration');
  });
  after(() => twin.close());

  const names = async (where: string): Promise<unknown[]> => {
    const reply = await soql(ask, `SELECT Name FROM Account WHERE ${where} ORDER BY Name LIMIT 10`);
    assert.equal(reply.status, 200, JSON.stringify(reply.body));
    return records(reply).map((row) => row.Name);
  };

  test('a query of 4,503 rows comes in pages of 2,000 that together hold each row once', async () => {
    const ids = new Set<unknown>();
    let reply = await soql(ask, 'SELECT Id, Name FROM Account ORDER BY SystemModstamp, Id');
    for (;;) {
      for (const row of records(reply)) ids.add(row.Id);
      const { body } = reply;
      assert.ok(typeof body === 'object' && body !== null && 'done' in body && 'totalSize' in body);
      assert.equal(body.totalSize, 4503);
      if (body.done === true) break;
      assert.ok('nextRecordsUrl' in body);
      assert.equal(records(reply).length, 2000);
      reply = await ask('GET', String(body.nextRecordsUrl));
    }
    assert.equal(ids.size, 4503);
  });

  test('a smaller page can be asked for, down to 200', async () => {
    const wish = { 'sforce-query-options': 'batchSize=10' };
    const reply = await soql(ask, 'SELECT Id FROM Account', '/query', wish);
    assert.equal(records(reply).length, 200);
  });

  test('filters combine, and text compares without case', async () => {
    assert.deepEqual(await names("Name = 'ALDER robotics'"), ['Alder Robotics']);
    assert.deepEqual(await names("Name LIKE 'bi%' AND Website != null"), ['Birch Freight']);
    assert.deepEqual(
      await names("(Name = 'x' OR NumberOfEmployees >= 120) AND Website LIKE '%alder_example%'"),
      ['Alder Robotics'],
    );
    assert.deepEqual(await names('Website = null'), ['Cedar Dairy']);
    assert.deepEqual(await names(`Id IN ('${accountId('birch')}', '${accountId('cedar').slice(0, 15)}')`), [
      'Birch Freight',
      'Cedar Dairy',
    ]);
    assert.deepEqual(await names("NOT Name LIKE 'Company%' AND Name NOT IN ('Cedar Dairy')"), [
      'Alder Robotics',
      'Birch Freight',
    ]);
    assert.deepEqual(await names('SystemModstamp < 2025-01-06T08:01:00Z'), ['Alder Robotics']);
    assert.deepEqual(await names("Name = 'O\\'Brien'"), []);
  });

  test('a contact shows its account through the relationship', async () => {
    const reply = await soql(
      ask,
      "SELECT Id, Account.Name FROM Contact WHERE Account.Name = 'Alder Robotics'",
    );
    const [row] = records(reply);
    assert.ok(typeof row?.Account === 'object' && row.Account !== null && 'Name' in row.Account);
    assert.equal(row.Account.Name, 'Alder Robotics');
  });

  test('instants are written with +0000 and whole seconds', async () => {
    const reply = await soql(ask, "SELECT SystemModstamp FROM Account WHERE Name = 'Alder Robotics'");
    assert.equal(records(reply)[0]?.SystemModstamp, '2025-01-06T08:00:00.000+0000');
  });

  const refused: [string, string, string][] = [
    ['a column that does not exist', 'SELECT Colour FROM Account', 'INVALID_FIELD'],
    ['a relationship that does not exist', 'SELECT Boss.Name FROM Contact', 'INVALID_FIELD'],
    ['an object that does not exist', 'SELECT Id FROM Banana', 'INVALID_TYPE'],
    ['a field named twice', 'SELECT Id, Id FROM Account', 'INVALID_FIELD'],
    ['a filter on long text', "SELECT Id FROM Account WHERE Description = 'x'", 'INVALID_FIELD'],
    [
      'an instant in quotes',
      "SELECT Id FROM Account WHERE SystemModstamp > '2025-01-01T00:00:00Z'",
      'INVALID_FIELD',
    ],
    [
      'text without quotes',
      'SELECT Id FROM Account WHERE NumberOfEmployees = 1 AND Name = 5',
      'INVALID_FIELD',
    ],
    ['an id that can be none', "SELECT Id FROM Account WHERE Id = 'abc'", 'INVALID_QUERY_FILTER_OPERATOR'],
    [
      'AND and OR side by side',
      "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
      'MALFORMED_QUERY',
    ],
    ['an unclosed quote', "SELECT Id FROM Account WHERE Name = 'a", 'MALFORMED_QUERY'],
    ['words after the end', 'SELECT Id FROM Account LIMIT 1 PLEASE', 'MALFORMED_QUERY'],
    ['SELECT *', 'SELECT * FROM Account', 'MALFORMED_QUERY'],
    ['no query at all', ' ', 'MALFORMED_QUERY'],
  ];
  for (const [what, query, code] of refused)
    test(`${what} is refused as ${code}`, async () => {
      const reply = await soql(ask, query);
      assert.equal(reply.status, 400);
      assert.equal(errorCode(reply), code);
    });

  test('a locator that was never given is refused', async () => {
    assert.equal(errorCode(await ask('GET', '/query/01g000000000000AAA-2000')), 'INVALID_QUERY_LOCATOR');
  });

  test('deleted and merged records show in queryAll only, the merged one with its survivor', async () => {
    const [winner, loser, gone] = [accountId('more-1'), accountId('more-2'), accountId('more-3')];
    twin.edit({ operation: 'merge', as: 'rep:Anna', winner, loser });
    twin.edit({ operation: 'delete', as: 'rep:Anna', id: gone });
    const query = `SELECT Id, IsDeleted, MasterRecordId FROM Account WHERE Id IN ('${winner}', '${loser}', '${gone}')`;
    assert.deepEqual(
      records(await soql(ask, query)).map((row) => row.Id),
      [winner],
    );
    const all = new Map(records(await soql(ask, query, '/queryAll')).map((row) => [row.Id, row]));
    assert.equal(all.get(loser)?.MasterRecordId, winner);
    assert.equal(all.get(loser)?.IsDeleted, true);
    assert.equal(all.get(gone)?.IsDeleted, true);
    assert.equal(all.get(gone)?.MasterRecordId, null);
    twin.edit({ operation: 'undelete', as: 'rep:Anna', id: gone });
    assert.equal(records(await soql(ask, `SELECT Id FROM Account WHERE Id = '${gone}'`)).length, 1);
  });

  test('a converted lead names its account', async () => {
    const reply = await soql(
      ask,
      `SELECT IsConverted, ConvertedAccountId FROM Lead WHERE Id = '${leadId('converted')}'`,
    );
    assert.deepEqual(
      records(reply).map(({ IsConverted, ConvertedAccountId }) => [IsConverted, ConvertedAccountId]),
      [[true, accountId('alder')]],
    );
    const made = twin.edit({ operation: 'convert', as: 'rep:Anna', id: leadId('open') });
    assert.ok(typeof made === 'object' && made !== null && 'accountId' in made);
    const after = await soql(ask, `SELECT ConvertedAccountId FROM Lead WHERE Id = '${leadId('open')}'`);
    assert.equal(records(after)[0]?.ConvertedAccountId, made.accountId);
  });
});
