import assert from 'node:assert/strict';
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
const onlyReply = async (): Promise<Reply> => {
  const [reply] = await database.rows<Reply>(
    'select id as "replyId", workspace_id as "workspaceId", state from slack_replies',
  );
  return reply ?? assert.fail('nobody waits for an answer');
};

test('who waits for an answer whose every worker died is told that there is none', async () => {
  await slack.command(`/score ${slack.system.sandbox.world.companies[0]?.domain}`);
  const { workspaceId, replyId } = await onlyReply();
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
  await until('the person is told', async () => (await onlyReply()).state === 'answered');
  const said = (await slack.read()).filter((one) => textOf(one).includes('There is no answer to this'));
  assert.equal(said.length, 1);
  // Dead again: it was given, and stays so.
  await bury({ workspaceId, replyId });
  assert.equal((await onlyReply()).state, 'answered');
});
