import { randomUUID } from 'node:crypto';
import type { Express, Request, Response } from 'express';
import { createRateLimits } from '../kit/rate-limits.ts';
import { SlackRefusal } from './answers.ts';
import { readText } from './args.ts';
import type { Args } from './args.ts';
import { chatMethods } from './methods-chat.ts';
import { conversationMethods } from './methods-conversations.ts';
import { fileMethods } from './methods-files.ts';
import { userMethods } from './methods-users.ts';
import { viewMethods } from './methods-views.ts';
import type { ApiCall, Method, Slack } from './slack.ts';

const METHODS: Record<string, Method> = {
  ...chatMethods,
  ...conversationMethods,
  ...fileMethods,
  ...userMethods,
  ...viewMethods,
};

/** The methods that go without a token of an installation. */
export type OpenMethods = Readonly<Record<string, (request: Request, args: Args) => Record<string, unknown>>>;

/** Mounts the Web API: POST /api/METHOD with a form or JSON, answered 200 whatever it says, but for 429. */
export function mountApi(app: Express, slack: Slack, openMethods: OpenMethods): void {
  const pace = createPace(slack);
  app.post('/api/:method', (request, response) => {
    const name = String(request.params.method);
    response.locals.operation = name;
    const args: Args = { ...Object(request.body) };
    response.locals.about = readText(args, 'channel') ?? readText(args, 'user_id') ?? null;
    try {
      const open = openMethods[name];
      if (open !== undefined) return send(response, { ok: true, ...open(request, args) });
      const method = METHODS[name];
      if (method === undefined) throw new SlackRefusal('unknown_method', { req_method: name });
      const call = authenticate(slack, request, args);
      checkScopes(response, method, call);
      const wait = pace(name, call);
      if (wait > 0) return tooMany(response, Math.ceil(wait / 1000));
      send(response, { ok: true, ...method.run(slack, call) });
    } catch (error) {
      if (!(error instanceof SlackRefusal)) throw error;
      send(response, { ok: false, error: error.error, ...error.more });
    }
  });
}

function send(response: Response, body: Record<string, unknown>): void {
  response.set('x-slack-req-id', randomUUID()).json(body);
}

/** "Rate limits": 429 with seconds to wait. */
export function tooMany(response: Response, seconds: number): void {
  response.status(429).set('retry-after', String(seconds)).json({ ok: false, error: 'ratelimited' });
}

/** The token of a call: in its header, or else among its arguments. */
export function readToken(request: Request, args: Args): string | undefined {
  return /^Bearer (.+)$/i.exec(request.get('authorization') ?? '')?.[1] ?? readText(args, 'token');
}

/** @throws SlackRefusal not_authed, invalid_auth, account_inactive (the app was removed), token_revoked */
function authenticate(slack: Slack, request: Request, args: Args): ApiCall {
  const sent = readToken(request, args);
  if (sent === undefined) throw new SlackRefusal('not_authed');
  const token = slack.state.token(sent);
  if (token === undefined) throw new SlackRefusal('invalid_auth');
  if (token.state === 'uninstalled') throw new SlackRefusal('account_inactive');
  if (token.state === 'revoked') throw new SlackRefusal('token_revoked');
  return { args, token, team: slack.state.team(token.team) };
}

function checkScopes(response: Response, { scopes }: Method, { token }: ApiCall): void {
  const provided = token.scopes.join(',');
  response.set({ 'x-oauth-scopes': provided, 'x-accepted-oauth-scopes': scopes.join(',') });
  if (scopes.length > 0 && !scopes.some((scope) => token.scopes.includes(scope)))
    throw new SlackRefusal('missing_scope', { needed: scopes.join(','), provided });
}

/** Milliseconds that a call must wait by the limits that are switched on; 0: it is let in. */
function createPace(slack: Slack): (method: string, call: ApiCall) => number {
  const buckets = new Map<string, { perMinute: number; admit(): number }>();
  const lastPost = new Map<string, number>();
  const perMinute = (method: string, team: string): number => {
    const limit = slack.settings().callsPerMinute[method];
    if (limit === undefined) return 0;
    const key = `${team}/${method}`;
    let bucket = buckets.get(key);
    if (bucket?.perMinute !== limit) {
      const limits = createRateLimits(slack.clock, { requestsPerMinute: limit, tokensPerMinute: null });
      bucket = { perMinute: limit, admit: () => limits.admit(0) };
      buckets.set(key, bucket);
    }
    return bucket.admit();
  };
  const perChannel = (method: string, { args, team }: ApiCall): number => {
    const rate = slack.settings().postsPerSecond;
    if (rate === null || method !== 'chat.postMessage') return 0;
    const key = `${team.id}/${readText(args, 'channel')}`;
    const now = slack.clock.now().getTime();
    const wait = (lastPost.get(key) ?? 0) + 1000 / rate - now;
    if (wait > 0) return wait;
    lastPost.set(key, now);
    return 0;
  };
  return (method, call) => perMinute(method, call.team.id) || perChannel(method, call);
}
