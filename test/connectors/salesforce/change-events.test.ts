import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import type { StreamPosition, ToldBatch } from '../../../src/connectors/crm-told.ts';
import type { SalesforceOptions } from '../../../src/connectors/salesforce/salesforce.ts';
import { openStream } from '../../../src/connectors/salesforce/stream.ts';
import { ProviderError } from '../../../src/errors.ts';
import { until } from '../../e2e/faults/observe.ts';
import { accountId, contactId, leadId, startSmall } from '../../sandbox/salesforce-fixture.ts';
import type { SalesforceTwin, SalesforceTwinOptions } from '../../../sandbox/salesforce/twin.ts';
import { connect, ledger } from './connect.ts';

const captured = ['Account', 'Lead', 'Contact'] as const;
const twins: SalesforceTwin[] = [];
after(() => Promise.all(twins.map((twin) => twin.close())));

async function start(options: Partial<SalesforceTwinOptions> = {}): Promise<SalesforceTwin> {
  const twin = await startSmall({ changeDataCapture: captured, ...options });
  twins.push(twin);
  return twin;
}

type Following = {
  batches: ToldBatch[];
  notices: string[];
  /** What of it names records or says that some were missed. */
  until(holds: (batches: readonly ToldBatch[]) => boolean): Promise<void>;
  followed: () => number;
  stop(): Promise<unknown>;
};

/** Follows the org in the background, as a worker does. */
function follow(
  twin: SalesforceTwin,
  position: StreamPosition = {},
  stream: SalesforceOptions['stream'] = {},
): Following {
  const crm = connect(twin, { stream });
  const options = ledger();
  const batches: ToldBatch[] = [];
  let followed = 0;
  let ended: unknown = null;
  const run = async (): Promise<void> => {
    assert.ok(crm.followChanges !== undefined);
    const onFollowing = (): void => {
      followed += 1;
    };
    for await (const batch of crm.followChanges(position, { ...options, onFollowing })) batches.push(batch);
  };
  const done = run().catch((error: unknown) => {
    ended = error;
  });
  return {
    batches,
    notices: options.notices,
    followed: () => followed,
    until: async (holds) => {
      await until('the batches are as they should', () => {
        if (ended !== null) throw ended;
        return holds(batches);
      });
    },
    stop: async () => {
      options.stop.abort();
      await done;
      return ended;
    },
  };
}

const startsAtNow = (batches: readonly ToldBatch[]): boolean => batches.some(({ missed }) => missed !== null);
const told = (batches: readonly ToldBatch[]) =>
  batches.flatMap(({ changes }) =>
    changes.map(({ object, externalId, kind }) => `${object} ${externalId} ${kind}`),
  );

test('a change is told while it is fresh, with the fields by the names that a query knows', async () => {
  const twin = await start();
  const following = follow(twin, {}, { goodbyeWithinMs: 60_000 });
  await following.until(startsAtNow);
  twin.edit({
    as: 'rep:Ada',
    id: accountId('alder'),
    fields: { Website: 'https://elder.example', BillingCountry: 'DE' },
  });
  twin.edit({ as: 'rep:Ada', id: leadId('open'), fields: { LastName: 'Quince' } });
  twin.edit({ operation: 'delete', as: 'rep:Ada', id: contactId('erin') });
  twin.edit({ operation: 'create', as: 'rep:Ada', object: 'Account', records: [{ Name: 'New' }] });
  await following.until((batches) => told(batches).length === 4);
  const changes = following.batches.flatMap((batch) => batch.changes);
  const of = (id: string) => changes.find(({ externalId }) => externalId === id);
  assert.ok(of(accountId('alder'))?.fields?.includes('Website'));
  assert.ok(of(accountId('alder'))?.fields?.includes('BillingCountry'));
  assert.ok(of(leadId('open'))?.fields?.includes('LastName'));
  assert.ok(of(leadId('open'))?.fields?.includes('Name'));
  assert.equal(of(contactId('erin'))?.kind, 'gone');
  assert.equal(changes.at(-1)?.fields, null);
  assert.ok((await following.stop()) instanceof Error);
  assert.equal(twin.listeners().length, 0, 'the org is told that we left');
});

test('our own write names our fields alone and who we are', async () => {
  const twin = await start();
  const crm = connect(twin);
  await crm.installFields(ledger());
  const following = follow(twin);
  await following.until(startsAtNow);
  const write = {
    object: 'Account' as const,
    externalId: accountId('alder'),
    fields: { score: 71, band: 'A' },
    unmodifiedSince: null,
  };
  await crm.writeRecords([write], ledger());
  await following.until((batches) => told(batches).length === 1);
  const [change] = following.batches.flatMap((batch) => batch.changes);
  assert.deepEqual(change?.fields?.toSorted(), [
    'Fieldnote_Band__c',
    'Fieldnote_Score__c',
    'LastModifiedDate',
  ]);
  await following.stop();
});

test('whoever comes back goes on behind the last event that was kept', async () => {
  const twin = await start();
  const first = follow(twin);
  await first.until(startsAtNow);
  for (const [object, key] of [
    ['Account', accountId('alder')],
    ['Lead', leadId('open')],
    ['Contact', contactId('erin')],
  ] as const)
    twin.edit({
      as: 'rep:Ada',
      id: key,
      fields: { [object === 'Account' ? 'Website' : 'Email']: 'a@b.example' },
    });
  await first.until((batches) => told(batches).length === 3);
  const position = first.batches.at(-1)?.position ?? {};
  assert.deepEqual(Object.keys(position).toSorted(), ['Account', 'Contact', 'Lead']);
  await first.stop();
  twin.edit({ as: 'rep:Ada', id: accountId('birch'), fields: { Website: 'https://bark.example' } });
  const second = follow(twin, position);
  await second.until((batches) => told(batches).length === 1);
  assert.deepEqual(told(second.batches), [`Account ${accountId('birch')} changed`]);
  assert.ok(
    second.batches.every(({ missed }) => missed === null),
    'nothing was missed, so nothing is synced',
  );
  await second.stop();
});

