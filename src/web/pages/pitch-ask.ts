import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Tx } from '../../db.ts';
import { UserError } from '../../errors.ts';
import { askForPitches } from '../../pipeline/ask-for-pitches.ts';
import { whySpent } from '../../pipeline/budget.ts';
import { takeOrRefuse } from '../../pipeline/store/limits.ts';
import { cancelRequest, findRequest } from '../../pipeline/store/pitch-requests.ts';
import type { PitchRequest } from '../../pipeline/store/pitch-requests.ts';
import { PitchWishes, readPitchSettings } from '../../pipeline/store/pitch-settings.ts';
import { findItems } from '../../pipeline/store/run-items.ts';
import { starterOf } from '../auth/sessions.ts';
import { HttpError } from '../http-error.ts';
import { findWishes } from './describe-ask-form.ts';
import { describeProgress } from './describe-desk.ts';
import { linkWith } from './pager.ts';
import type { PageDeps } from './page-deps.ts';
import { linkToPitch } from './pitch-address.ts';
import { sendDesk } from './pitch.ts';
import { requireCompany } from './require-company.ts';

const text = (most: number) =>
  z.string().max(most).transform((sent) => sent.replaceAll('\0', '').trim()).default(''); // prettier-ignore
const Sent = z.object({
  template: text(60),
  persona: text(60),
  tone: text(40),
  length: text(40),
  focus: text(40),
  instructions: text(4_000),
  temperature: text(10),
  model: text(120),
  action: z.enum(['write', 'again']).default('write'),
});

// A person who tries templates out; a program has the API, with a limit of its own.
const RATE = { perSecond: 60 / 3_600, burst: 20 };

/**
 * Somebody has a pitch written, in a manner of its own or anew. Who may look may ask, as on the card in the CRM and in Slack: what it may
 * cost is bounded by the month's budget and by a pace for each person.
 */
export async function takeAsk(deps: PageDeps, request: Request, response: Response): Promise<void> {
  const sent = Sent.safeParse(request.body);
  if (!sent.success)
    throw new HttpError(400, 'This form is not the one of the page', 'Reload the page and try again.');
  const { template, persona, action, ...manner } = sent.data;
  const given = Object.fromEntries(Object.entries(manner).filter(([, value]) => value !== ''));
  const typed = (why: string, fix: string) => ({
    ask: { template, persona, wishes: given, problem: { why, fix } },
  });
  const { temperature, ...rest } = given;
  const wanted = PitchWishes.safeParse({
    ...rest,
    ...(temperature === undefined ? {} : { temperature: Number(temperature.replace(',', '.')) }),
  });
  if (!wanted.success) {
    const [issue] = wanted.error.issues;
    const why = `That is no ${String(issue?.path[0] ?? 'setting')}`;
    const fix = 'Instructions hold 1,000 characters; a temperature is a number from 0 to 1.5.';
    return sendDesk(deps, request, response, { status: 422, typed: typed(why, fix) });
  }
  const { db, workspaceId, visitor } = deps;
  const who = visitor?.email ?? 'this machine';
  const { taken, waitMs } = await takeOrRefuse(db, `pitches:${workspaceId}:${who}`, RATE, 1);
  if (!taken) {
    const minutes = Math.max(1, Math.ceil(waitMs / 60_000));
    const fix = `Come back in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
    return sendDesk(deps, request, response, { status: 429, typed: typed('These were many pitches in a short time', fix) }); // prettier-ignore
  }
  const spent = await whySpent(deps.budget, deps.monthlyBudgetUsd, workspaceId);
  try {
    const { domain, id } = await db.inWorkspace(workspaceId, async (tx) => {
      const company = await requireCompany(tx, request);
      const usual = await readPitchSettings(tx);
      const { requestIds } = await askForPitches(tx, deps.queue, {
        workspaceId,
        model: deps.modelName,
        domains: [company.domain],
        order: {
          template: template || null,
          persona,
          wishes: findWishes(wanted.data, usual, deps.textModels),
        },
        force: action === 'again',
        askedBy: starterOf(visitor),
        textModels: deps.textModels,
        spent,
      });
      return { domain: company.domain, id: requestIds[0] };
    });
    response.redirect(303, linkWith(linkToPitch(domain, null), { request: id }));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    await sendDesk(deps, request, response, { status: 409, typed: typed(error.message, error.fix ?? '') });
  }
}

/** Nobody waits for a pitch any more. One that is made meanwhile stays. */
export async function cancelAsked(deps: PageDeps, request: Request, response: Response): Promise<void> {
  const { domain, id } = await deps.db.inWorkspace(deps.workspaceId, async (tx) => {
    const company = await requireCompany(tx, request);
    const asked = await requireRequest(tx, request);
    await cancelRequest(tx, asked.id, company.id);
    return { domain: company.domain, id: asked.id };
  });
  response.redirect(303, linkWith(linkToPitch(domain, null), { request: id }));
}

/** How far it is, for the page's script. */
export async function sendAskedState(deps: PageDeps, request: Request, response: Response): Promise<void> {
  const state = await deps.db.inWorkspace(deps.workspaceId, async (tx) => {
    const company = await requireCompany(tx, request);
    const asked = await requireRequest(tx, request);
    const [item = null] = asked.runId === null ? [] : await findItems(tx, asked.runId, [company.id]);
    const { doing, step } = describeProgress(company, { request: asked, item });
    return { over: asked.state !== 'waiting' && asked.state !== 'working', doing, step };
  });
  response.set('cache-control', 'no-store').json(state);
}

/** @throws HttpError 404 */
async function requireRequest(tx: Tx, request: Request): Promise<PitchRequest> {
  const id = z.uuid().safeParse(request.params['id']);
  const found = id.success ? await findRequest(tx, id.data) : null;
  if (found !== null) return found;
  throw new HttpError(
    404,
    'Nobody asked for this pitch',
    'What was asked for longer than 30 days ago is forgotten.',
  );
}
