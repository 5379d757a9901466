import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Tx } from '../../db.ts';
import { readSheet } from '../../pipeline/6-pitch/read-sheet.ts';
import { applyEdits } from '../../pipeline/apply-edits.ts';
import type { ShownPitch } from '../../pipeline/apply-edits.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import { findCurrentPitch, findPitch, readPitchMaking } from '../../pipeline/store/pitches.ts';
import { HttpError } from '../http-error.ts';
import { renderPage } from '../render.ts';
import { describePitch } from './describe-pitch.ts';
import { describeManner } from './describe-versions.ts';
import { describeFrame } from './frame.ts';
import type { PageDeps } from './page-deps.ts';
import { linkToPitch } from './pitch-address.ts';
import { sendPdf } from './pitch-pdf.ts';
import { requireCompany } from './require-company.ts';

/** One version of a pitch as it was generated, with what it was made with and what was cut. */
export async function showVersion(deps: PageDeps, request: Request): Promise<string> {
  const { company, pitch, making, isOwn } = await deps.db.inWorkspace(deps.workspaceId, async (tx) => {
    const found = await requireVersion(tx, request);
    return {
      ...found,
      making: await readPitchMaking(tx, found.pitch.id),
      isOwn: (await findCurrentPitch(tx, found.company.id))?.id === found.pitch.id,
    };
  });
  const { madeWith = null, cuts = [], changes = [] } = making ?? {};
  const { template, persona } = pitch;
  return renderPage('pitch-version', {
    ...describeFrame({
      title: `Version ${pitch.version} of a pitch of ${company.name}`,
      section: 'companies',
      visitor: deps.visitor,
    }),
    name: company.name,
    pitched: linkToPitch(company.domain, isOwn ? null : { template, persona }),
    printed: `/companies/${encodeURIComponent(company.domain)}/pitches/${pitch.id}/pitch.pdf`,
    pitch: describePitch(pitch, cuts),
    manner: describeManner(madeWith),
    instructions: madeWith?.settings.instructions ?? '',
    changes: changes.map(({ text }) => text),
  });
}

/** The same as a PDF: what people edited since does not stand in it. Score and reasons are those of today. */
export async function sendVersionPdf(deps: PageDeps, request: Request, response: Response): Promise<void> {
  const frame = { seller: deps.sellerName, publicUrl: deps.publicUrl };
  const sheet = await deps.db.inWorkspace(deps.workspaceId, async (tx) => {
    const { company, pitch } = await requireVersion(tx, request);
    return readSheet(tx, company, frame, pitch);
  });
  if (sheet === null)
    throw new HttpError(404, 'There is nothing to print', 'The company has no score any more.');
  await sendPdf(deps, sheet, response);
}

/** @throws HttpError 404 */
async function requireVersion(tx: Tx, request: Request): Promise<{ company: Company; pitch: ShownPitch }> {
  const company = await requireCompany(tx, request);
  const id = z.uuid().safeParse(request.params['id']);
  const found = id.success ? await findPitch(tx, id.data) : null;
  if (found?.companyId === company.id) return { company, pitch: applyEdits(found, []) };
  throw new HttpError(404, 'There is no such version', 'The page of the pitch lists them all.');
}
