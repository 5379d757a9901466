import type { Request, Response } from 'express';
import { z } from 'zod';
import { readSheet } from '../../pipeline/6-pitch/read-sheet.ts';
import { whySpent } from '../../pipeline/budget.ts';
import { findShownPitch } from '../../pipeline/store/pitches.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import { listSources } from '../../pipeline/store/sources.ts';
import type { Source } from '../../pipeline/store/sources.ts';
import type { UserError } from '../../errors.ts';
import { describeWaiting } from '../auth/describe-waiting.ts';
import type { WaitingView } from '../auth/describe-waiting.ts';
import { isVisit } from '../auth/is-visit.ts';
import { starterOf } from '../auth/sessions.ts';
import { issueFormToken } from '../guard.ts';
import { HttpError } from '../http-error.ts';
import { renderPage } from '../render.ts';
import { describeDesk } from './describe-desk.ts';
import type { Typed } from './describe-desk.ts';
import { describePitchView } from './describe-pitch-view.ts';
import { describeFrame } from './frame.ts';
import type { PageDeps } from './page-deps.ts';
import { linkToPitch, readWanted } from './pitch-address.ts';
import { readDesk } from './pitch-desk.ts';
import { sendPdf } from './pitch-pdf.ts';
import { lookForPitch } from './pitch-standing.ts';
import type { PitchStanding } from './pitch-standing.ts';
import { requireCompany } from './require-company.ts';

const Edited = z.enum(['stored', 'same', 'undone']);

type Found = {
  company: Company;
  standing: PitchStanding;
  sources: readonly Source[];
  spent: UserError | null;
};

/**
 * The page that a record's link in the CRM leads to: the company's pitch from what is stored, else how far it is, which turns into the
 * pitch at the same address.
 */
export function showPitch(deps: PageDeps, request: Request, response: Response): Promise<void> {
  return sendDesk(deps, request, response, { status: 200, begin: isVisit(request) ? 'by-coming' : null });
}

/** The same page as an answer to a form that could not be taken: what was typed stands in it. */
export async function sendDesk(
  deps: PageDeps,
  request: Request,
  response: Response,
  { status, begin = null, typed = {} }: { status: number; begin?: 'by-coming' | null; typed?: Typed },
): Promise<void> {
  const found = await look(deps, request, begin);
  const { company, standing, sources, spent } = found;
  if (standing.state !== 'stored') return sendWithout(deps, found, request, response);
  const { score, pitch: own } = standing;
  const asked = z.uuid().safeParse(request.query['request']);
  const below = z.coerce.number().int().positive().max(1_000_000).safeParse(request.query['below']);
  const desk = await deps.db.inWorkspace(deps.workspaceId, (tx) =>
    readDesk(tx, company.id, {
      wanted: readWanted(request.query),
      own,
      requestId: asked.data ?? null,
      below: below.data ?? null,
    }),
  );
  const { pitch, wanted } = desk;
  const view = describeDesk(company, desk, {
    typed,
    spent,
    edited: Edited.safeParse(request.query['edited']).data ?? null,
    isScored: score.status === 'scored',
    textModels: deps.textModels,
  });
  const html = renderPage('pitch', {
    ...describeFrame({ title: `Pitch of ${company.name}`, section: 'companies', visitor: deps.visitor }),
    ...describePitchView({ company, sources, score, pitch, cuts: desk.making?.cuts ?? [] }),
    actions: [
      ...(pitch === null && wanted !== null
        ? []
        : [{ label: 'Pitch PDF', href: linkToPitch(company.domain, wanted, '.pdf'), main: true }]),
      { label: `All about ${company.name}`, href: view.path },
    ],
    desk: view,
    token: issueFormToken(request, response, deps.publicUrl),
  });
  sendPage(response, status, html);
}

/** The same as a PDF. */
export async function sendPitchPdf(deps: PageDeps, request: Request, response: Response): Promise<void> {
  const found = await look(deps, request, isVisit(request) ? 'by-coming' : null);
  if (found.standing.state !== 'stored') return sendWithout(deps, found, request, response);
  const { company } = found;
  const wanted = readWanted(request.query);
  const frame = { seller: deps.sellerName, publicUrl: deps.publicUrl };
  const sheet = await deps.db.inWorkspace(deps.workspaceId, async (tx) => {
    const pitch = wanted === null ? null : await findShownPitch(tx, { companyId: company.id, ...wanted });
    if (wanted !== null && pitch === null)
      throw new HttpError(
        404,
        `There is no such pitch of ${company.name}`,
        'Its pitch page can have one written.',
      );
    return readSheet(tx, company, frame, pitch);
  });
  if (sheet === null) throw new Error(`${company.domain} has a score that nothing was read for`);
  await sendPdf(deps, sheet, response);
}

/** How far it is, for the page's script. */
export async function sendPitchState(deps: PageDeps, request: Request, response: Response): Promise<void> {
  const { company, standing } = await look(deps, request, null);
  const view = standing.state === 'working' ? describeWork(company, standing) : null;
  const { over, doing, step } = view ?? { over: true, doing: '', step: 0 };
  response.set('cache-control', 'no-store').json({ over, doing, step });
}

/** The button of a page without a pitch. */
export async function beginPitch(deps: PageDeps, request: Request, response: Response): Promise<void> {
  const { company } = await look(deps, request, 'by-hand');
  response.redirect(303, linkToPitch(company.domain, null));
}

async function look(deps: PageDeps, request: Request, begin: 'by-hand' | 'by-coming' | null): Promise<Found> {
  const { workspaceId } = deps;
  const spent = await whySpent(deps.budget, deps.monthlyBudgetUsd, workspaceId);
  return deps.db.inWorkspace(workspaceId, async (tx) => {
    const company = await requireCompany(tx, request);
    const standing = await lookForPitch(tx, company, {
      ...deps,
      spent,
      begin,
      startedBy: starterOf(deps.visitor),
    });
    return { company, standing, sources: await listSources(tx, company.id), spent };
  });
}

function sendWithout(
  { publicUrl }: PageDeps,
  { company, standing }: Found,
  request: Request,
  response: Response,
): void {
  if (standing.state === 'working') {
    const view = describeWork(company, standing);
    return sendPage(response, 200, renderPage('waiting', view));
  }
  if (standing.state === 'stored') throw new Error('there is a pitch');
  const html = renderPage('no-pitch', {
    title: `No pitch of ${company.name}`,
    name: company.name,
    ...standing,
    begin: linkToPitch(company.domain, null),
    page: `/companies/${encodeURIComponent(company.domain)}`,
    token: issueFormToken(request, response, publicUrl),
  });
  sendPage(response, 409, html);
}

function describeWork(
  company: Company,
  { stage, begun }: { stage: string | null; begun: boolean },
): WaitingView {
  return describeWaiting({ state: 'working', companies: [company], ready: 0, stage, begun });
}

function sendPage(response: Response, status: number, html: string): void {
  response.status(status).set('cache-control', 'no-store').type('html').send(html);
}
