import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { SalesforceTwin } from '../../sandbox/salesforce/twin.ts';
import { accountId, errorCode, login, smallWorld, startSmall } from './salesforce-fixture.ts';
import type { Ask, Reply } from './salesforce-fixture.ts';

const DAY_MS = 86_400_000;

suite('The Salesforce twin works off bulk queries as the platform does', () => {
  let twin: SalesforceTwin;
  let ask: Ask;
  before(async () => {
    twin = await startSmall({ world: smallWorld(40) });
    twin.bulkQueries.durationMs = 60_000;
    ask = await login(twin, 'integration');
  });
  after(() => twin.close());

  /** The twin's clock moves on by so much. */
  const pass = (milliseconds: number): void => twin.kit.clock.set(twin.kit.clock.offset() + milliseconds);
  const open = (query: string, rest: object = {}, operation = 'query'): Promise<Reply> =>
    ask('POST', '/jobs/query', { operation, query, ...rest });
  const look = (id: string): Promise<Reply> => ask('GET', `/jobs/query/${id}`);
  const results = (id: string, query = '', headers: Record<string, string> = {}): Promise<Reply> =>
    ask('GET', `/jobs/query/${id}/results${query}`, undefined, { accept: 'text/csv', ...headers });
  const idOf = ({ body }: Reply): string => {
    assert.ok(typeof body === 'object' && body !== null && 'id' in body, JSON.stringify(body));
    return String(body.id);
  };
  const stateOf = ({ body }: Reply): unknown =>
    typeof body === 'object' && body !== null && 'state' in body ? body.state : body;
  const done = async (query: string, rest: object = {}, operation = 'query'): Promise<string> => {
    const id = idOf(await open(query, rest, operation));
    pass(60_000);
    assert.equal(stateOf(await look(id)), 'JobComplete');
    return id;
  };

  test('a job is queued, at work, then complete, and only then tells its numbers', async () => {
    const created = await open('SELECT Id FROM Account');
    assert.equal(stateOf(created), 'UploadComplete');
    assert.ok(typeof created.body === 'object' && created.body !== null);
    assert.ok(!('jobType' in created.body) && !('numberRecordsProcessed' in created.body));
    const id = idOf(created);
    assert.match(id, /^750\w{15}$/);
    assert.equal(stateOf(await look(id)), 'UploadComplete');
    pass(30_000);
    assert.equal(stateOf(await look(id)), 'InProgress');
    pass(30_000);
    const complete = await look(id);
    assert.equal(stateOf(complete), 'JobComplete');
    assert.ok(typeof complete.body === 'object' && complete.body !== null);
    assert.deepEqual(
      { ...complete.body, createdById: null, createdDate: null, systemModstamp: null },
      {
        id,
        operation: 'query',
        object: 'Account',
        createdById: null,
        createdDate: null,
        systemModstamp: null,
        state: 'JobComplete',
        concurrencyMode: 'Parallel',
        contentType: 'CSV',
        apiVersion: 68,
        lineEnding: 'LF',
        columnDelimiter: 'COMMA',
        jobType: 'V2Query',
        numberRecordsProcessed: 43,
        retries: 0,
        totalProcessingTime: 0,
        isPkChunkingSupported: true,
      },
    );
  });

  test('results come in sets whose locators say nothing, "null" behind the last', async () => {
    const id = await done('SELECT Id, Name FROM Account');
    const first = await results(id, '?maxRecords=30');
    assert.equal(first.headers.get('sforce-numberofrecords'), '30');
    const locator = first.headers.get('sforce-locator') ?? '';
    assert.match(locator, /^[\w-]{12}$/);
    const second = await results(id, `?maxRecords=30&locator=${locator}`);
    assert.equal(second.headers.get('sforce-numberofrecords'), '13');
    assert.equal(second.headers.get('sforce-locator'), 'null');
    const linesOf = (reply: Reply): string[] => String(reply.body).trimEnd().split('\n');
    const lines = [...linesOf(first).slice(1), ...linesOf(second).slice(1)];
    assert.equal(linesOf(first)[0], '"Id","Name"');
    assert.equal(linesOf(second)[0], '"Id","Name"');
    assert.equal(new Set(lines).size, 43);
    const again = await results(id, `?maxRecords=30&locator=${locator}`);
    assert.equal(again.body, second.body);
  });

  test('rows come by id, not by stamp, unless an order is asked for', async () => {
    const ids = async (query: string): Promise<string[]> =>
      String((await results(await done(query))).body)
        .trimEnd()
        .split('\n')
        .slice(1);
    const chunked = await ids('SELECT Id FROM Account');
    assert.deepEqual(chunked, chunked.toSorted());
    const ordered = await ids('SELECT Id FROM Account ORDER BY SystemModstamp');
    assert.notDeepEqual(ordered, chunked);
    assert.equal(ordered[0], `"${accountId('alder')}"`);
  });

  test('cells are quoted, empty for null, instants with Z, parents by their path', async () => {
    twin.edit({
      as: 'rep:Anna',
      id: accountId('birch'),
      fields: { Name: 'Birch, "Fracht" & Söhne\n株式会社', Website: null },
    });
    const id = await done(
      `SELECT Id, Name, Website, NumberOfEmployees, IsDeleted, CreatedDate FROM Account WHERE Id = '${accountId('birch')}'`,
    );
    assert.equal(
      (await results(id)).body,
      `"Id","Name","Website","NumberOfEmployees","IsDeleted","CreatedDate"\n` +
        `"${accountId('birch')}","Birch, ""Fracht"" & Söhne\n株式会社","","","false","2025-01-06T08:01:00.000Z"\n`,
    );
    const contacts = await results(await done('SELECT Account.Name FROM Contact'));
    assert.equal(contacts.body, '"Account.Name"\n"Alder Robotics"\n');
  });

  test('a result without rows is its header', async () => {
    const id = await done("SELECT Id FROM Account WHERE Name = 'Nobody'");
    const reply = await results(id);
    assert.equal(reply.body, '"Id"\n');
    assert.equal(reply.headers.get('sforce-locator'), 'null');
    assert.equal(reply.headers.get('sforce-numberofrecords'), '0');
  });

  test('results stay as they were when the job was done, and go by queryAll or query', async () => {
    const query = `SELECT Name FROM Account WHERE Id = '${accountId('more-7')}'`;
    const id = await done(query);
    twin.edit({ operation: 'delete', as: 'rep:Anna', id: accountId('more-7') });
    assert.equal((await results(id)).body, '"Name"\n"Company 7"\n');
    assert.equal((await results(await done(query))).body, '"Name"\n');
    assert.equal((await results(await done(query, {}, 'queryAll'))).body, '"Name"\n"Company 7"\n');
  });

  test('deals come as records do: deleted ones by queryAll alone, days without a time, and to nobody who may not see them', async () => {
    const deal = { StageName: 'Prospecting', CloseDate: '2027-01-31', Amount: 1200 };
    const made = twin.edit({
      operation: 'create',
      as: 'rep:Anna',
      object: 'Opportunity',
      records: [
        { ...deal, Name: 'Pilot', AccountId: accountId('birch') },
        { ...deal, Name: 'Dropped' },
        { ...deal, Name: 'Won', StageName: 'Closed Won' },
      ],
    });
    assert.ok(typeof made === 'object' && made !== null && 'ids' in made && Array.isArray(made.ids));
    twin.edit({ operation: 'delete', as: 'rep:Anna', id: String(made.ids[1]) });
    const query =
      'SELECT Name, AccountId, Amount, CloseDate, IsClosed, IsDeleted FROM Opportunity WHERE SystemModstamp >= 2020-01-01T00:00:00.000Z AND IsClosed = false';
    const header = '"Name","AccountId","Amount","CloseDate","IsClosed","IsDeleted"\n';
    const pilot = `"Pilot","${accountId('birch')}","1200.0","2027-01-31","false","false"\n`;
    assert.equal((await results(await done(query))).body, header + pilot);
    const all = String((await results(await done(query, {}, 'queryAll'))).body);
    assert.equal(all.length, header.length + pilot.length + '"Dropped","","1200.0","2027-01-31","false","true"\n'.length); // prettier-ignore
    assert.ok(all.includes('"Dropped","","1200.0","2027-01-31","false","true"\n'));
    assert.equal(errorCode(await open("SELECT Id FROM Opportunity WHERE IsClosed = 'false'")), 'INVALID_FIELD'); // prettier-ignore
    assert.equal(errorCode(await open('SELECT MasterRecordId FROM Opportunity')), 'INVALID_FIELD');
    twin.edit({ operation: 'revoke', as: 'administrator', rights: ['read Opportunity'] });
    assert.equal(errorCode(await open('SELECT Id FROM Opportunity')), 'INVALID_TYPE');
    twin.edit({ operation: 'revoke', as: 'administrator', rights: [] });
  });

  test('another delimiter and line end can be asked for', async () => {
    const id = await done("SELECT Id, Name FROM Account WHERE Name = 'Alder Robotics'", {
      columnDelimiter: 'PIPE',
      lineEnding: 'CRLF',
    });
    assert.equal((await results(id)).body, `"Id"|"Name"\r\n"${accountId('alder')}"|"Alder Robotics"\r\n`);
  });

  const refused: [string, string, string][] = [
    ['COUNT()', 'SELECT COUNT() FROM Account', 'API_ERROR'],
    ['an aggregate', 'SELECT MAX(CreatedDate) FROM Account', 'API_ERROR'],
    ['children in parentheses', 'SELECT Id, (SELECT Id FROM Contacts) FROM Account', 'API_ERROR'],
    ['GROUP BY', 'SELECT Industry FROM Account GROUP BY Industry', 'API_ERROR'],
    ['OFFSET', 'SELECT Id FROM Account LIMIT 10 OFFSET 10', 'API_ERROR'],
    ['TYPEOF', 'SELECT TYPEOF Owner WHEN User THEN Name END FROM Account', 'API_ERROR'],
    ['FIELDS()', 'SELECT FIELDS(ALL) FROM Account LIMIT 200', 'API_ERROR'],
    ['a compound address', 'SELECT BillingAddress FROM Account', 'API_ERROR'],
    ['a column that does not exist', 'SELECT Colour FROM Account', 'INVALID_FIELD'],
    ['an object that does not exist', 'SELECT Id FROM Banana', 'INVALID_TYPE'],
    ['no SOQL', 'all accounts, please', 'MALFORMED_QUERY'],
  ];
  for (const [what, query, code] of refused)
    test(`${what} is refused as ${code}`, async () => {
      const reply = await open(query);
      assert.equal(reply.status, 400);
      assert.equal(errorCode(reply), code);
    });

  test('words that only look like refused ones are taken', async () => {
    await done("SELECT Id FROM Account WHERE Name = 'GROUP BY OFFSET (SELECT COUNT()' ORDER BY Name LIMIT 5");
  });

  test('a job of another kind, format or with words of its own is refused', async () => {
    const query = 'SELECT Id FROM Account';
    for (const body of [
      { operation: 'insert', query },
      { operation: 'query' },
      { operation: 'query', query, contentType: 'JSON' },
      { operation: 'query', query, columnDelimiter: 'SLASH' },
      { operation: 'query', query, object: 'Account' },
    ])
      assert.equal(errorCode(await ask('POST', '/jobs/query', body)), 'INVALIDJOB', JSON.stringify(body));
  });

  test('results before the job is complete are refused', async () => {
    const id = idOf(await open('SELECT Id FROM Account'));
    const early = await results(id);
    assert.equal(early.status, 412);
    assert.equal(errorCode(early), 'JOB_NOT_COMPLETE');
  });

  test('a guessed locator, a bad maxRecords, another API version and another format are refused', async () => {
    const id = await done('SELECT Id FROM Account');
    assert.equal(errorCode(await results(id, '?locator=MTAwMDA')), 'INVALID_QUERY_LOCATOR');
    assert.equal((await results(id, '?maxRecords=0')).status, 400);
    assert.equal((await ask('GET', `/services/data/v66.0/jobs/query/${id}/results`)).status, 409);
    assert.equal((await results(id, '', { accept: 'application/json' })).status, 406);
  });

  test('a running job can be aborted but not deleted; one that ended can be deleted but not aborted', async () => {
    const id = idOf(await open('SELECT Id FROM Account'));
    assert.equal(errorCode(await ask('DELETE', `/jobs/query/${id}`)), 'API_ERROR');
    assert.equal(errorCode(await ask('PATCH', `/jobs/query/${id}`, { state: 'JobComplete' })), 'INVALIDJOB');
    const aborted = await ask('PATCH', `/jobs/query/${id}`, { state: 'Aborted' });
    assert.equal(stateOf(aborted), 'Aborted');
    assert.ok(typeof aborted.body === 'object' && aborted.body !== null && !('lineEnding' in aborted.body));
    assert.equal(errorCode(await ask('PATCH', `/jobs/query/${id}`, { state: 'Aborted' })), 'INVALIDJOBSTATE');
    assert.equal(errorCode(await results(id)), 'JOB_NOT_COMPLETE');
    assert.equal((await ask('DELETE', `/jobs/query/${id}`)).status, 204);
    for (const reply of [await look(id), await results(id), await ask('DELETE', `/jobs/query/${id}`)])
      assert.equal(errorCode(reply), 'NOT_FOUND');
  });

  test('a job that fails says why', async () => {
    twin.bulkQueries.failWith = 'InvalidBatch : Failed to process query: QUERY_TIMEOUT';
    const id = idOf(await open('SELECT Id FROM Account'));
    pass(60_000);
    const failed = await look(id);
    twin.bulkQueries.failWith = null;
    assert.equal(stateOf(failed), 'Failed');
    assert.ok(typeof failed.body === 'object' && failed.body !== null && 'errorMessage' in failed.body);
    assert.match(String(failed.body.errorMessage), /QUERY_TIMEOUT/);
    assert.equal((await ask('DELETE', `/jobs/query/${id}`)).status, 204);
  });

  test('jobs are listed, and gone after seven days', async () => {
    const id = await done('SELECT Id FROM Account');
    const listed = await ask('GET', '/jobs/query');
    assert.ok(JSON.stringify(listed.body).includes(id));
    pass(7 * DAY_MS + 1000);
    const later = await login(twin, 'integration');
    assert.equal(errorCode(await later('GET', `/jobs/query/${id}`)), 'NOT_FOUND');
    twin.kit.clock.set(0);
    ask = await login(twin, 'integration');
  });

  test('the jobs of a day are counted, deleted ones too', async () => {
    const { jobsPerDay } = twin.bulkQueries;
    pass(30 * DAY_MS);
    ask = await login(twin, 'integration');
    twin.bulkQueries.jobsPerDay = 1;
    const id = await done('SELECT Id FROM Account');
    await ask('DELETE', `/jobs/query/${id}`);
    assert.equal(errorCode(await open('SELECT Id FROM Account')), 'LIMIT_EXCEEDED');
    pass(DAY_MS + 1000);
    ask = await login(twin, 'integration');
    assert.equal((await open('SELECT Id FROM Account')).status, 200);
    twin.bulkQueries.jobsPerDay = jobsPerDay;
  });

  test('a user without the right to the Bulk API, and a composite, are turned away', async () => {
    twin.edit({ operation: 'revoke', as: 'administrator', rights: ['use bulk'] });
    const reply = await open('SELECT Id FROM Account');
    assert.equal(reply.status, 403);
    assert.equal(errorCode(reply), 'API_DISABLED_FOR_ORG');
    twin.edit({ operation: 'revoke', as: 'administrator', rights: [] });
    const composite = await ask('POST', '/composite', {
      compositeRequest: [{ method: 'GET', url: '/services/data/v68.0/jobs/query', referenceId: 'a' }],
    });
    assert.match(JSON.stringify(composite.body), /INVALID_INPUT/);
  });
});
