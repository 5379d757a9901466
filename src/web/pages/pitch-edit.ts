import type { Request, Response } from 'express';
import { z } from 'zod';
import { editPitch, PitchEdits } from '../../pipeline/edit-pitch.ts';
import { cleanLine } from '../../pipeline/plain-text.ts';
import { readCurrentPitch, withEdits } from '../../pipeline/read-pitch.ts';
import { carryMarks } from '../../pipeline/apply-edits.ts';
import type { ShownPitch } from '../../pipeline/apply-edits.ts';
import type { Tx } from '../../db.ts';
import { findPitch, findShownPitch } from '../../pipeline/store/pitches.ts';
import { starterOf } from '../auth/sessions.ts';
import { HttpError } from '../http-error.ts';
import type { Edited } from './describe-desk.ts';
import { EDIT_FIELDS } from './describe-edit-form.ts';
import type { EditTexts } from './describe-edit-form.ts';
import { linkWith } from './pager.ts';
import type { PageDeps } from './page-deps.ts';
import { linkToPitch, readWanted } from './pitch-address.ts';
import { sendDesk } from './pitch.ts';
import { requireCompany } from './require-company.ts';

// Browsers send line breaks as CR LF.
const text = z.string().transform((sent) => sent.replaceAll(/\r\n?/g, '\n').replaceAll('\0', '').trim());
const Texts = z.object({ keyPoints: text, callToAction: text, text });
const Sent = Texts.extend({
  revision: z.string().max(40),
  pitch: z.uuid(),
  /** What the page showed, as JSON. */
  base: z.string().transform((sent, context) => {
    try {
      return Texts.parse(JSON.parse(sent));
    } catch {
      context.addIssue({ code: 'custom', message: 'not what the page held' });
      return z.NEVER;
    }
  }),
});
const Undo = z.object({ revision: z.string().max(40), field: z.enum(EDIT_FIELDS) });

/**
 * Keeps what somebody changed in the fields of a pitch. What they left alone stays whatever it is. Where the pitch is not the one that they
 * saw, nothing is kept, and both stand on the page.
 */
export async function takeEdit(deps: PageDeps, request: Request, response: Response): Promise<void> {
  const sent = Sent.safeParse(request.body);
  if (!sent.success) throw refuseForm();
  const { revision, pitch: pitchId, base, ...mine } = sent.data;
  const changed = EDIT_FIELDS.filter((field) => mine[field] !== base[field]);
  const edits = PitchEdits.safeParse(
    Object.fromEntries(changed.map((field) => [field, contentOf(field, mine)])),
  );
  if (!edits.success) {
    const problem =
      'Nothing was stored: 20 points of at most 600 characters, a call to action of 1,000, a text of 20,000.';
    return sendDesk(deps, request, response, {
      status: 422,
      typed: { edit: { revision, pitchId, base, mine, problem } },
    });
  }
  const kept = await keep(deps, request, edits.data, revision);
  if (kept === 'conflict') {
    const texts = await carryTexts(deps, request, pitchId, { base, mine });
    const edit = { revision, pitchId, ...texts, problem: null };
    return sendDesk(deps, request, response, { status: 409, typed: { edit } });
  }
  goBack(request, response, changed.length > 0 ? 'stored' : 'same');
}

/** Takes the edit of one field back: what stood before shows again. */
export async function undoEdit(deps: PageDeps, request: Request, response: Response): Promise<void> {
  const sent = Undo.safeParse(request.body);
  if (!sent.success) throw refuseForm();
  const { field, revision } = sent.data;
  if ((await keep(deps, request, { [field]: null }, revision)) === 'conflict')
    throw new HttpError(
      409,
      'The pitch changed since this page was opened, and nothing was taken back',
      'Go back, reload the page, and look whether it is still to be taken back.',
    );
  goBack(request, response, 'undone');
}

async function keep(
  deps: PageDeps,
  request: Request,
  edits: PitchEdits,
  revision: string,
): Promise<ShownPitch | 'conflict'> {
  return deps.db.inWorkspace(deps.workspaceId, async (tx) => {
    const company = await requireCompany(tx, request);
    const pitch = await findWanted(tx, company.id, request);
    return editPitch(tx, deps.queue, {
      workspaceId: deps.workspaceId,
      model: deps.modelName,
      pitchId: pitch.id,
      companyId: company.id,
      edits,
      by: starterOf(deps.visitor),
      revision,
    });
  });
}

/** Texts by the version that their writer saw, with the marks of the one that stands now. */
async function carryTexts(
  deps: PageDeps,
  request: Request,
  pitchId: string,
  texts: { base: EditTexts; mine: EditTexts },
): Promise<{ base: EditTexts; mine: EditTexts }> {
  return deps.db.inWorkspace(deps.workspaceId, async (tx) => {
    const company = await requireCompany(tx, request);
    const now = await findWanted(tx, company.id, request);
    const seen = await findPitch(tx, pitchId);
    if (seen === null || seen.companyId !== company.id || seen.id === now.id) return texts;
    const from = await withEdits(tx, seen);
    const carry = ({ keyPoints, callToAction, text: body }: EditTexts): EditTexts => ({
      keyPoints: carryMarks(keyPoints, from, now),
      callToAction: carryMarks(callToAction, from, now),
      text: carryMarks(body, from, now),
    });
    return { base: carry(texts.base), mine: carry(texts.mine) };
  });
}

async function findWanted(tx: Tx, companyId: string, request: Request): Promise<ShownPitch> {
  const wanted = readWanted(request.query);
  const stored = wanted === null ? null : await findShownPitch(tx, { companyId, ...wanted });
  const pitch =
    wanted === null ? await readCurrentPitch(tx, companyId) : stored && (await withEdits(tx, stored));
  if (pitch === null) throw new HttpError(404, 'This pitch is not there any more', 'Have it written again.');
  return pitch;
}

function contentOf(field: (typeof EDIT_FIELDS)[number], texts: EditTexts): string | string[] {
  if (field !== 'keyPoints') return texts[field];
  return texts.keyPoints.split('\n').filter((line) => cleanLine(line) !== '');
}

function goBack(request: Request, response: Response, edited: Edited): void {
  const path = linkToPitch(String(request.params['domain']), null);
  const query = { ...readWanted(request.query), edited };
  response.redirect(303, linkWith(path, query));
}

function refuseForm(): HttpError {
  return new HttpError(400, 'This form is not the one of the page', 'Reload the page and try again.');
}
