import { z } from 'zod';
import { startSlackTwin } from '../../sandbox/slack/twin.ts';
import type { SlackTwin, SlackTwinOptions } from '../../sandbox/slack/twin.ts';
import { openWeb } from '../../src/cli/web.ts';
import type { App } from '../../src/app.ts';
import { startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';

export const SIGNING_SECRET = 'sandbox-slack-signing-secret';
const BOT_TOKEN = 'xoxb-sandbox-home';

const Read = z.object({
  messages: z.array(
    z.looseObject({
      ts: z.string(),
      user: z.string(),
      text: z.string(),
      blocks: z.array(z.looseObject({ type: z.string() })).default([]),
    }),
  ),
});
type Shown = z.infer<typeof Read>['messages'][number];

const Delivery = z.looseObject({
  status: z.number().nullable(),
  error: z.string().nullable(),
  ackMs: z.number(),
  answer: z.unknown(),
});

export type TestSlack = {
  system: System;
  twin: SlackTwin;
  app: App;
  /** Where Slack calls. */
  requestUrl: string;
  /** What every process has in its environment. */
  environment: Record<string, string>;
  /** The person who acts in these tests, and the app's user. */
  rep: string;
  bot: string;
  /** Types a command in a channel. */
  command(text: string, channel?: string): Promise<z.infer<typeof Delivery>>;
  click(actionId: string, channel?: string, ts?: string): Promise<z.infer<typeof Delivery>>;
  /** Does anything else that the twin lets a person do. */
  act(edit: Record<string, unknown>): Promise<unknown>;
  /** What the person sees of the app in a channel, oldest first. */
  read(channel?: string): Promise<Shown[]>;
  close(): Promise<void>;
};

/** A whole Fieldnote with a web server, and Slack workspaces that call it. No worker: start one. */
export async function openSlack(
  options: Parameters<typeof startSystem>[0] & {
    more?: Record<string, string>;
    twin?: Partial<SlackTwinOptions>;
  } = {},
): Promise<TestSlack> {
  const system = await startSystem(options);
  const twin = await startSlackTwin({
    world: system.sandbox.world,
    journalFile: null,
    botTokens: [BOT_TOKEN, null],
    signingSecret: SIGNING_SECRET,
    ...options.twin,
  });
  const environment = {
    SLACK_API_URL: `${twin.url}/api`,
    SLACK_BOT_TOKEN: BOT_TOKEN,
    SLACK_SIGNING_SECRET: SIGNING_SECRET,
    PORT: '0',
    ...options.more,
  };
  const app = await system.openApp({ worker: false, environment });
  const web = await openWeb(app, { elseAnyPort: false });
  const requestUrl = `http://127.0.0.1:${web.port}/slack/events`;
  twin.configure({ requestUrl });
  const [home] = twin.state.teams;
  if (home === undefined) throw new Error('the Slack twin has no workspace');
  const people = [...home.people.values()].filter(({ isBot }) => !isBot);
  const rep = people[0]?.name ?? '';
  const act = (edit: Record<string, unknown>): Promise<unknown> => twin.act({ as: rep, ...edit });
  return {
    system,
    twin,
    app,
    requestUrl,
    environment,
    rep,
    act,
    bot: home.botUser,
    command: async (text, channel = 'sales') =>
      Delivery.parse(await act({ operation: 'command', channel, text })),
    click: async (actionId, channel = 'sales', ts) =>
      Delivery.parse(
        await act({ operation: 'click', channel, action_id: actionId, ...(ts === undefined ? {} : { ts }) }),
      ),
    read: async (channel = 'sales') => {
      const { messages } = Read.parse(await act({ operation: 'read', channel }));
      return messages.filter(({ user }) => user === home.botUser);
    },
    close: async () => {
      await web.close();
      await twin.close();
      await system.close();
    },
  };
}

/** All that a message says, as one text. */
export function textOf(message: { text: string; blocks: unknown }): string {
  return `${message.text}\n${JSON.stringify(message.blocks)}`;
}
