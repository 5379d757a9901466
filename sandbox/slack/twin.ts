import express from 'express';
import type { NextFunction, Request, Response } from 'express';
import type { FaultSettings } from '../kit/faults.ts';
import { startTwin } from '../kit/twin.ts';
import type { Twin, TwinKit } from '../kit/twin.ts';
import type { World } from '../kit/world-types.ts';
import { act, dumpSlack } from './admin.ts';
import { mountApi, readToken, tooMany } from './api.ts';
import { createDeliveries } from './deliveries.ts';
import { createEventSender } from './event-sender.ts';
import { createModals } from './modals.ts';
import { createOauth } from './oauth.ts';
import type { OauthClient } from './oauth.ts';
import { mountPages } from './pages.ts';
import { mountResponseUrls } from './response-urls.ts';
import { DeliverySettings } from './settings.ts';
import type { Slack } from './slack.ts';
import { createSockets } from './sockets.ts';
import { openState } from './state.ts';
import type { SlackState } from './state.ts';
import { createTriggers } from './triggers.ts';
import { mountUploads } from './upload-route.ts';
import { createUploads } from './uploads.ts';

/** What Fieldnote's manifests ask for, and nothing more: what they forgot shows here as it would in Slack. */
export const MANIFEST_SCOPES: readonly string[] = [
  'app_mentions:read',
  'channels:history',
  'channels:read',
  'chat:write',
  'commands',
  'files:write',
  'groups:history',
  'groups:read',
  'im:history',
  'im:write',
  'links:read',
  'links:write',
  'users:read',
  'users:read.email',
];

export type SlackTwinOptions = {
  world: World;
  port?: number;
  /** Where what happened is kept (JSON lines); null: in memory alone. */
  journalFile: string | null;
  faults?: Partial<FaultSettings>;
  /** The app's tokens in the first workspace and in the other one; null: it is not installed there. */
  botTokens: readonly (string | null)[];
  scopes?: readonly string[];
  signingSecret: string;
  /** Opens sockets (Socket Mode); unset: there are none. */
  appToken?: string;
  /** The app's OAuth client; unset: it can't be installed. */
  oauth?: OauthClient;
  settings?: Partial<DeliverySettings>;
};

export type SlackTwin = Twin & {
  signingSecret: string;
  state: SlackState;
  /** Sets how the app is reached; what is not named stays. */
  configure(settings: Partial<DeliverySettings>): void;
  /** What POST /_twin/edit does: acts as a person or an administrator. */
  act(body: unknown): Promise<unknown>;
  dump(): Record<string, unknown>;
};

/** Local Slack workspaces with Fieldnote's app in them. Resolves when it listens. */
export async function startSlackTwin(options: SlackTwinOptions): Promise<SlackTwin> {
  let settings = DeliverySettings.parse(options.settings ?? {});
  let opened: Slack | null = null;
  let url = '';
  const configure = (next: DeliverySettings): void => {
    settings = next;
  };
  const slack = (): Slack => {
    if (opened === null) throw new Error('the Slack twin is not open yet');
    return opened;
  };
  const twin = await startTwin(
    {
      name: 'slack',
      readBody,
      mountPages: (kit) => mountPages(kit, slack),
      onServer: (server) => slack().sockets.attach(server),
      mount: (kit) => {
        opened = openSlack(kit, options, { settings: () => settings, url: () => url });
        const { sockets } = opened;
        const oauth = options.oauth === undefined ? null : createOauth(opened, options.oauth);
        oauth?.mount(kit.app);
        mountApi(kit.app, opened, {
          'apps.connections.open': (request, args) => ({ url: sockets.open(readToken(request, args), url) }),
          ...(oauth === null
            ? {}
            : { 'oauth.v2.access': (request, args) => oauth.access(args, request.get('authorization')) }),
        });
        mountResponseUrls(kit.app, opened);
        mountUploads(kit.app, opened);
        kit.app.use(answerBadBody);
      },
      dump: () => dumpSlack(slack()),
      edit: (body) => act(slack(), body, configure),
      answerFault: (response, status, retryAfterSeconds) => {
        if (status === 429) return tooMany(response, retryAfterSeconds);
        const error = status === 503 ? 'service_unavailable' : 'internal_error';
        response.status(status).json({ ok: false, error });
      },
    },
    { port: options.port, faults: options.faults },
  );
  ({ url } = twin);
  const { state, events, sockets } = slack();
  return {
    ...twin,
    signingSecret: options.signingSecret,
    state,
    configure: (more) => {
      settings = DeliverySettings.parse({ ...settings, ...more });
    },
    act: (body) => act(slack(), body, configure),
    dump: () => dumpSlack(slack()),
    close: async () => {
      events.close();
      sockets.close();
      await twin.close();
    },
  };
}

function openSlack(
  { clock }: TwinKit,
  options: SlackTwinOptions,
  told: { settings: () => DeliverySettings; url: () => string },
): Slack {
  const { settings } = told;
  const state = openState({
    world: options.world,
    clock,
    journalFile: options.journalFile,
    installed: (teams) =>
      teams.flatMap((team, index) => {
        const token = options.botTokens[index] ?? null;
        return token === null
          ? []
          : [{ team: team.id, token, scopes: [...(options.scopes ?? MANIFEST_SCOPES)] }];
      }),
  });
  const sockets = createSockets(options.appToken ?? null);
  const deliveries = createDeliveries({ signingSecret: options.signingSecret, settings, socket: sockets });
  return {
    state,
    clock,
    url: told.url,
    triggers: createTriggers(clock, () => settings().triggerMs),
    modals: createModals(state.touch),
    uploads: createUploads(),
    deliveries,
    events: createEventSender(deliveries, settings),
    sockets,
    settings,
  };
}

const readJson = express.json({ limit: '1mb' });
const readForm = express.urlencoded({ extended: false, limit: '1mb' });

function readBody(request: Request, response: Response, next: NextFunction): void {
  if (request.path.startsWith('/upload/')) return next();
  readJson(request, response, (error?: unknown) => {
    if (error === undefined) readForm(request, response, next);
    else next(error);
  });
}

function answerBadBody(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent || !(error instanceof Error && 'status' in error && error.status === 400))
    return next(error);
  response.status(200).json({ ok: false, error: 'invalid_json' });
}
