import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { planBudgetNews } from '../../src/pipeline/store/slack-news.ts';
import { openPosts } from '../../src/pipeline/store/slack-posts.ts';
import { createSeal } from '../../src/seal.ts';
import { createSlackClients } from '../../src/slack/clients.ts';
import type { SlackClients } from '../../src/slack/clients.ts';
import { createPostJob } from '../../src/slack/post-job.ts';
import type { Database } from '../../src/db.ts';
import { openRows } from '../e2e/faults/observe.ts';
import { Killed, startProcess } from '../harness/killable.ts';
import { openSlack, textOf } from './open-slack.ts';
import type { TestSlack } from './open-slack.ts';

let slack: TestSlack;
let database: Awaited<ReturnType<typeof openRows>>;
/** What happens at each moment of a call to Slack: before it is sent, and before its answer is heard. */
let moment: () => Promise<void> | void = () => undefined;

before(async () => {
  slack = await openSlack({ limit: 3 });
  slack.twin.configure({ ackMs: 30_000 });
  database = await openRows(slack.system);
  await slack.command('/score alerts', 'alerts');
  await slack.act({ operation: 'submit', values: { what: ['budget'], when: 'at-once', time_zone: 'UTC' } });
});
after(async () => {
  await database.close();
  await slack.close();
});

const calls: SlackClients = {
  of: (token) => ({
    call: async (operation, act) => {
      await moment();
      const client = createSlackClients({ apiUrl: `${slack.twin.url}/api/` }).of(token);
      const answer = await client.call(operation, act);
      await moment();
      return answer;
    },
  }),
};

/** A process's own job for messages into channels. */
function openJob(db: Database): ReturnType<typeof createPostJob> {
  const { app } = slack;
  const [home] = slack.twin.state.teams;
  const team = {
    teamId: home?.id ?? '',
    workspaceId: app.workspaceId,
    token: slack.environment.SLACK_BOT_TOKEN ?? '',
    botUserId: slack.bot,
  };
  return createPostJob({
    ...app,
    db,
    monthlyBudgetUsd: null,
    textModels: [],
    publicUrl: app.config.publicUrl,
    apiUrl: `${slack.twin.url}/api/`,
    seal: createSeal(randomBytes(32).toString('base64')),
    teams: { find: async () => team },
    clients: calls,
    onError: (error) => assert.fail(String(error)),
  });
}

/** News that is due now. */
async function plan(): Promise<{ workspaceId: string; postId: string }> {
  const { db, workspaceId } = slack.app;
  await database.rows('delete from slack_news');
  await database.rows('delete from slack_posts');
  await db.inWorkspace(workspaceId, (tx) =>
    planBudgetNews(tx, { part: '80 %', spentUsd: 85, limitUsd: 100 }),
  );
  const [post] = await db.inWorkspace(workspaceId, openPosts);
  return { workspaceId, postId: post?.id ?? assert.fail('nothing is to be told') };
}

test('a channel is told once, whenever the worker that tells it is killed', async (context) => {
  let kills = 0;
  for (let diesAt = 1; ; diesAt += 1) {
    const job = await plan();
    const before = (await slack.read('alerts')).length;
    const process = startProcess(slack.app.db, (act) => { moment = act; }, diesAt); // prettier-ignore
    await openJob(process.db)(job).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
    });
    moment = () => undefined;
    // Its lease runs out, and another worker comes.
    await database.rows('update slack_posts set leased_until = null');
    await openJob(slack.app.db)(job);
    const said = (await slack.read('alerts')).slice(before);
    assert.equal(said.length, 1, `killed at ${diesAt}`);
    assert.match(textOf(said[0] ?? { text: '', blocks: [] }), /of this month’s \$100/);
    const [post] = await database.rows<{ state: string }>('select state from slack_posts');
    assert.equal(post?.state, 'sent');
    if (!process.isDead()) break;
    kills += 1;
  }
  context.diagnostic(`killed at each of ${kills} moments`);
  assert.ok(kills >= 10, `only ${kills} kills`);
});
