import { createHash, hkdfSync } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { App } from './app.ts';
import type { SlackConfig } from './config-slack.ts';
import type { Config } from './config.ts';
import type { JobResult, SlackJob } from './pipeline/queue/jobs.ts';
import { createSeal } from './seal.ts';
import type { Seal } from './seal.ts';
import { createSlackRouter, createSlackSocket } from './slack/bot.ts';
import { createSlackClients } from './slack/clients.ts';
import type { SlackDeps } from './slack/deps.ts';
import { guardTokens } from './slack/guard-tokens.ts';
import { invite } from './slack/invitation.ts';
import { createSlackJob } from './slack/slack-job.ts';
import { createStoredTeams, createTokenTeams, joinTeams } from './slack/teams.ts';

/** Slack, as configured. */
export type Slack = {
  /** What Slack calls; null: it does not call us. */
  router: RequestHandler | null;
  /** Calls Slack until `stop`, where that is how it reaches us (Socket Mode). */
  listen(): Promise<{ stop(): Promise<void> }>;
  /** Tells somebody in Slack what the job says. */
  tell(job: SlackJob, signal: AbortSignal): Promise<JobResult>;
  /** The address under which a Slack workspace installs the app into this workspace; null: it is not set up for that. */
  invite(workspaceId: string): string | null;
};

/** Builds Slack's side; null where it is not configured. */
export function openSlack({
  config,
  log,
  homeWorkspaceId: workspaceId,
  printPitch,
  ...app
}: Pick<
  App,
  | 'config'
  | 'log'
  | 'db'
  | 'queue'
  | 'budget'
  | 'crmOf'
  | 'homeWorkspaceId'
  | 'modelName'
  | 'printPitch'
  | 'onError'
> &
  Pick<SlackDeps, 'textModels'>): Slack | null {
  const { slack, publicUrl } = config;
  if (slack === null) return null;
  const { botToken: token, signingSecret, appToken } = slack;
  const calls = createSlackClients(slack);
  const seal = openSeal(config, slack);
  const guarded = guardTokens({
    db: app.db,
    clients: calls,
    teams: joinTeams([
      ...(token === null ? [] : [createTokenTeams({ token, workspaceId, clients: calls })]),
      ...(slack.oauth === null ? [] : [createStoredTeams({ db: app.db, seal })]),
    ]),
    onRefused: (error, teamId) =>
      app.onError(
        error,
        `the Slack workspace ${teamId}, where nothing is posted until it takes a token again`,
      ),
  });
  const deps: SlackDeps = {
    ...app,
    monthlyBudgetUsd: config.monthlyBudgetUsd,
    publicUrl,
    apiUrl: slack.apiUrl,
    seal,
    ...guarded,
  };
  const oauth = slack.oauth === null ? null : { ...slack.oauth, stateSecret: stateSecretOf(config) };
  return {
    router: signingSecret === null ? null : createSlackRouter(deps, { signingSecret, oauth, log }),
    listen: async () => {
      if (appToken === null) return { stop: async () => undefined };
      const socket = createSlackSocket(deps, { appToken, log });
      await socket.start();
      return socket;
    },
    tell: createSlackJob({ ...deps, fetch: globalThis.fetch, printPitch, seller: config.sellerName }),
    invite: (invited) => (oauth === null ? null : invite(seal, { publicUrl, workspaceId: invited })),
  };
}

/** Without a SECRET_KEY, on a person's own machine, Slack's own secret seals what Slack gave: whoever has it may do as much anyway. */
function openSeal({ secretKey, previousSecretKey }: Config, slack: SlackConfig): Seal {
  if (secretKey !== null) return createSeal(secretKey, previousSecretKey);
  const secret = slack.signingSecret ?? slack.appToken ?? '';
  return createSeal(createHash('sha256').update(`fieldnote ${secret}`).digest('base64'));
}

/** A key of its own for what goes through people's browsers while they install (RFC 5869). */
function stateSecretOf({ secretKey }: Config): string {
  const key = Buffer.from(secretKey ?? '', 'base64');
  return Buffer.from(hkdfSync('sha256', key, '', 'fieldnote slack state', 32)).toString('base64');
}
