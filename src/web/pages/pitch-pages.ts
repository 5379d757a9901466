import { Router, urlencoded } from 'express';
import type { Request, Response } from 'express';
import { checkForm } from '../guard.ts';
import type { PageDeps } from './page-deps.ts';
import { linkToPitch, readWanted } from './pitch-address.ts';
import { cancelAsked, sendAskedState, takeAsk } from './pitch-ask.ts';
import { takeEdit, undoEdit } from './pitch-edit.ts';
import { showVersion, sendVersionPdf } from './pitch-version.ts';
import { beginPitch, sendPitchPdf, sendPitchState, showPitch } from './pitch.ts';

// 33,000 characters twice, as they were and as they are, each in up to nine of a form.
const FORM_LIMIT = '640kb';
const FORM_FIELDS = 20;

/**
 * The pages of a company's pitches, and the forms on them. Who may look may have one written and edit it: whoever owns records works with the
 * pitch (docs/decisions/0108-who-works-on-a-pitch.md).
 */
export function servePitchPages(depsFor: (request: Request) => PageDeps): Router {
  const router = Router();
  const company = '/companies/:domain';
  const pages = {
    '/pitch': showPitch,
    '/pitch.pdf': sendPitchPdf,
    '/pitch/state': sendPitchState,
    '/pitch.pdf/state': sendPitchState,
    '/pitch-requests/:id/state': sendAskedState,
    '/pitches/:id/pitch.pdf': sendVersionPdf,
  };
  for (const [path, act] of Object.entries(pages))
    router.get(company + path, (request, response) => act(depsFor(request), request, response));
  router.get(`${company}/pitches/:id`, async (request, response) => {
    const html = await showVersion(depsFor(request), request);
    response.set('cache-control', 'no-store').type('html').send(html);
  });

  // Where a form was answered with a page: reloaded by its address, it is the pitch's again.
  router.get([`${company}/pitch/edit`, `${company}/pitch/undo`, `${company}/pitches`], (request, response) =>
    response.redirect(303, linkToPitch(String(request.params['domain']), readWanted(request.query))),
  );

  const form = [urlencoded({ extended: false, limit: FORM_LIMIT, parameterLimit: FORM_FIELDS }), checkForm];
  const forms = {
    '/pitch': beginPitch,
    '/pitch/edit': takeEdit,
    '/pitch/undo': undoEdit,
    '/pitches': takeAsk,
    '/pitch-requests/:id/cancel': cancelAsked,
  };
  for (const [path, act] of Object.entries(forms))
    router.post(company + path, form, (request: Request, response: Response) =>
      act(depsFor(request), request, response),
    );
  return router;
}
