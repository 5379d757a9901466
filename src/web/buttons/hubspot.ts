import express, { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { WebDeps } from '../deps.ts';
import { HttpError } from '../http-error.ts';
import { findCardRecord } from '../../pipeline/store/card-records.ts';
import { createHubspotAccounts } from '../webhooks/hubspot-accounts.ts';
import type { HubspotAccount } from '../webhooks/hubspot-accounts.ts';
import { requireSigner } from '../webhooks/hubspot-signer.ts';
import { readCard } from './card.ts';
import type { CardTarget } from './card.ts';
import { issuePitchLink } from './pitch-link.ts';
import { scoreNow } from './score-now.ts';

/** What the card asks by, and (the last four) what HubSpot adds to every address that hubspot.fetch calls. */
const Query = z.object({
  objectType: z.enum(['0-1', '0-2', 'contact', 'company']),
  objectId: z.string().regex(/^\d{1,19}$/),
  portalId: z.string().regex(/^\d{1,19}$/),
  userId: z.string().max(64).optional(),
  userEmail: z.string().max(320).optional(),
  appId: z.string().max(64).optional(),
});

const Press = z.string().regex(/^[\w-]{16,64}$/);

/** What "Score now" asks besides: cards of earlier versions do not name their presses. */
const ScoreQuery = z.object({ press: Press.optional() });

/** What "Pitch PDF" asks besides. `press` names one press of the button: HubSpot may bring it twice. */
const PitchQuery = z.object({
  template: z.string().min(1).max(40).optional(),
  press: Press,
});

const OBJECTS = { '0-1': 'contact', '0-2': 'company', contact: 'contact', company: 'company' } as const;

// What the card says stands in its address, which the signature covers; a body is read for the signature alone.
const BODY_LIMIT = '16kb';

/**
 * What the card on a HubSpot record calls, through hubspot.fetch: each call is signed by the app (v3), ends after 15 seconds, and is
 * repeated once when it is answered by a 5xx or not at all. So every answer comes from what is stored, and asking twice begins one run.
 */
export function serveHubspotCard(deps: WebDeps): Router {
  const listAccounts = createHubspotAccounts(deps);
  const router = Router();
  const rawBody = express.raw({ type: () => true, limit: BODY_LIMIT, inflate: false });
  const open = async (request: Request): Promise<Opened> => {
    const accounts = await listAccounts();
    const secret = requireSigner(deps, request, accounts, {
      unset:
        'The card is not set up here: without HUBSPOT_CLIENT_SECRET nobody can tell whether HubSpot asks',
    });
    const query = readQuery(Query, request);
    return { target: await findTarget(deps, query, secret, accounts), query, secret };
  };
  router.get('/hubspot/card', async (request: Request, response: Response) => {
    answer(response, await readCard(deps, (await open(request)).target));
  });
  router.post('/hubspot/card/score', rawBody, async (request: Request, response: Response) => {
    const { target, query } = await open(request);
    const { press = null } = readQuery(ScoreQuery, request);
    const user = query.userEmail ?? query.userId ?? null;
    answer(response, await scoreNow(deps, target, { user, press }));
  });
  router.post('/hubspot/card/pitch', rawBody, async (request: Request, response: Response) => {
    const { target, query, secret } = await open(request);
    const { template = null, press } = readQuery(PitchQuery, request);
    const user = query.userEmail ?? query.userId;
    if (user === undefined)
      throw new HttpError(
        400,
        'The call does not say who pressed the button',
        'Open the record in HubSpot itself and press "Pitch PDF" there.',
      );
    const asked = { template, user, press: { id: press, key: secret } };
    answer(response, await issuePitchLink(deps, target, asked));
  });
  return router;
}

type Opened = { target: CardTarget; query: z.infer<typeof Query>; secret: string };

function readQuery<T>(shape: z.ZodType<T>, request: Request): T {
  const query = shape.safeParse(request.query);
  if (query.success) return query.data;
  throw new HttpError(
    400,
    `The card's question can't be read: ${z.prettifyError(query.error)}`,
    'Upload the card of this version of Fieldnote (crm/hubspot) again.',
  );
}

function answer(response: Response, body: object): void {
  response.setHeader('cache-control', 'no-store');
  response.json(body);
}

/** Of the workspaces in which the account is connected, the one that holds the record. */
async function findTarget(
  { db }: WebDeps,
  query: z.infer<typeof Query>,
  secret: string,
  accounts: readonly HubspotAccount[],
): Promise<CardTarget> {
  // Another app's signature says nothing about this account.
  const [first, ...more] = accounts
    .filter((account) => account.portalId === query.portalId && account.secret === secret)
    .map(({ connection }) => ({
      workspaceId: connection.workspaceId,
      connection,
      object: OBJECTS[query.objectType],
      externalId: query.objectId,
    }));
  if (first === undefined)
    throw new HttpError(
      404,
      `HubSpot account ${query.portalId} is not connected to this Fieldnote`,
      'Have an administrator connect it ("fieldnote connect hubspot"), and check that it was not paused.',
    );
  for (const target of more.length === 0 ? [] : [first, ...more]) {
    const { workspaceId, connection, object, externalId } = target;
    const record = { connectionId: connection.id, object, externalId };
    if ((await db.inWorkspace(workspaceId, (tx) => findCardRecord(tx, record))) !== null) return target;
  }
  return first;
}
