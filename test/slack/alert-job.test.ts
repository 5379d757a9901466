import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { createAlertJob } from '../../src/slack/alert-job.ts';
import { createSlackClients } from '../../src/slack/clients.ts';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { seedCompany } from '../web/seed.ts';

let database: TestDatabase;
let workspaceId: string;
let companyId: string;
/** What Slack says to every call. */
let said: { status: number; body: object; headers?: Record<string, string> };
let apiUrl: string;
const errors: unknown[] = [];
const slack = createServer((request, response) => {
  request.resume();
  response.writeHead(said.status, { 'content-type': 'application/json', ...said.headers });
  response.end(JSON.stringify(said.body));
});

before(async () => {
  database = await createTestDatabase();
  workspaceId = await ensureWorkspace(database.db, 'default');
  const seed = { domain: 'acme.example', name: 'Acme', score: 70 };
  ({ id: companyId } = await database.db.inWorkspace(workspaceId, (tx) =>
    seedCompany(tx, workspaceId, seed),
  ));
  slack.listen(0, '127.0.0.1');
  await once(slack, 'listening');
  const address = slack.address();
  assert.ok(address !== null && typeof address === 'object');
  apiUrl = `http://127.0.0.1:${address.port}/`;
});
after(async () => {
  slack.close();
  await database.close();
});
beforeEach(() => errors.splice(0));

const sql = async (text: string, values: unknown[]): Promise<Record<string, unknown>[]> =>
  (await database.db.inWorkspace(workspaceId, (tx) => tx.query<Record<string, unknown>>(text, values))).rows;

let people = 0;
/** An alert that was planned so long ago, and the job that tells it. */
async function planAlert(
  age: string,
): Promise<{ tell: () => Promise<unknown>; stored: () => Promise<unknown> }> {
  const [row] = await sql(
    `insert into slack_alerts (workspace_id, team_id, user_id, company_id, as_of, score_before, band_before, planned_at)
     values ($1, 'T1', $2, $3, current_date, 40, 'C', now() - $4::interval) returning id`,
    [workspaceId, `U${(people += 1)}`, companyId, age],
  );
  const alertId = String(row?.['id']);
  const job = createAlertJob({
    db: database.db,
    publicUrl: 'http://127.0.0.1:3000',
    crmOf: () => assert.fail('Acme is in no CRM'),
    teams: { find: (teamId) => Promise.resolve({ teamId, botUserId: 'U0', token: 'xoxb', workspaceId }) },
    clients: createSlackClients({ apiUrl }),
    onError: (error) => errors.push(error),
  });
  return {
    tell: () => job({ workspaceId, alertId }),
    stored: async () => (await sql('select state, reason from slack_alerts where id = $1', [alertId]))[0],
  };
}

const DOWN = { status: 503, body: {} };
const REVOKED = { status: 200, body: { ok: false, error: 'token_revoked' } };

test('an alert is tried ever later while Slack is down, every ten minutes in the end', async () => {
  said = DOWN;
  const { tell } = await planAlert('1 hour');
  const waits: unknown[] = [];
  for (let attempt = 1; attempt <= 9; attempt += 1) waits.push(await tell());
  assert.deepEqual(
    waits,
    [5, 10, 20, 40, 80, 160, 320, 600, 600].map((seconds) => ({ againInMs: seconds * 1000 })),
  );
});

test('with a token that Slack refuses an alert waits ten minutes at once, for the app to be installed again', async () => {
  said = REVOKED;
  const { tell, stored } = await planAlert('1 hour');
  assert.deepEqual(await tell(), { againInMs: 600_000 });
  assert.deepEqual(await stored(), { state: 'open', reason: null });
});

test('Slack’s own waiting time holds where it sets one', async () => {
  said = { status: 429, body: {}, headers: { 'retry-after': '30' } };
  const { tell } = await planAlert('1 hour');
  assert.deepEqual(await tell(), { againInMs: 30_000 });
});

// A refused token is said once, where it is found out, not with each alert that waits for another one.
for (const [trouble, answer, logged] of [
  ['an outage', DOWN, 1],
  ['a refused token', REVOKED, 0],
] as const)
  test(`after three days of ${trouble} an alert is dropped with its reason, and ${logged === 1 ? 'the log says so' : 'the log says no more'}`, async () => {
    said = answer;
    const { tell, stored } = await planAlert('73 hours');
    assert.equal(await tell(), 'done');
    assert.match(JSON.stringify(await stored()), /"state":"dropped","reason":"slack conversations\.open/);
    assert.equal(errors.length, logged);
  });
