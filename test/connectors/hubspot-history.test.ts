import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test from 'node:test';
import type { TestContext } from 'node:test';
import type { Crm } from '../../src/connectors/crm.ts';
import { makeCompany, makeWorld, startPortal } from '../sandbox/hubspot-start.ts';
import { connect, oneAttempt, quiet } from './hubspot-connect.ts';

const FIRST = makeCompany(1).id;
const SECOND = makeCompany(2).id;
const at = (second: number): string => new Date(Date.UTC(2026, 10, 3, 10, 0, second)).toISOString();

/** A HubSpot that answers with these rows, those of the archive where it is asked for them. */
async function answering(
  context: TestContext,
  rows: { living: unknown[]; archived: unknown[] },
): Promise<NonNullable<Crm['history']>> {
  const server = createServer((request, response) => {
    request.resume();
    const isArchive = new URL(request.url ?? '', 'http://hubspot').searchParams.get('archived') === 'true';
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ results: isArchive ? rows.archived : rows.living }));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const { history } = connect(null, { baseUrl: `http://127.0.0.1:${address.port}`, ...oneAttempt() });
  assert.ok(history !== undefined);
  return history;
}

const versions = (...held: [string, number][]) => ({
  fieldnote_pitch: held.map(([value, second]) => ({ value, timestamp: at(second) })),
});

test('what a field held is told newest first, in whatever order HubSpot lists it', async (context) => {
  const shuffled = versions(['ours', 5], ['newest', 9], ['oldest', 1]);
  const row = { id: FIRST, archived: false, propertiesWithHistory: shuffled };
  const history = await answering(context, { living: [row], archived: [] });

  const [found] = await history.read('company', [FIRST], ['pitch'], quiet());

  assert.deepEqual(
    found?.versions?.pitch?.map(({ value }) => value),
    ['newest', 'ours', 'oldest'],
  );
});

test('an archived company’s history is that of the archive, also where it is named among the living', async (context) => {
  const named = { id: FIRST, archived: true };
  const kept = { ...named, propertiesWithHistory: versions(['ours', 5], ['theirs', 4]) };
  const history = await answering(context, { living: [named], archived: [kept] });

  const [found] = await history.read('company', [FIRST], ['pitch'], quiet());

  assert.deepEqual(
    found?.versions?.pitch?.map(({ value }) => value),
    ['ours', 'theirs'],
  );
});

test('a company that was merged away has no history, even where that of its survivor is asked for with it', async (context) => {
  const portal = await startPortal(context, { world: makeWorld([1, 2, 3].map((each) => makeCompany(each))) });
  const crm = connect(portal);
  await crm.installFields(quiet());
  const fields = { pitch: 'ours' };
  await crm.writeRecords([{ object: 'company', externalId: SECOND, fields, unmodifiedSince: null }], quiet());
  const merge = { operation: 'merge', as: 'rep:Anna', object: 'company', id: FIRST, other: SECOND };
  const survivorId = String((await portal.edit(merge)).id);

  for (const archived of [false, true]) {
    if (archived)
      await portal.edit({ operation: 'archive', as: 'rep:Anna', object: 'company', id: survivorId });
    const found = await crm.history?.read('company', [SECOND, survivorId, FIRST], ['pitch'], quiet());
    assert.deepEqual(
      found?.map(({ externalId, versions: held }) => [externalId, held?.pitch?.at(0)?.value ?? null]),
      [
        [SECOND, null],
        [survivorId, 'ours'],
        [FIRST, null],
      ],
    );
  }
});

test('what two apps wrote is told apart, and a merge says nothing of who wrote what it brought along', async (context) => {
  const by = (sourceType: string, sourceId: string, second: number) => ({
    value: sourceId,
    timestamp: at(second),
    sourceType,
    sourceId,
  });
  const held = [by('INTEGRATION', '777001', 9), by('MERGE_COMPANIES', '12', 5), by('INTEGRATION', '888', 1)];
  const row = { id: FIRST, archived: false, propertiesWithHistory: { fieldnote_pitch: held } };
  const history = await answering(context, { living: [row], archived: [] });

  const [found] = await history.read('company', [FIRST], ['pitch'], quiet());

  assert.deepEqual(
    found?.versions?.pitch?.map(({ source }) => source),
    ['INTEGRATION 777001', undefined, 'INTEGRATION 888'],
  );
});
