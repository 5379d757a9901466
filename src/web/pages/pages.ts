import { Router, urlencoded } from 'express';
import type { Request, Response } from 'express';
import { cancelRun, pauseRun, resumeRun } from '../../pipeline/runs.ts';
import { requireChanger, visitorOf, watchVisitor } from '../auth/sessions.ts';
import { checkForm } from '../guard.ts';
import { showCompanies } from './companies.ts';
import { showCompany } from './company.ts';
import { showConnections } from './connections.ts';
import { readRunId } from './read-run-id.ts';
import { showRun } from './run.ts';
import { takeUndo } from './run-undo.ts';
import { tellRunWaits } from './run-waits.ts';
import { showRuns } from './runs.ts';
import type { PageDeps } from './page-deps.ts';
import { showPitchSetup, takePitchSettings, takeSeller } from './pitch-setup.ts';
import { servePitchPages } from './pitch-pages.ts';
import { showSettings, takeSettings } from './settings.ts';
import { showStatus } from './status.ts';
import { showTemplate, takeTemplate } from './template.ts';
import { showWrites } from './writes.ts';

// The forms of runs hold a token and nothing else; that of the settings holds them twice, with up to fifty filters.
const FORM_LIMIT = '4kb';
const SETTINGS_LIMIT = '1mb';
const SETTINGS_FIELDS = 1_000;

/** Every page, and the forms on them. Whoever is signed in sees the workspace that their session is for. */
export function servePages(server: Omit<PageDeps, 'visitor'>): Router {
  const router = Router();
  const depsFor = (request: Request): PageDeps => {
    const visitor = visitorOf(request);
    return { ...server, visitor, workspaceId: visitor?.workspaceId ?? server.workspaceId };
  };
  const page =
    (show: (deps: PageDeps, request: Request, response: Response) => Promise<string>) =>
    async (request: Request, response: Response): Promise<void> => {
      const html = await show(depsFor(request), request, response);
      response.set('cache-control', 'no-store').type('html').send(html);
    };
  router.get('/', page(showCompanies));
  router.get('/companies/:domain', page(showCompany));
  router.use(servePitchPages(depsFor));
  router.get('/runs', page(showRuns));
  router.get('/runs/:id', page(showRun));
  router.get('/writes', page(showWrites));
  router.get('/settings', page(showConnections));
  router.get(
    '/settings/pitches',
    page((...asked) => showPitchSetup(...asked)),
  );
  router.get(['/settings/templates', '/settings/templates/:name'], page(showTemplate));
  router.get('/settings/:id', page(showSettings));
  router.get('/status', page(showStatus));
  router.get('/runs/:id/state', async (request, response) => {
    response.set('cache-control', 'no-store').json(await tellRunWaits(depsFor(request), request));
  });
  router.get('/runs/:id/events', async (request, response) => {
    const deps = depsFor(request);
    const run = { workspaceId: deps.workspaceId, runId: await readRunId(deps, request) };
    deps.feed.follow(run, response, watchVisitor(deps, request));
  });

  const readForm = urlencoded({ extended: false, limit: FORM_LIMIT, parameterLimit: 5 });
  const form = [requireChanger, readForm, checkForm];
  const actions = { pause: pauseRun, resume: resumeRun, cancel: cancelRun };
  for (const [name, act] of Object.entries(actions))
    router.post(`/runs/:id/${name}`, form, async (request: Request, response: Response) => {
      const deps = depsFor(request);
      const runId = await readRunId(deps, request);
      await act(deps, deps.workspaceId, runId);
      const by = deps.visitor?.email ?? null;
      deps.log.info(
        { runId, action: name, by, requestId: response.locals['requestId'] },
        'run changed by hand',
      );
      response.redirect(303, `/runs/${runId}`);
    });
  router.post('/runs/:id/undo', form, (request: Request, response: Response) =>
    takeUndo(depsFor(request), request, response),
  );
  const settingsForm = urlencoded({
    extended: false,
    limit: SETTINGS_LIMIT,
    parameterLimit: SETTINGS_FIELDS,
  });
  const settings = {
    '/settings/pitches': takePitchSettings,
    '/settings/pitches/seller': takeSeller,
    '/settings/templates': takeTemplate,
    '/settings/templates/:name': takeTemplate,
    '/settings/:id': takeSettings,
  };
  for (const [path, take] of Object.entries(settings))
    router.post(
      path,
      requireChanger,
      settingsForm,
      checkForm,
      async (request: Request, response: Response) => {
        const html = await take(depsFor(request), request, response);
        if (html !== null) response.set('cache-control', 'no-store').type('html').send(html);
      },
    );
  return router;
}
