import { randomBytes } from 'node:crypto';
import express from 'express';
import type { Express } from 'express';
import { SlackRefusal } from './answers.ts';
import { needText, readText } from './args.ts';
import type { Args } from './args.ts';
import { html } from '../kit/html.ts';
import { sendPage } from './html.ts';
import type { Slack } from './slack.ts';
import { APP_ID } from './team.ts';

/** The app's OAuth client. */
export type OauthClient = { clientId: string; clientSecret: string };

type Code = { team: string; user: string; scopes: string[]; redirectUri: string; at: number; used: boolean };

export type Oauth = {
  /** Mounts the page on which a person allows the app (oauth/v2/authorize). */
  mount(app: Express): void;
  /** oauth.v2.access; the client's id and secret come as arguments or as Basic authorization. @throws SlackRefusal */
  access(args: Args, authorization: string | undefined): Record<string, unknown>;
};

// "Installing with OAuth": a code is good for ten minutes.
const CODE_MS = 600_000;
const KEPT = 1_000;

/** Installs the app into workspaces by Slack's OAuth 2.0 flow, version 2. */
export function createOauth(slack: Slack, client: OauthClient): Oauth {
  const codes = new Map<string, Code>();

  const makeCode = (code: Omit<Code, 'at' | 'used'>): string => {
    const made = randomBytes(18).toString('hex');
    codes.set(made, { ...code, at: slack.clock.now().getTime(), used: false });
    const [oldest] = codes.keys();
    if (codes.size > KEPT && oldest !== undefined) codes.delete(oldest);
    return made;
  };

  const install = (code: Code): { token: string; scopes: string[] } => {
    const before = slack.state.installed(code.team);
    // The app has one token in a workspace: installed again it keeps it, and gains scopes.
    const token = before?.token ?? `xoxb-${randomBytes(18).toString('hex')}`;
    const scopes = [...new Set([...(before?.scopes ?? []), ...code.scopes])].toSorted();
    slack.state.commit({ kind: 'installed', installation: { team: code.team, token, scopes } });
    return { token, scopes };
  };

  return {
    mount: (app) => {
      app.get('/oauth/v2/authorize', (request, response) => {
        const query: Args = request.query;
        const redirectUri = readText(query, 'redirect_uri') ?? '';
        if (readText(query, 'client_id') !== client.clientId)
          return sendPage(response, 400, refusal('invalid_client_id'));
        if (!URL.canParse(redirectUri)) return sendPage(response, 400, refusal('bad_redirect_uri'));
        const fields = {
          redirect_uri: redirectUri,
          state: readText(query, 'state') ?? '',
          scope: readText(query, 'scope') ?? '',
        };
        sendPage(response, 200, askConsent(slack, fields));
      });
      app.post('/oauth/v2/authorize', express.urlencoded({ extended: false }), (request, response) => {
        const form: Args = { ...Object(request.body) };
        const back = new URL(needText(form, 'redirect_uri'));
        const state = readText(form, 'state');
        if (state !== undefined) back.searchParams.set('state', state);
        const team = slack.state.teams.find(({ id }) => id === readText(form, 'team'));
        const [user] = team?.people.keys() ?? [];
        if (team === undefined || user === undefined) back.searchParams.set('error', 'access_denied');
        else {
          const scopes = (readText(form, 'scope') ?? '').split(',').filter((scope) => scope !== '');
          const redirectUri = needText(form, 'redirect_uri');
          back.searchParams.set('code', makeCode({ team: team.id, user, scopes, redirectUri }));
        }
        response.redirect(302, back.href);
      });
    },
    access: (args, authorization) => {
      const basic = /^Basic (.+)$/.exec(authorization ?? '')?.[1];
      const [basicId, basicSecret] =
        basic === undefined ? [] : Buffer.from(basic, 'base64').toString().split(':');
      const id = basicId ?? readText(args, 'client_id');
      const secret = basicSecret ?? readText(args, 'client_secret');
      if (id !== client.clientId) throw new SlackRefusal('invalid_client_id');
      if (secret !== client.clientSecret) throw new SlackRefusal('bad_client_secret');
      const code = codes.get(readText(args, 'code') ?? '');
      if (code === undefined || slack.clock.now().getTime() - code.at > CODE_MS)
        throw new SlackRefusal('invalid_code');
      if (code.used) throw new SlackRefusal('code_already_used');
      const redirectUri = readText(args, 'redirect_uri');
      if (redirectUri !== undefined && redirectUri !== code.redirectUri)
        throw new SlackRefusal('bad_redirect_uri');
      code.used = true;
      const { token, scopes } = install(code);
      const team = slack.state.team(code.team);
      return {
        access_token: token,
        token_type: 'bot',
        scope: scopes.join(','),
        bot_user_id: team.botUser,
        app_id: APP_ID,
        team: { id: team.id, name: team.name },
        enterprise: null,
        is_enterprise_install: false,
        authed_user: { id: code.user },
      };
    },
  };
}

const refusal = (error: string) =>
  html`<main class="ask">
    <h1>Something went wrong</h1>
    <p>Slack refuses: ${error}</p>
  </main>`;

function askConsent(slack: Slack, fields: Record<string, string>) {
  const scopes = (fields.scope ?? '').split(',').filter((scope) => scope !== '');
  return html`<main class="ask">
    <h1>Fieldnote wants into your Slack workspace</h1>
    <form method="post">
      ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
      <label
        >Workspace
        <select name="team">
          ${slack.state.teams.map(({ id, name }) => html`<option value="${id}">${name}</option>`)}
        </select></label
      >
      <p>It will be able to:</p>
      <ul>
        ${scopes.map((scope) => html`<li>${scope}</li>`)}
      </ul>
      <button class="primary">Allow</button>
      <button name="team" value="">Cancel</button>
    </form>
  </main>`;
}
