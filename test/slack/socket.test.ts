import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openRows, until } from '../e2e/faults/observe.ts';
import { openSlack, textOf } from './open-slack.ts';
import type { TestSlack } from './open-slack.ts';

const APP_TOKEN = 'xapp-sandbox';

let slack: TestSlack;
let database: Awaited<ReturnType<typeof openRows>>;
let socket: { stop(): Promise<void> };

before(async () => {
  slack = await openSlack({
    limit: 5,
    more: { SLACK_SIGNING_SECRET: '', SLACK_APP_TOKEN: APP_TOKEN },
    twin: { appToken: APP_TOKEN },
  });
  slack.twin.configure({ requestUrl: null });
  database = await openRows(slack.system);
  socket = (await slack.app.slack?.listen()) ?? assert.fail('Slack is not configured');
});
after(async () => {
  await socket.stop();
  await database.close();
  await slack.close();
});

test('in Socket Mode a command is answered without Slack reaching us', async () => {
  const domain = slack.system.sandbox.world.companies[0]?.domain ?? '';
  const worker = await slack.system.openApp({ worker: true, environment: slack.environment });
  await worker.startWorker({ schedule: false });
  const delivery = await slack.command(`/score ${domain}`);
  assert.equal(delivery.error, null);
  assert.equal(delivery.transport, 'socket');
  await until('the answer is there', async () => {
    const answered = await database.rows(`select from slack_replies where state = 'answered'`);
    return answered.length === 1;
  });
  const last = (await slack.read()).at(-1);
  assert.ok(last !== undefined);
  assert.match(textOf(last), /refresh/);
  const clicked = await slack.click('watch');
  assert.equal(clicked.error, null);
  assert.equal(clicked.transport, 'socket');
});

test('nothing is served under /slack/events then', async () => {
  const answer = await fetch(slack.requestUrl, { method: 'POST' });
  assert.ok(answer.status >= 400);
});
