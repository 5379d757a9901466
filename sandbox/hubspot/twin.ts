import express from 'express';
import type { ErrorRequestHandler } from 'express';
import { z } from 'zod';
import type { FaultSettings } from '../kit/faults.ts';
import { startTwin } from '../kit/twin.ts';
import type { Twin, TwinDefinition, TwinKit } from '../kit/twin.ts';
import type { World } from '../kit/world-types.ts';
import { dumpPortal, editPortal } from './admin.ts';
import { mountBatchCreate } from './batch-create.ts';
import { sendError } from './answers.ts';
import type { CardAddress } from './card-calls.ts';
import { mountCardPage } from './card-page.ts';
import { createGuard, tooMany } from './guard.ts';
import type { TwinLimits } from './guard.ts';
import { createSearchIndex } from './index-lag.ts';
import type { Portal } from './portal.ts';
import { mountAccount } from './routes-account.ts';
import { mountAssociations } from './routes-associations.ts';
import { mountOauth } from './routes-oauth.ts';
import { mountOwners } from './routes-owners.ts';
import { mountProperties } from './routes-properties.ts';
import { mountReads } from './routes-read.ts';
import { mountWrites } from './routes-write.ts';
import { createRequestCheck } from './sdk-requests.ts';
import type { RequestCheck } from './sdk-requests.ts';
import { openState } from './state.ts';
import { createTokens } from './tokens.ts';
import type { OauthApp } from './tokens.ts';
import type { WebhookEvent } from './webhook-events.ts';
import { createWebhooks } from './webhooks.ts';
import type { Webhooks, WebhookSettings } from './webhooks.ts';

/** Everything that Fieldnote asks for. */
export const ALL_SCOPES: readonly string[] = [
  'oauth',
  'crm.objects.companies.read',
  'crm.objects.companies.write',
  'crm.objects.contacts.read',
  'crm.objects.contacts.write',
  'crm.objects.leads.read',
  'crm.objects.owners.read',
  'crm.schemas.companies.read',
  'crm.schemas.companies.write',
  'crm.schemas.contacts.read',
  'crm.schemas.contacts.write',
];

const WRITES = /\/batch\/(create|update|upsert|archive)$/;
const Batch = z.object({ inputs: z.array(z.unknown()) });

export type HubspotTwinOptions = {
  world: World;
  port?: number;
  /** Where changes are kept (JSON lines); null: in memory alone. */
  journalFile: string | null;
  faults?: Partial<FaultSettings>;
  /** The one static token that is let in. */
  accessToken: string;
  /** An OAuth app that is installed beside it. */
  oauth?: OauthApp;
  scopes?: readonly string[];
  /** The portal's limits (defaults: a Professional account's); also set by POST /_twin/edit {"operation":"configure"}. */
  limits?: Partial<TwinLimits>;
  portalId?: number;
  /** The app's id: `sourceId` of what it writes. */
  appId?: number;
  /** Signs the app's webhooks, and what its card calls. */
  clientSecret?: string;
  webhooks?: Partial<WebhookSettings>;
  /** Sees each event that webhooks tell, whether they are sent or not. */
  onWebhookEvent?: (event: WebhookEvent) => void;
};

export type HubspotTwin = Twin & {
  /** Requests that were held to the types of HubSpot's library, and how many did not fit them. */
  requestCounts(): ReturnType<RequestCheck['counts']>;
  webhooks: Omit<Webhooks, 'close'>;
  /** From now on the card on the portal's records calls Fieldnote there. */
  setCardAddress(address: CardAddress): void;
};

