import { fileURLToPath } from 'node:url';
import express from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { TwinKit } from '../kit/twin.ts';
import { createBundles } from './card-bundles.ts';
import type { BundleName } from './card-bundles.ts';
import { CardCall, callForCard } from './card-calls.ts';
import type { CardAddress } from './card-calls.ts';
import type { TwinRecord } from './records.ts';
import { OBJECT_TYPES } from './schema.ts';
import type { TwinState } from './state.ts';

/** What the card's page needs of a portal. */
type CardPortal = {
  state: TwinState;
  portalId: number;
  appId: number;
  clientSecret: string;
  /** Null: nobody said where Fieldnote is. */
  address(): CardAddress | null;
};

const CLIENT = fileURLToPath(new URL('client', import.meta.url));
const OBJECTS = { company: 'companies', contact: 'contacts' } as const;
const Place = z.object({ object: z.enum(['company', 'contact']), id: z.string() });
// Who sits before the page.
const USER = {
  id: 10_000_077,
  email: 'ada.reyes@fieldnote-sandbox.example',
  firstName: 'Ada',
  lastName: 'Reyes',
};
// "Fetching data for UI extensions".
const MOST_CALLS = 20;
const CARD_CALL_LIMIT = '1mb';

/**
 * GET /_twin/card: records of the portal, each with Fieldnote's card on it. The card is that of crm/hubspot; it runs in a worker, as
 * HubSpot runs it, and calls Fieldnote through the twin.
 */
export function mountCardPage({ app }: TwinKit, portal: () => CardPortal): void {
  const bundles = createBundles();
  let calls = 0;
  const send =
    (bundle: BundleName) =>
    async (_request: Request, response: Response): Promise<void> => {
      response
        .set('cache-control', 'no-store')
        .type('js')
        .send(await bundles(bundle));
    };
  app.get('/_twin/card', (_request, response) => {
    response.set(
      'content-security-policy',
      "default-src 'self'; img-src data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    );
    response.sendFile('card.html', { root: CLIENT });
  });
  app.get('/_twin/card/style.css', (_request, response) => response.sendFile('card.css', { root: CLIENT }));
  app.get('/_twin/card/host.js', send('host'));
  app.get('/_twin/card/worker.js', send('worker'));
  app.get('/_twin/card/records', (_request, response) => {
    response.json(listRecords(portal().state));
  });
  app.get('/_twin/card/record', (request, response) => {
    const place = Place.safeParse(request.query);
    const record = place.success ? findRecord(portal().state, place.data) : undefined;
    if (record === undefined) {
      response.status(404).json({ error: 'there is no such record in this portal' });
      return;
    }
    response.json({
      name: nameOf(record),
      properties: showOurs(record),
      context: describe(portal(), record),
    });
  });
  app.post('/_twin/card/fetch', express.json({ limit: CARD_CALL_LIMIT }), async (request, response) => {
    const { address, ...caller } = portal();
    const to = address();
    const call = CardCall.safeParse(request.body);
    if (to === null || !call.success) {
      const why = call.success ? 'the twin was not told where Fieldnote is' : z.prettifyError(call.error);
      response.status(400).json({ error: why });
      return;
    }
    if (calls >= MOST_CALLS) {
      response.json({ status: 429, body: '' });
      return;
    }
    calls += 1;
    try {
      response.json(await callForCard(call.data, { ...caller, address: to, user: USER }));
    } catch (error) {
      response.status(504).json({ error: error instanceof Error ? error.message : String(error) });
    } finally {
      calls -= 1;
    }
  });
}

function findRecord(state: TwinState, { object, id }: z.infer<typeof Place>): TwinRecord | undefined {
  return state.find(OBJECTS[object], id);
}

function listRecords(state: TwinState): { object: string; id: string; name: string }[] {
  return Object.entries(OBJECTS).flatMap(([object, type]) =>
    state
      .shelf(type)
      .inOrder()
      .filter(({ archivedAt }) => archivedAt === null)
      .map((record) => ({ object, id: record.id, name: nameOf(record) })),
  );
}

function nameOf({ id, properties }: TwinRecord): string {
  const person = [properties.firstname, properties.lastname].filter((part) => part).join(' ');
  return [properties.name, person, properties.domain, properties.email].find((part) => part) ?? id;
}

/** The properties that Fieldnote fills, as the record's page shows them beside the card. */
function showOurs({ properties }: TwinRecord): [string, string][] {
  return Object.entries(properties).flatMap(([name, value]): [string, string][] =>
    name.startsWith('fieldnote_') && value ? [[name, value]] : [],
  );
}

/** What HubSpot tells a card about where it stands. */
function describe({ portalId, appId, address }: CardPortal, { type, id }: TwinRecord) {
  const url = address()?.url;
  return {
    location: 'crm.record.tab',
    crm: { objectTypeId: OBJECT_TYPES[type].typeId, objectId: Number(id) },
    user: { ...USER, emails: [USER.email], roles: [], teams: [], permissions: [] },
    portal: { id: portalId, timezone: 'UTC' },
    extension: { appId, appName: 'Fieldnote', cardTitle: 'Fieldnote' },
    ...(url === undefined ? {} : { variables: { FIELDNOTE_URL: url } }),
  };
}
