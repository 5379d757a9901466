import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createDeadLetterJob } from '../../src/pipeline/dead-letters.ts';
import { openRows, until } from '../e2e/faults/observe.ts';
import { openSlack, textOf } from './open-slack.ts';
import type { TestSlack } from './open-slack.ts';

let slack: TestSlack;
let database: Awaited<ReturnType<typeof openRows>>;

before(async () => {
  slack = await openSlack({ limit: 3 });
  database = await openRows(slack.system);
});
after(async () => {
  await database.close();
  await slack.close();
});

type Reply = { replyId: string; workspaceId: string; state: string };
const lastReply = async (): Promise<Reply> => {
  const [reply] = await database.rows<Reply>(
    'select id as "replyId", workspace_id as "workspaceId", state from slack_replies order by asked_at desc limit 1',
  );
  return reply ?? assert.fail('nobody waits for an answer');
};

test('an answer whose address was sealed under another secret comes as a direct message', async () => {
  await slack.command(`/score ${slack.system.sandbox.world.companies[1]?.domain}`, 'general');
  // The app is no member there, and by now whoever runs it has set a key of their own.
  const worker = await slack.system.openApp({
    worker: true,
    environment: { ...slack.environment, SECRET_KEY: randomBytes(32).toString('base64') },
  });
  await worker.startWorker({ schedule: false });
  await until('the person is told', async () => (await lastReply()).state === 'answered');
  await worker.stop();
  const said = await slack.read('app');
  assert.equal(said.length, 1);
  assert.match(textOf(said[0] ?? { text: '', blocks: [] }), /refresh/);
});

test('who waits for an answer whose every worker died is told that there is none', async () => {
  await slack.command(`/score ${slack.system.sandbox.world.companies[0]?.domain}`);
  const { workspaceId, replyId } = await lastReply();
  const logged: string[] = [];
  const bury = createDeadLetterJob({
    db: slack.app.db,
    queue: slack.app.queue,
    onRunDone: async () => undefined,
    onError: (error, what) => logged.push(`${what}: ${String(error)}`),
  });
  await bury({ workspaceId, replyId });
  assert.match(logged.join(), /100 workers died/);
  const worker = await slack.system.openApp({ worker: true, environment: slack.environment });
  await worker.startWorker({ schedule: false });
  await until('the person is told', async () => (await lastReply()).state === 'answered');
  const said = (await slack.read()).filter((one) => textOf(one).includes('There is no answer to this'));
  assert.equal(said.length, 1);
  // Dead again: it was given, and stays so.
  await bury({ workspaceId, replyId });
  assert.equal((await lastReply()).state, 'answered');
});