/** A local HubSpot portal, serving a world on 2026-09, v3 and v4 paths. Resolves when it listens. */
export async function startHubspotTwin(options: HubspotTwinOptions): Promise<HubspotTwin> {
  let portal: Portal | null = null;
  let cardAddress: CardAddress | null = null;
  const opened = (): Portal => {
    if (portal === null) throw new Error('the HubSpot twin is not open yet');
    return portal;
  };
  const definition: TwinDefinition = {
    name: 'hubspot',
    readBody: express.json({ limit: '10mb' }),
    countRows: ({ path, body }) => (WRITES.test(path) ? (Batch.safeParse(body).data?.inputs.length ?? 0) : 0),
    mount: (kit) => {
      portal = openPortal(kit, options);
    },
    mountPages: (kit) =>
      mountCardPage(kit, () => ({
        ...readApp(options),
        state: opened().state,
        address: () => cardAddress,
      })),
    dump: () => dumpPortal(opened()),
    edit: (body) => editPortal(opened(), body),
    answerFault: (response, status, retryAfterSeconds) => {
      if (status !== 429)
        return sendError(response, { status, category: 'SERVER_ERROR', message: 'internal error' });
      response.set('Retry-After', String(retryAfterSeconds));
      sendError(response, tooMany(retryAfterSeconds <= 1 ? 'SECONDLY' : 'TEN_SECONDLY_ROLLING'));
    },
  };
  const twin = await startTwin(definition, { port: options.port, faults: options.faults });
  const { webhooks } = opened();
  return {
    ...twin,
    requestCounts: () => opened().requests.counts(),
    webhooks,
    setCardAddress: (address) => {
      cardAddress = address;
    },
    close: async () => {
      webhooks.close();
      await twin.close();
    },
  };
}

/** The account, and the app that is installed in it. */
function readApp({
  portalId = 4_242_424,
  appId = 777_001,
  clientSecret = 'hubspot-twin-secret',
}: HubspotTwinOptions) {
  return { portalId, appId, clientSecret };
}

function openPortal(kit: TwinKit, options: HubspotTwinOptions): Portal {
  const scopes = options.scopes ?? ALL_SCOPES;
  const { accessToken } = options;
  const { portalId, appId, clientSecret } = readApp(options);
  const tokens = createTokens({
    accessToken,
    oauth: options.oauth ?? null,
    scopes,
    portalId,
    appId,
    clock: kit.clock,
  });
  const guard = createGuard({ tokens, scopes, limits: options.limits ?? {}, clock: kit.clock });
  const index = createSearchIndex({
    delayMs: () => guard.limits().searchDelayMs,
    now: () => kit.clock.now().getTime(),
  });
  const { world, journalFile } = options;
  const { state, webhooks } = createWebhooks({
    state: openState({
      world,
      journalFile,
      beforeChange: (...change) => index.beforeChange(...change),
    }),
    clock: kit.clock,
    portalId,
    appId,
    clientSecret,
    settings: options.webhooks ?? {},
    ...(options.onWebhookEvent === undefined ? {} : { onEvent: options.onWebhookEvent }),
  });
  const portal: Portal = {
    app: kit.app,
    state,
    webhooks,
    guard,
    requests: createRequestCheck(),
    tokens,
    index,
    clock: kit.clock,
    portalId,
    batches: { form: 'whole' },
    caller: {
      sourceType: 'INTEGRATION',
      sourceId: String(appId),
      userId: null,
      name: 'fieldnote',
    },
  };
  mountOauth(kit.app, tokens);
  kit.app.use((request, response, next) => guard.check(request, response, next));
  kit.app.use((request, response, next) => portal.requests.check(request, response, next));
  mountReads(portal);
  mountWrites(portal);
  mountBatchCreate(portal);
  mountProperties(portal);
  mountAssociations(portal);
  mountAccount(portal, scopes);
  mountOwners(portal);
  kit.app.use((_request, response) => {
    sendError(response, { status: 404, category: 'OBJECT_NOT_FOUND', message: 'resource not found' });
  });
  kit.app.use(answerBrokenBody);
  return portal;
}

// Express tells error handlers by their four parameters.
const answerBrokenBody: ErrorRequestHandler = (error, _request, response, _next) => {
  const isBody = error instanceof SyntaxError;
  sendError(response, {
    status: isBody ? 400 : 500,
    category: isBody ? 'VALIDATION_ERROR' : 'SERVER_ERROR',
    message: isBody ? `Invalid input JSON: ${error.message}` : String(error),
  });
};
