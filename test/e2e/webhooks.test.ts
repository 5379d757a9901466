import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { App } from '../../src/app.ts';
import { connectAndSync, runToEnd, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { HUBSPOT_TARGET, openWebhookServer } from '../harness/webhook-server.ts';
import type { WebhookServer } from '../harness/webhook-server.ts';
import { openRows, setFaults, until } from './faults/observe.ts';
import { editTwin, emptyCalls, readCalls } from './twin-records.ts';

let system: System;
let app: App;
let web: WebhookServer;
let database: Awaited<ReturnType<typeof openRows>>;

before(async () => {
  system = await startSystem({ limit: 8 });
  database = await openRows(system);
  app = await system.openApp({ worker: true });
  await connectAndSync(app);
  web = await openWebhookServer(app);
  // Every property of every record is subscribed to, ours too, and much comes twice, late and in any order.
  await editTwin(system.sandbox.twins.hubspot.url, {
    operation: 'webhooks',
    settings: {
      targetUrl: HUBSPOT_TARGET,
      reachedAt: `${web.base}/hubspot/webhooks`,
      form: 'both',
      batch: 7,
      duplicates: 0.5,
      shuffle: true,
      delayMs: 100,
      retryMs: 50,
    },
  });
});
after(async () => {
  await web.close();
  await system.close();
  await database.close();
});

const jobs = async (state: string | null = null): Promise<number> => {
  const [found] = await database.rows<{ n: string }>(
    `select count(*) as n from pgboss.job where name = 'catch-up' and ($1::text is null or state::text = $1)`,
    [state],
  );
  return Number(found?.n);
};
const hints = async (): Promise<number> =>
  Number((await database.rows<{ n: string }>('select count(*) as n from record_hints'))[0]?.n);
const deliveredAll = (): Promise<void> =>
  until('all webhooks were delivered', () => system.sandbox.twins.hubspot.webhooks.counts().waiting === 0);

type Company = { id: string; industry: string };
/** A HubSpot company and another industry than it has. */
const pickCompany = async (place: number): Promise<Company> => {
  const rows = await database.rows<Company>(
    `select external_id as id, industry from records where object = 'company' and not deleted and industry is not null
     order by external_id`,
  );
  const chosen = rows[place];
  const other = rows.find(({ industry }) => industry !== chosen?.industry);
  assert.ok(chosen !== undefined && other !== undefined);
  return { id: chosen.id, industry: other.industry };
};
const edit = ({ id, industry }: Company): Promise<unknown> =>
  editTwin(system.sandbox.twins.hubspot.url, {
    as: 'rep:Nora',
    object: 'companies',
    id,
    properties: { industry },
  });
const arrived = async ({ id, industry }: Company): Promise<boolean> => {
  const rows = await database.rows<{ industry: string }>(
    `select industry from records where object = 'company' and external_id = $1`,
    [id],
  );
  return rows[0]?.industry === industry;
};

test('what we write comes back as webhooks and makes no work', async () => {
  await app.startWorker({ schedule: false });
  await runToEnd(app);
  await deliveredAll();

  assert.ok(system.sandbox.twins.hubspot.webhooks.counts().taken > 10);
  assert.ok((await web.counted('changes_told', 'own')) > 50);
  assert.equal(await web.counted('changes_told', 'kept'), 0);
  assert.equal(await jobs(), 0);
});

test('what a person edits in HubSpot is here without a sync, and its company is due', async () => {
  const company = await pickCompany(0);
  await database.rows('update companies set due_at = null');
  await emptyCalls([system.sandbox.twins.hubspot.url]);
  const [synced] = await database.rows('select max(synced_at) as at from connections');

  await edit(company);
  await until('the row says what was edited', () => arrived(company));

  await deliveredAll();
  await until('nothing waits to be looked at', async () => (await hints()) === 0);
  assert.deepEqual((await database.rows('select max(synced_at) as at from connections'))[0], synced);
  const operations = new Set(
    (await readCalls(system.sandbox.twins.hubspot.url)).map((call) => call.operation),
  );
  assert.deepEqual([...operations], ['batch read']);
  const due = await database.rows(
    `select 1 from companies c join records r on r.company_id = c.id and r.workspace_id = c.workspace_id
     where r.external_id = $1 and c.due_at <= now()`,
    [company.id],
  );
  assert.equal(due.length, 1);
});

test('a worker that is killed while it catches up loses nothing', async () => {
  await app.stop();
  const company = await pickCompany(1);
  const { url } = system.sandbox.twins.hubspot;
  const webAlone = await system.openApp({ worker: false });
  const open = await openWebhookServer(webAlone);
  const { webhooks } = system.sandbox.twins.hubspot;
  webhooks.set({ ...webhooks.settings(), reachedAt: `${open.base}/hubspot/webhooks` });
  await setFaults(url, { only: ['batch/read'], rateHang: 1 });

  await edit(company);
  await until('it is told', async () => (await hints()) > 0);
  const first = system.spawnWorker();
  await until('a worker has it in hand', async () => (await jobs('active')) === 1);
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  assert.equal(await hints(), 1);
  assert.equal(await arrived(company), false);

  await setFaults(url, {});
  const second = system.spawnWorker();
  await until('another worker went on', () => arrived(company));
  await until('nothing waits to be looked at', async () => (await hints()) === 0);
  second.process.kill('SIGTERM');
  await once(second.process, 'exit');
  await open.close();
});
