import { fileURLToPath } from 'node:url';
import express from 'express';
import type { NextFunction, Request, Response } from 'express';
import { z } from 'zod';
import type { TwinKit } from '../../kit/twin.ts';
import type { Org } from '../org.ts';
import { ApexRefusal, createApex } from './apex.ts';
import { loadModule } from './components.ts';
import { readUser } from './frame.ts';
import { showList } from './list-screen.ts';
import { showPitches } from './pitches-screen.ts';
import { showRecord } from './record-screen.ts';
import { showSetup } from './setup-screen.ts';

const CLIENT = fileURLToPath(new URL('client', import.meta.url));
const ApexCall = z.object({
  method: z.string(),
  about: z.record(z.string(), z.unknown()),
  as: z.string(),
});

/**
 * Mounts what people see of the org: the page of a record with the package's card and action, a list view with the package's button, and
 * Setup, under /_twin. The package's components and pages are the very files that are deployed; its Apex is played.
 */
export function mountScreens({ app, clock }: TwinKit, org: () => Org): void {
  app.use('/_twin', refuseOtherSites);
  app.get('/_twin/client/:name', (request, response, next) => {
    response.sendFile(request.params.name, { root: CLIENT }, (error) => {
      if (error) next();
    });
  });
  app.use('/_twin/lwc', async (request, response) => {
    const code = await loadModule(request.path);
    if (code === null) response.status(404).type('text/plain').send('no such module');
    else response.type('text/javascript').send(code);
  });
  app.get('/_twin/record', (request, response) => showRecord(org(), request, response));
  app.get('/_twin/list', (request, response) => showList(org(), request, response));
  app
    .route('/_twin/setup')
    .get((request, response) => showSetup(org(), request, response))
    .post(express.urlencoded({ extended: false }), (request, response) =>
      showSetup(org(), request, response),
    );
  app.post('/_twin/pitches', express.urlencoded({ extended: false }), (request, response) =>
    showPitches(org(), createApex(org(), clock), request, response),
  );
  app.post('/_twin/apex', express.json(), async (request, response) => {
    const { method, about, as } = ApexCall.parse(request.body);
    try {
      const answer = await createApex(org(), clock).call(method, about, readUser(org(), as));
      response.type('application/json').send(answer);
    } catch (error) {
      if (!(error instanceof ApexRefusal)) throw error;
      response.status(400).type('text/plain').send(error.message);
    }
  });
}

/** A page of another site must not press anything here, nor point the org at a server of its own. */
function refuseOtherSites(request: Request, response: Response, next: NextFunction): void {
  const site = request.get('sec-fetch-site');
  if (request.method === 'POST' && site !== undefined && site !== 'same-origin')
    response.status(403).type('text/plain').send('this came from another page');
  else next();
}
