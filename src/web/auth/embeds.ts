import { Router } from 'express';
import type { Request, Response } from 'express';
import { readSheet } from '../../pipeline/6-pitch/read-sheet.ts';
import { whySpent } from '../../pipeline/budget.ts';
import { findCompany } from '../../pipeline/store/companies.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import { listSources } from '../../pipeline/store/sources.ts';
import type { Source } from '../../pipeline/store/sources.ts';
import type { WebDeps } from '../deps.ts';
import { describePitchView } from '../pages/describe-pitch-view.ts';
import { sendPdf } from '../pages/pitch-pdf.ts';
import { lookForPitch } from '../pages/pitch-standing.ts';
import type { PitchStanding } from '../pages/pitch-standing.ts';
import { renderPage } from '../render.ts';
import { requestId } from '../requests.ts';
import { allowFraming } from './allow-framing.ts';
import { describeWaiting } from './describe-waiting.ts';
import type { WaitingView } from './describe-waiting.ts';
import { makeEmbedToken, readEmbedToken } from './embed-tokens.ts';

type Found = { workspaceId: string; company: Company; standing: PitchStanding; sources: readonly Source[] };

/**
 * GET /embed/TOKEN, which a CRM's page puts into a frame, leads to /embedded/TOKEN: the score and the pitch of one company, for fifteen
 * minutes, without a cookie, which browsers keep from frames of other sites. …/state says how far it is, …/pitch.pdf is the document.
 */
export function serveEmbeds(deps: WebDeps): Router {
  const { db, log, publicUrl, sellerName } = deps;
  const router = Router();
  router.use(['/embed', '/embedded'], allowFraming(deps));

  router.get('/embed/:token', (request, response) => {
    const embed = readEmbedToken(deps, 'embed link', request.params.token);
    if (embed === null) return refuse(response);
    log.info(
      { requestId: requestId(response), user: embed.user, companyId: embed.companyId },
      'embed opened',
    );
    response.redirect(303, `/embedded/${makeEmbedToken(deps, 'embed page', embed).text}`);
  });

  router.get('/embedded/:token', async (request, response) => {
    const found = await look(deps, request, 'by-coming');
    if (found === null) return refuse(response);
    const { company, standing, sources } = found;
    if (standing.state !== 'stored') {
      response.type('html').send(renderPage('waiting', describeWithout(company, standing)));
      return;
    }
    const domain = encodeURIComponent(company.domain);
    const html = renderPage('embed', {
      title: `Pitch of ${company.name}`,
      ...describePitchView({ company, sources, ...standing }),
      // A frame shows no PDF where the CRM sandboxes it.
      actions: [
        { label: 'Pitch PDF', href: `/embedded/${request.params.token}/pitch.pdf`, main: true, apart: true },
        { label: 'Open in Fieldnote', href: `${publicUrl}/companies/${domain}`, apart: true },
      ],
    });
    response.type('html').send(html);
  });

  router.get('/embedded/:token/state', async (request, response) => {
    const found = await look(deps, request, null);
    const working = found !== null && found.standing.state === 'working';
    const view = working
      ? describeWithout(found.company, found.standing)
      : { over: true, doing: '', step: 0 };
    response.json({ over: view.over, doing: view.doing, step: view.step });
  });

  router.get('/embedded/:token/pitch.pdf', async (request, response) => {
    const found = await look(deps, request, null);
    const sheet =
      found === null
        ? null
        : await db.inWorkspace(found.workspaceId, (tx) =>
            readSheet(tx, found.company, { seller: sellerName, publicUrl }),
          );
    if (sheet === null) return refuse(response);
    await sendPdf(deps, sheet, response);
  });
  return router;
}

/** Null where the token opens nothing, or its company is gone. */
async function look(deps: WebDeps, request: Request, begin: 'by-coming' | null): Promise<Found | null> {
  const embed = readEmbedToken(deps, 'embed page', request.params['token']);
  if (embed === null) return null;
  const { workspaceId } = embed;
  const spent = await whySpent(deps.budget, deps.monthlyBudgetUsd, workspaceId);
  return deps.db.inWorkspace(workspaceId, async (tx) => {
    const company = await findCompany(tx, embed.companyId);
    if (company === null) return null;
    const startedBy = { via: 'crm', name: embed.user } as const;
    const standing = await lookForPitch(tx, company, { ...deps, workspaceId, spent, begin, startedBy });
    return { workspaceId, company, standing, sources: await listSources(tx, company.id) };
  });
}

function describeWithout(company: Company, standing: PitchStanding): WaitingView {
  if (standing.state === 'working') {
    const { stage, begun } = standing;
    return describeWaiting({ state: 'working', companies: [company], ready: 0, stage, begun });
  }
  const { why, fix } = standing.state === 'none' ? standing : { why: '', fix: '' };
  return describeWaiting({ state: 'failed', name: company.name, why, fix });
}

/** One answer for whatever opens nothing. */
function refuse(response: Response): void {
  response
    .status(410)
    .type('html')
    .send(renderPage('embed-over', { title: 'This view has ended' }));
}
