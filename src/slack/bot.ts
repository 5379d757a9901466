import { App, ExpressReceiver } from '@slack/bolt';
import type { AppOptions, Logger } from '@slack/bolt';
import { Router } from 'express';
import type { Log } from '../log.ts';
import { listenToActions } from './actions.ts';
import { createBoltLog } from './bolt-log.ts';
import { listenToChannelAlerts } from './channel-alerts.ts';
import { checkRequest } from './check-request.ts';
import { listenToCommands } from './commands.ts';
import type { SlackDeps } from './deps.ts';
import { listenToHome } from './home.ts';
import { SCOPES, createInstallationStore, listenToUninstalls, serveInstall } from './installs.ts';
import { listenToShortcuts } from './shortcuts.ts';
import { refuseStrangers } from './strangers.ts';
import { listenToTyped } from './typed.ts';
import { listenToLinks } from './unfurls.ts';
import { listenToVotes } from './votes.ts';
import { listenToWatches } from './watches.ts';

/** Where Slack sends commands, clicks and events. */
const SLACK_EVENTS = '/slack/events';
const SLACK_INSTALL = '/slack/install';
const SLACK_REDIRECT = '/slack/oauth_redirect';

export type OAuth = { clientId: string; clientSecret: string; stateSecret: string };

/**
 * Slack's side of the web server, to be mounted before any body parser: the signature is of the raw body. Listeners answer once their
 * work is stored, and Slack repeats what was not answered; so each may come again, and has an effect once.
 */
export function createSlackRouter(
  deps: SlackDeps,
  options: { signingSecret: string; oauth: OAuth | null; log: Log },
): Router {
  const logger = createBoltLog(options.log);
  const { signingSecret } = options;
  const endpoints = SLACK_EVENTS;
  const receiver = new ExpressReceiver({ signingSecret, endpoints, processBeforeResponse: true, logger });
  listen(new App({ ...appOptions(deps), receiver, logger }), deps);
  const router = Router();
  router.use(SLACK_EVENTS, checkRequest);
  router.use(receiver.router);
  if (options.oauth !== null)
    router.use(createInstaller(deps, { signingSecret, oauth: options.oauth, logger }));
  return router;
}

/** The pages by which Slack workspaces install the app. */
function createInstaller(
  deps: SlackDeps,
  { signingSecret, oauth, logger }: { signingSecret: string; oauth: OAuth; logger: Logger },
): Router {
  const redirectUri = deps.publicUrl + SLACK_REDIRECT;
  // A receiver of its own that hears nothing: Bolt takes no installer beside an authorize.
  const receiver = new ExpressReceiver({
    signingSecret,
    endpoints: {},
    logger,
    ...oauth,
    scopes: [...SCOPES],
    redirectUri,
    installationStore: createInstallationStore(deps),
    installerOptions: {
      directInstall: true,
      installPath: SLACK_INSTALL,
      redirectUriPath: SLACK_REDIRECT,
      authorizationUrl: authorizationUrl(deps.apiUrl),
      clientOptions: { slackApiUrl: deps.apiUrl },
    },
  });
  const router = Router();
  // Before Bolt's own, which would let anybody install.
  router.get(SLACK_INSTALL, serveInstall(receiver, { ...deps, redirectUri }));
  router.use(receiver.router);
  return router;
}

/** Socket Mode: we call Slack, for where it can't call us. */
export function createSlackSocket(
  deps: SlackDeps,
  options: { appToken: string; log: Log },
): { start(): Promise<void>; stop(): Promise<void> } {
  const app = new App({
    ...appOptions(deps),
    socketMode: true,
    appToken: options.appToken,
    logger: createBoltLog(options.log),
  });
  listen(app, deps);
  return {
    start: async () => {
      await app.start();
    },
    stop: async () => {
      await app.stop();
    },
  };
}

/** Headers are never set here: Slack's library would keep one team's token in them for the next. */
function appOptions({ teams, apiUrl }: SlackDeps): AppOptions {
  return {
    authorize: async ({ teamId, enterpriseId }) => {
      const team = await teams.find(teamId ?? enterpriseId ?? '');
      if (team === null) throw new Error('this Slack workspace is not connected here');
      return { teamId: team.teamId, botToken: team.token, botUserId: team.botUserId };
    },
    clientOptions: { slackApiUrl: apiUrl },
  };
}

/** Where people agree to install the app: beside the Web API. */
function authorizationUrl(apiUrl: string): string {
  return `${new URL(apiUrl).origin}/oauth/v2/authorize`;
}

function listen(app: App, deps: SlackDeps): void {
  refuseStrangers(app, deps);
  listenToCommands(app, deps);
  listenToActions(app, deps);
  listenToVotes(app, deps);
  listenToWatches(app, deps);
  listenToShortcuts(app, deps);
  listenToHome(app, deps);
  listenToChannelAlerts(app, deps);
  listenToLinks(app, deps);
  listenToTyped(app, deps);
  listenToUninstalls(app, deps);
  app.error(async (error) => {
    deps.onError(error, 'Slack');
    // Not answered, so that Slack repeats it.
    throw error;
  });
}
