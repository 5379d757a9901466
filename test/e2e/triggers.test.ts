import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { App } from '../../src/app.ts';
import { planUndo } from '../../src/pipeline/7-write-back/undo.ts';
import { requestFlushes } from '../../src/pipeline/runs.ts';
import { createTick } from '../../src/pipeline/schedule.ts';
import { listConnections } from '../../src/pipeline/store/connections.ts';
import { connectAndSync, runToEnd, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { openRows, until } from './faults/observe.ts';
import { writeWorld } from './faults/world.ts';
import { editTwin } from './twin-records.ts';

const COMPANIES = 12;
// Syncs of each connection that must pass before nothing more is expected.
const QUIET_SYNCS = 2;

let world: Awaited<ReturnType<typeof writeWorld>>;
let system: System;
let app: App;
let database: Awaited<ReturnType<typeof openRows>>;
let tick: () => Promise<void>;
let firstRun: string;

before(async () => {
  world = await writeWorld(COMPANIES);
  system = await startSystem({ worldFolder: world.folder });
  database = await openRows(system);
  app = await system.openApp({ worker: true });
  await connectAndSync(app);
  await app.startWorker({ schedule: false });
  firstRun = (await runToEnd(app)).run.id;
  // What a worker does once a minute, here as often as we look.
  tick = createTick({
    ...app,
    model: app.modelName,
    syncIntervalMinutes: 0,
    monthlyBudgetUsd: null,
    areKeysGood: async () => true,
  });
  // What the first run wrote comes back with a sync, too.
  await settle();
});
after(async () => {
  await system.close();
  await database.close();
  await world.remove();
});

/** Lets the minutes pass until every connection was synced again some times, and nothing is due, at work or waiting. */
async function settle(): Promise<void> {
  for (let round = 0; round < QUIET_SYNCS; round += 1) {
    const began = new Date();
    await until('every connection was synced, and nothing is left to do', async () => {
      await tick();
      const connections = await app.db.inWorkspace(app.workspaceId, listConnections);
      const [open] = await database.rows<{ open: number }>(
        `select (select count(*) from run_items where state in ('queued', 'working'))
           + (select count(*) from writes where state in ('planned', 'sending'))
           + (select count(*) from companies where due_at <= now()) as open`,
      );
      const synced = connections.every(({ syncedAt }) => syncedAt !== null && syncedAt > began);
      return synced && Number(open?.open) === 0;
    });
  }
}

/** How often each company was enriched by what `act` does, and by everything that follows from it. */
async function enrichedBy(act: () => Promise<unknown>): Promise<Record<string, number>> {
  const counts = async (): Promise<Map<string, number>> => {
    const rows = await database.rows<{ domain: string; times: string }>(
      `select c.domain, count(*) as times from run_items i
       join companies c on c.id = i.company_id and c.workspace_id = i.workspace_id group by c.domain`,
    );
    return new Map(rows.map(({ domain, times }) => [domain, Number(times)]));
  };
  const before = await counts();
  await act();
  await settle();
  const after = await counts();
  const more = [...after].map(([domain, times]) => [domain, times - (before.get(domain) ?? 0)] as const);
  return Object.fromEntries(more.filter(([, times]) => times > 0));
}

type CrmRow = { object: string; id: string; domain: string };

/** An account, or a company of HubSpot that no account decides about. */
async function findRow(object: 'Account' | 'company'): Promise<CrmRow> {
  const [row] = await database.rows<CrmRow>(
    `select r.object, r.external_id as id, r.domain from records r
     where r.object = $1 and r.domain is not null and not r.deleted
       and ($1 = 'Account' or not exists (
         select from records o where o.domain = r.domain and o.object = 'Account' and not o.deleted))
     order by r.domain limit 1`,
    [object],
  );
  assert.ok(row, object);
  return row;
}

const editAccount = (id: string, fields: Record<string, unknown>): Promise<unknown> =>
  editTwin(system.sandbox.twins.salesforce.url, { as: 'rep:Nora', id, fields });
const editCompany = (id: string, properties: Record<string, string>): Promise<unknown> =>
  editTwin(system.sandbox.twins.hubspot.url, { as: 'rep:Nora', object: 'companies', id, properties });

test('a headcount that a rep changes in Salesforce has that company enriched exactly once', async () => {
  const { id, domain } = await findRow('Account');
  assert.deepEqual(await enrichedBy(() => editAccount(id, { NumberOfEmployees: 4321 })), { [domain]: 1 });
});

test('a headcount that a rep changes in HubSpot has that company enriched exactly once', async () => {
  const { id, domain } = await findRow('company');
  assert.deepEqual(await enrichedBy(() => editCompany(id, { numberofemployees: '4321' })), { [domain]: 1 });
});

test('the same headcount written again, and fields that neither research nor scoring uses, set nothing off', async () => {
  const [account, company] = [await findRow('Account'), await findRow('company')];
  const enriched = await enrichedBy(async () => {
    await editAccount(account.id, { NumberOfEmployees: 4321 });
    await editAccount(account.id, { Phone: '+44 20 7946 0000' });
    await editCompany(company.id, { phone: '+44 20 7946 0000' });
  });
  assert.deepEqual(enriched, {});
});

test('what we write ourselves, into every record, sets nothing off', async () => {
  const countApplied = async (): Promise<number> =>
    (await database.rows(`select from writes where state = 'applied' and undoes is not null`)).length;
  const enriched = await enrichedBy(async () => {
    const undo = await planUndo(app.db, { workspaceId: app.workspaceId, runId: firstRun, dryRun: false });
    assert.notEqual(undo.run.id, firstRun);
    await requestFlushes(app, app.workspaceId);
  });
  assert.ok((await countApplied()) > COMPANIES, 'the old values were put back');
  assert.deepEqual(enriched, {});
});

test('new evidence is read on a company’s day, and moves that company’s score alone', async () => {
  const { domain } = await findRow('company');
  const countScores = async (): Promise<Map<string, number>> => {
    const rows = await database.rows<{ domain: string; scores: string }>(
      `select c.domain, count(*) as scores from scores s
       join companies c on c.id = s.company_id and c.workspace_id = s.workspace_id group by c.domain`,
    );
    return new Map(rows.map((row) => [row.domain, Number(row.scores)]));
  };
  const before = await countScores();
  const enriched = await enrichedBy(async () => {
    await editTwin(system.sandbox.twins.web.url, {
      as: 'rep:Nora',
      url: `https://${domain}/`,
      text: 'We train our own foundation models from scratch on a cluster of 512 H100 GPUs. The cluster doubled twice this year, and we are hiring engineers for it.',
    });
    // A week later what was read has expired, and the company is due.
    await database.rows(`update answers set expires_at = now() where expires_at is not null`);
    await database.rows('update companies set due_at = now() where domain = $1', [domain]);
  });
  const after = await countScores();
  assert.deepEqual(enriched, { [domain]: 1 });
  const moved = [...after].filter(([of, scores]) => scores !== before.get(of)).map(([of]) => of);
  assert.deepEqual(moved, [domain]);
});

test('a company whose day has come is enriched exactly once', async () => {
  const { domain } = await findRow('company');
  const enriched = await enrichedBy(() =>
    database.rows('update companies set due_at = now() where domain = $1', [domain]),
  );
  assert.deepEqual(enriched, { [domain]: 1 });
});
