import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { ProviderError } from '../../../src/errors.ts';
import { accountId, startSmall } from '../../sandbox/salesforce-fixture.ts';
import { connect, ledger, readAll } from './connect.ts';

test('each request says that it is Fieldnote’s, as the org’s change events then do', async (context) => {
  const twin = await startSmall();
  context.after(() => twin.close());
  const unnamed: string[] = [];
  let asked = 0;
  const crm = connect(twin, {
    fetch: async (input, init) => {
      const { url, headers } = new Request(input, init);
      asked += 1;
      const isNamed = headers.get('sforce-call-options') === 'client=fieldnote';
      if (!isNamed && !url.includes('/oauth2/')) unnamed.push(url);
      return fetch(input, init);
    },
  });
  await crm.installFields(ledger());
  await readAll(crm, 'Account', null);
  const fields = { score: 71, band: 'A' };
  await crm.writeRecords(
    [{ object: 'Account', externalId: accountId('alder'), fields, unmodifiedSince: null }],
    ledger(),
  );
  assert.ok(asked > 5);
  // The Metadata API takes its options in the body of its calls.
  assert.deepEqual(
    unnamed.filter((url) => !url.includes('/Soap/')),
    [],
  );
});

test('an org that has moved is named with its new address, and no token is sent there', async (context) => {
  const twin = await startSmall();
  context.after(() => twin.close());
  let strangers = 0;
  const stranger = createServer((_request, response) => {
    strangers += 1;
    response.end('[]');
  });
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  context.after(() => stranger.close());
  const address = stranger.address();
  assert.ok(typeof address === 'object' && address !== null);
  const moved = createServer((_request, response) =>
    response.writeHead(302, { location: `http://127.0.0.1:${address.port}/services/data` }).end(),
  );
  await new Promise<void>((resolve) => moved.listen(0, '127.0.0.1', resolve));
  context.after(() => moved.close());
  const at = moved.address();
  assert.ok(typeof at === 'object' && at !== null);
  const crm = connect(twin, {
    fetch: (input, init) => {
      const { url } = new Request(input, init);
      const { pathname, search } = new URL(url);
      return pathname.includes('/oauth2/')
        ? fetch(input, init)
        : fetch(`http://127.0.0.1:${at.port}${pathname}${search}`, init);
    },
  });
  const login = connect({ ...twin, url: `http://127.0.0.1:${at.port}` });
  for (const each of [crm, login]) {
    const failure = await each.readCurrent('Account', [accountId('alder')], ledger()).then(
      () => null,
      (error: unknown) => error,
    );
    assert.ok(failure instanceof ProviderError);
    assert.match(failure.message, new RegExp(`the org moved to http://127\\.0\\.0\\.1:${address.port}/`));
    assert.match(failure.fix ?? '', /SALESFORCE_LOGIN_URL/);
    // No outage that passes: the connection waits for a person.
    assert.equal(failure.credentialsRefused, true);
  }
  assert.equal(strangers, 0);
});
