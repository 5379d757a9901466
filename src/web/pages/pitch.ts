import type { Request, Response } from 'express';
import { readSheet } from '../../pipeline/6-pitch/read-sheet.ts';
import { whySpent } from '../../pipeline/budget.ts';
import { findCompanyByDomain } from '../../pipeline/store/companies.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import { listSources } from '../../pipeline/store/sources.ts';
import type { Source } from '../../pipeline/store/sources.ts';
import { describeWaiting } from '../auth/describe-waiting.ts';
import type { WaitingView } from '../auth/describe-waiting.ts';
import { isVisit } from '../auth/is-visit.ts';
import { issueFormToken } from '../guard.ts';
import { HttpError } from '../http-error.ts';
import { renderPage } from '../render.ts';
import { describePitchView } from './describe-pitch-view.ts';
import { describeFrame } from './frame.ts';
import type { PageDeps } from './page-deps.ts';
import { sendPdf } from './pitch-pdf.ts';
import { lookForPitch } from './pitch-standing.ts';
import type { PitchStanding } from './pitch-standing.ts';

type Found = { company: Company; standing: PitchStanding; sources: readonly Source[] };

/**
 * The page that a record's link in the CRM leads to: the company's pitch from what is stored, else how far it is, which turns into the
 * pitch at the same address.
 */
export async function showPitch(deps: PageDeps, request: Request, response: Response): Promise<void> {
  const found = await look(deps, request, isVisit(request) ? 'by-coming' : null);
  const { company, standing, sources } = found;
  if (standing.state !== 'stored') return sendWithout(deps, found, request, response);
  const { visitor } = deps;
  sendPage(
    response,
    200,
    renderPage('pitch', {
      ...describeFrame({ title: `Pitch of ${company.name}`, section: 'companies', visitor }),
      ...describePitchView({ company, sources, ...standing }),
      actions: [
        { label: 'Pitch PDF', href: `${pathOf(company)}/pitch.pdf`, main: true },
        { label: `All about ${company.name}`, href: pathOf(company) },
      ],
    }),
  );
}

/** The same as a PDF. */
export async function sendPitchPdf(deps: PageDeps, request: Request, response: Response): Promise<void> {
  const found = await look(deps, request, isVisit(request) ? 'by-coming' : null);
  if (found.standing.state !== 'stored') return sendWithout(deps, found, request, response);
  const frame = { seller: deps.sellerName, publicUrl: deps.publicUrl };
  const sheet = await deps.db.inWorkspace(deps.workspaceId, (tx) => readSheet(tx, found.company, frame));
  if (sheet === null) throw new Error(`${found.company.domain} has a score that nothing was read for`);
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
  response.redirect(303, `${pathOf(company)}/pitch`);
}

async function look(deps: PageDeps, request: Request, begin: 'by-hand' | 'by-coming' | null): Promise<Found> {
  const { workspaceId } = deps;
  const domain = String(request.params['domain']).toLowerCase().replaceAll('\0', '');
  const spent = await whySpent(deps.budget, deps.monthlyBudgetUsd, workspaceId);
  const found = await deps.db.inWorkspace(workspaceId, async (tx) => {
    const company = await findCompanyByDomain(tx, domain);
    if (company === null) return null;
    const standing = await lookForPitch(tx, company, { ...deps, spent, begin });
    return { company, standing, sources: await listSources(tx, company.id) };
  });
  if (found === null)
    throw new HttpError(
      404,
      `${domain} is not among your companies`,
      'It appears once a CRM record points to it. A link from the CRM that leads here is of a company that was merged or deleted since.',
    );
  return found;
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
    begin: `${pathOf(company)}/pitch`,
    page: pathOf(company),
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

function pathOf({ domain }: Company): string {
  return `/companies/${encodeURIComponent(domain)}`;
}
