import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { startSlackTwin } from '../../../sandbox/slack/twin.ts';
import type { SlackTwin, SlackTwinOptions } from '../../../sandbox/slack/twin.ts';
import { asObject, makeCompany, makeWorld } from '../hubspot-start.ts';

export const TOKEN = 'xoxb-test';
export const OTHER_TOKEN = 'xoxb-other';
export const RENATA = 'Renata Holm';
export const IMANI = 'Imani Oyelaran';

export type Answer = Record<string, unknown>;

export type TestSlack = {
  twin: SlackTwin;
  /** Closes before the test does. */
  close: () => Promise<void>;
  /** Calls a method of the Web API with JSON. */
  call: (method: string, args?: Answer, token?: string) => Promise<Answer>;
  /** A channel's id in the first workspace, or the second. */
  channel: (name: string, team?: number) => string;
  user: (name: string, team?: number) => string;
  /** What a person sees in a channel of the first workspace. */
  read: (as: string, channel: string) => Promise<Answer[]>;
  post: (url: string, body: unknown) => Promise<{ status: number; body: string }>;
};

/** Starts the twin with two owners in the first workspace; it ends with the test. */
export async function startSlack(
  context: TestContext,
  options: Partial<SlackTwinOptions> = {},
): Promise<TestSlack> {
  const companies = [RENATA, IMANI].map((owner, index) => makeCompany(index + 1, { owner }));
  const twin = await startSlackTwin({
    world: makeWorld(companies),
    journalFile: null,
    botTokens: [TOKEN, OTHER_TOKEN],
    signingSecret: 'test-signing-secret',
    ...options,
  });
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => (closed ??= twin.close());
  context.after(close);
  const team = (index: number) => {
    const found = twin.state.teams[index];
    if (found === undefined) throw new Error(`no team ${index}`);
    return found;
  };
  const idOf = (held: Iterable<{ id: string; name: string; realName?: string }>, name: string): string => {
    for (const one of held) if (one.name === name || one.realName === name) return one.id;
    throw new Error(`nothing is called ${name}`);
  };
  return {
    twin,
    close,
    call: async (method, args = {}, token = TOKEN) => {
      const response = await fetch(`${twin.url}/api/${method}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify(args),
      });
      return asObject(await response.json());
    },
    channel: (name, index = 0) => idOf(team(index).channels.values(), name),
    user: (name, index = 0) => idOf(team(index).people.values(), name),
    read: async (as, channel) => {
      const { messages } = asObject(await twin.act({ operation: 'read', as, channel }));
      return Array.isArray(messages) ? messages.map(asObject) : [];
    },
    post: async (url, body) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: await response.text() };
    },
  };
}

export type Heard = { headers: IncomingMessage['headers']; body: string; payload: Answer };

/** An app that hears the twin: `answer` says what it acknowledges with (null: never). */
export async function startListener(
  context: TestContext,
  slack: TestSlack,
  answer: (heard: Heard) => { status?: number; body?: unknown } | null = () => ({}),
): Promise<{ heard: Heard[]; url: string }> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const one = { headers: request.headers, body, payload: unpack(request, body) };
      heard.push(one);
      const said = answer(one);
      if (said === null) return;
      const json = said.body !== undefined;
      response.writeHead(said.status ?? 200, json ? { 'content-type': 'application/json' } : {});
      response.end(json ? JSON.stringify(said.body) : '');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = `http://127.0.0.1:${address.port}/slack/events`;
  slack.twin.configure({ requestUrl: url, ackMs: 30_000 });
  return { heard, url };
}

function unpack(request: IncomingMessage, body: string): Answer {
  if (request.headers['content-type'] === 'application/json') return asObject(JSON.parse(body));
  const form = Object.fromEntries(new URLSearchParams(body));
  return form.payload === undefined ? form : asObject(JSON.parse(form.payload));
}

export const section = (words: string): Answer => ({
  type: 'section',
  text: { type: 'mrkdwn', text: words },
});

export const button = (actionId: string, rest: Answer = {}): Answer => ({
  type: 'button',
  action_id: actionId,
  text: { type: 'plain_text', text: 'Press' },
  ...rest,
});