test('an id that is too old leads to a sync and a new start, and a login that runs out to another login', async () => {
  const twin = await start();
  const following = follow(twin, { Account: 7 });
  await following.until((batches) => batches.filter(({ missed }) => missed !== null).length === 2);
  assert.match(following.batches[0]?.missed ?? '', /what changed of Account since is no longer kept/);
  assert.deepEqual(following.batches[0]?.position, {});
  // The session before ended soon, too: only two in a row are too much.
  twin.expireTokens();
  const again = follow(twin);
  await again.until(startsAtNow);
  twin.expireTokens();
  await again.until(() => again.followed() === 2);
  twin.edit({ as: 'rep:Ada', id: accountId('alder'), fields: { Website: 'https://elder.example' } });
  await again.until((batches) => told(batches).length === 1);
  await again.stop();
  await following.stop();
});

test('gaps name the record or lead to a sync, as do overflows and what nobody can read', async () => {
  const twin = await start();
  const following = follow(twin);
  await following.until(startsAtNow);
  twin.publishGap('Account', 'GAP_UPDATE', [accountId('alder'), accountId('birch')]);
  twin.publishGap('Lead', 'GAP_DELETE', [leadId('open')]);
  await following.until((batches) => told(batches).length === 3);
  twin.publishGap('Contact', 'GAP_OVERFLOW', ['000000000000000AAA']);
  twin.publishGap('Account', 'GAP_UPDATE', ['001*']);
  await following.until((batches) =>
    batches.some(({ missed }) => missed?.startsWith('Account: GAP_UPDATE') === true),
  );
  assert.deepEqual(told(following.batches), [
    `Account ${accountId('alder')} changed`,
    `Account ${accountId('birch')} changed`,
    `Lead ${leadId('open')} gone`,
  ]);
  await following.stop();
});

test('an object that is not selected is left to polling, and said so; none at all is refused with what to do', async () => {
  const twin = await start({ changeDataCapture: ['Account', 'Lead'] });
  const following = follow(twin);
  await following.until(startsAtNow);
  assert.match(following.notices.join(), /Contact is not listened to: 400::.*Setup → Change Data Capture/);
  twin.edit({ as: 'rep:Ada', id: accountId('alder'), fields: { Website: 'https://elder.example' } });
  await following.until((batches) => told(batches).length === 1);
  await following.stop();
  twin.edit({
    operation: 'revoke',
    as: 'administrator',
    rights: captured.map((object) => `view all ${object}`),
  });
  const refused = follow(twin);
  await assert.rejects(
    refused.until(() => false),
    (error) =>
      error instanceof ProviderError && error.kind === 'refused' && /View All Records/.test(error.fix ?? ''),
  );
});

test('an org that resets, talks nonsense, says 410 or 503 is an outage, and no reason to die', async () => {
  const twin = await start();
  for (const faults of [
    { rateReset: 1 },
    { rateGarbage: 1 },
    { rate503: 1 },
    { rateCut: 1 },
    { rateHang: 1 },
  ]) {
    twin.kit.faults.set({ only: ['/cometd'], ...faults });
    await assert.rejects(
      follow(twin, {}, { settledWithinMs: 2_000 }).until(() => false),
      (error) => error instanceof ProviderError && error.kind === 'unavailable',
    );
  }
  twin.kit.faults.set({});
  twin.stream.answerWith = 410;
  await assert.rejects(
    follow(twin).until(() => false),
    (error) => error instanceof ProviderError && error.retryable,
  );
});

test('a day without deliveries left is a quota, not an outage, and what was delivered before it counts', async () => {
  const twin = await start();
  twin.stream.deliveriesPerDay = 1;
  const following = follow(twin);
  await following.until(startsAtNow);
  for (const key of ['alder', 'birch'])
    twin.edit({ as: 'rep:Ada', id: accountId(key), fields: { Website: 'https://elder.example' } });
  await assert.rejects(
    following.until(() => false),
    (error) => error instanceof ProviderError && error.kind === 'quota' && error.retryAfterMs === 3_600_000,
  );
  assert.deepEqual(told(following.batches), [`Account ${accountId('alder')} changed`]);
});

test('a stop ends it within a moment, even where the org never answers', async () => {
  const twin = await start();
  twin.kit.faults.set({ only: ['/cometd'], rateHang: 1 });
  const following = follow(twin);
  await until('it logs in', () => twin.kit.calls.list().some(({ path }) => path.includes('token')));
  assert.ok((await following.stop()) instanceof Error);
});

test('an answer that its client dies of ends the session and nothing else', async () => {
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('set-cookie', 'a=b; domain=elsewhere.example');
    response.end('[null]');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const stream = openStream({
    instanceUrl: `http://127.0.0.1:${address.port}`,
    accessToken: 'token',
    version: '68.0',
    channels: { '/data/AccountChangeEvent': -1 },
  });
  const said = await stream.next(20_000, new AbortController().signal);
  assert.equal(said.type, 'silent');
  assert.match(said.type === 'silent' ? said.because : '', /its client failed/);
  await stream.close(1_000);
  server.close();
});
