import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Database, Tx } from '../../../src/db.ts';
import { ensureCompany } from '../../../src/pipeline/store/companies.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import { askForRehearsal, endRehearsal } from '../../../src/pipeline/store/rehearsals.ts';
import { changeRunState, createRun } from '../../../src/pipeline/store/runs.ts';
import { saveRehearsal } from '../../../src/pipeline/store/writes-rehearsal.ts';
import { insertWrites } from '../../../src/pipeline/store/writes-insert.ts';
import { Rehearsal, RunState } from '../../../src/web/api/run-shapes.ts';
import { openApi } from './api-fixture.ts';
import type { TestApi } from './api-fixture.ts';

// Statements that read all that a run wrote: seconds for a run of a million records.
const COUNTS = /count\((\*|distinct [\w.]+)\)[^;]*\bfrom \(?[^;]*\bwrites\b/;

let bare: TestApi;
let api: TestApi;
let counted: string[];
before(async () => {
  bare = await openApi();
  const { db } = bare.web.database;
  const watch: Database = {
    ...db,
    inWorkspace: (workspaceId, act) =>
      db.inWorkspace(workspaceId, (tx) => {
        const watched: Tx = {
          client: tx.client,
          query: (text, values) => {
            if (COUNTS.test(text)) counted.push(text);
            return tx.query(text, values);
          },
        };
        return act(watched);
      }),
  };
  counted = [];
  api = await openApi({ db: watch, workspaceId: bare.web.workspaceId });
});
after(async () => {
  await api.web.close();
  await bare.web.close();
});

const inWorkspace = <T>(act: (tx: Tx, workspaceId: string) => Promise<T>): Promise<T> => {
  const { workspaceId, database } = bare.web;
  return database.db.inWorkspace(workspaceId, (tx) => act(tx, workspaceId));
};

test('who waits for the end of a run has its writes counted once, not with each look', async () => {
  counted = [];
  const state = RunState.parse(
    (await api.ask('POST', '/runs', { body: { domains: ['a.example'] }, headers: { prefer: 'wait=3' } }))
      .body,
  );
  assert.equal(state.over, false);
  assert.ok(counted.length > 0);
  const looks = counted.filter((text) => text === counted[0]).length;
  assert.equal(looks, 1);
});

test('the verdicts of a rehearsal are counted when all is read, not with each page of it', async () => {
  const run = await inWorkspace(async (tx, workspaceId) => {
    const { id } = await createRun(tx, workspaceId, {
      kind: 'manual',
      model: 'gpu-infrastructure',
      dryRun: true,
    });
    const connection = await ensureConnection(tx, workspaceId, 'hubspot', 'default');
    const company = await ensureCompany(tx, workspaceId, { domain: 'a.example' });
    const at = { connectionId: connection.id, object: 'company', companyId: company.id, field: 'band', value: 'A' } as const; // prettier-ignore
    await insertWrites(tx, id, ['1', '2', '3'].map((externalId) => ({ ...at, externalId }))); // prettier-ignore
    await askForRehearsal(tx, id);
    await changeRunState(tx, id, 'done');
    const { rows } = await tx.query<{ id: number }>('select id from writes where run_id = $1 order by id', [
      id,
    ]);
    const [first, ...rest] = rows;
    assert.ok(first);
    await saveRehearsal(tx, [
      { id: first.id, oldValue: 'B', verdict: 'would-conflict', reason: 'A person changed it' },
      ...rest.map((row) => ({ id: row.id, oldValue: null, verdict: 'would-apply' as const, reason: null })),
    ]);
    await endRehearsal(tx, id, {
      calls: { read: 1, write: 1, readBack: 1, mostRead: 1, mostReadBack: 1, writeEachFiveMinutes: 0, readEachFiveMinutes: 0 }, // prettier-ignore
      unread: [],
    });
    return id;
  });
  counted = [];
  const pages = [await api.ask('GET', `/runs/${run}/rehearsal?limit=2`)];
  const { next } = Rehearsal.parse(pages[0]?.body);
  pages.push(await api.ask('GET', `/runs/${run}/rehearsal?limit=2&cursor=${next}`));
  for (const { body } of pages)
    assert.deepEqual(Rehearsal.parse(body).counts, { 'would-apply': 2, 'would-conflict': 1, 'would-reject': 0, unchanged: 0 }); // prettier-ignore
  assert.deepEqual(counted, []);
});
