import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startRun } from '../../../src/pipeline/runs.ts';
import { seedCompany } from '../seed.ts';
import { ADMIN, REP, openClient, openSignInWeb, ownRecords, signIn } from './sign-in-fixture.ts';
import type { Client, SignInWeb } from './sign-in-fixture.ts';

let web: SignInWeb;
let events: string;
before(async () => {
  web = await openSignInWeb({}, { heartbeatMs: 50 });
  const { db } = web.database;
  const company = await db.inWorkspace(web.workspaceId, (tx) =>
    seedCompany(tx, web.workspaceId, { domain: 'acme.example', name: 'Acme', score: 70 }),
  );
  const run = await startRun(
    { db, queue: web.queue },
    {
      workspaceId: web.workspaceId,
      kind: 'manual',
      model: 'gpu-infrastructure',
      companyIds: [company.id],
    },
  );
  events = `${web.base}/runs/${run.id}/events`;
});
after(() => web.close());

const enter = async (person = ADMIN): Promise<Client> => {
  const client = openClient();
  assert.equal((await signIn(client, web, person)).status, 303);
  return client;
};
const sql = (text: string, values: unknown[] = []) =>
  web.database.db.inWorkspace(web.workspaceId, (tx) => tx.query(text, values));

/** Follows a run; `beats` resolves once so many heartbeats came, `ended` when the stream is over. */
const follow = async (client: Client) => {
  const response = await client.get(events);
  assert.equal(response.status, 200);
  const reader = response.body?.getReader() ?? assert.fail('no stream');
  let text = '';
  let isOver = false;
  const step = async (): Promise<void> => {
    const { done, value } = await reader.read();
    isOver = done;
    text += value === undefined ? '' : Buffer.from(value).toString();
  };
  const until = async (what: string, is: () => boolean): Promise<void> => {
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      void reader.cancel();
    }, 10_000);
    while (!is() && !isOver) await step();
    clearTimeout(late);
    assert.ok(is() && !isLate, `${what}: ${text}`);
  };
  const count = (): number => text.split(': still here').length - 1;
  return {
    beats: (more: number) => {
      const enough = count() + more;
      return until('heartbeats', () => count() >= enough);
    },
    ended: () => until('the end', () => isOver),
    leave: () => reader.cancel(),
  };
};

test('who signs out is not told of a run any more, and whoever else follows it is', async () => {
  const [leaver, stayer] = [await enter(), await enter()];
  const [left, stays] = [await follow(leaver), await follow(stayer)];
  await Promise.all([left.beats(2), stays.beats(2)]);
  const html = await (await leaver.get(`${web.base}/account`)).text();
  const token = /name="token" value="([^"]+)"/.exec(html)?.[1] ?? assert.fail(html);
  await leaver.post(`${web.base}/sign-out`, { token }, { 'sec-fetch-site': 'same-origin' });
  await left.ended();
  await stays.beats(3);
  await stays.leave();
  assert.equal((await leaver.get(events)).status, 303);
});

test('who owns records no longer, or whose session ended elsewhere, is not told of a run any more', async () => {
  const rep = await follow(await enter(REP));
  await rep.beats(1);
  await ownRecords(web, web.workspaceId, []);
  await rep.ended();
  await ownRecords(web, web.workspaceId, [REP]);

  const ended = await follow(await enter());
  await ended.beats(1);
  await sql('delete from sessions where email = $1', [ADMIN.email]);
  await ended.ended();
});

test('a stream that stands open does not count as a visit', async () => {
  const idle = await follow(await enter());
  await sql(`update sessions set last_seen_at = now() - interval '11 hours' where email = $1`, [ADMIN.email]);
  await idle.beats(3);
  const { rows } = await sql(
    `select from sessions where email = $1 and last_seen_at > now() - interval '1 hour'`,
    [ADMIN.email],
  );
  assert.equal(rows.length, 0);
  await sql(`update sessions set last_seen_at = now() - interval '12 hours' where email = $1`, [ADMIN.email]);
  await idle.ended();
});
