import type { Request, Response } from 'express';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { WORD_BANDS } from '../../pipeline/6-pitch/fit-length.ts';
import { parseSeller } from '../../pipeline/6-pitch/seller.ts';
import { listTemplates, requireTemplate } from '../../pipeline/6-pitch/template-library.ts';
import {
  FOCUSES,
  holdPitchSetup,
  LENGTHS,
  PitchSettings,
  readPitchSettings,
  resetPitchSettings,
  savePitchSettings,
  TONES,
} from '../../pipeline/store/pitch-settings.ts';
import { readSeller, saveSeller } from '../../pipeline/store/sellers.ts';
import type { Seller } from '../../pipeline/store/sellers.ts';
import { issueFormToken } from '../guard.ts';
import { HttpError } from '../http-error.ts';
import { renderPage } from '../render.ts';
import { describeFrame } from './frame.ts';
import type { PageDeps } from './page-deps.ts';

const line = z.string().transform((sent) => sent.replaceAll('\0', '').trim()).default(''); // prettier-ignore
const SellerForm = z.object({ was: z.string(), name: line, offer: line, audience: line, proofPoints: line, neverClaim: line }); // prettier-ignore
const SettingsForm = z.object({ was: z.string(), action: z.enum(['save', 'reset']), template: line, tone: line, length: line, focus: line, instructions: line, temperature: line }); // prettier-ignore

const BLANK: Seller = { name: '', offer: '', audience: '', proofPoints: [], neverClaim: [] };

type Typed = {
  seller?: z.output<typeof SellerForm>;
  settings?: z.output<typeof SettingsForm>;
  /** Where it belongs, and what is wrong. */
  problem?: { of: 'seller' | 'settings'; why: string; fix: string };
};

/** What pitches may say of who sells, how they are written, and their templates. */
export async function showPitchSetup(
  deps: PageDeps,
  request: Request,
  response: Response,
  typed: Typed = {},
): Promise<string> {
  const { seller, settings, templates } = await deps.db.inWorkspace(deps.workspaceId, async (tx) => ({
    seller: await readSeller(tx),
    settings: await readPitchSettings(tx),
    templates: await listTemplates(tx),
  }));
  const shown = { ...(seller ?? { ...BLANK, name: deps.sellerName ?? '' }) };
  const { temperature, ...rest } = settings;
  const chosen = { ...rest, temperature: temperature === null ? '' : String(temperature), ...typed.settings };
  const choices = (values: readonly string[], on: string) =>
    values.map((value) => ({ value, label: value === 'roi' ? 'ROI' : value, on: value === on }));
  return renderPage('pitch-setup', {
    ...describeFrame({ title: 'Pitches', section: 'settings', visitor: deps.visitor }),
    token: issueFormToken(request, response, deps.publicUrl),
    saved: request.query['saved'] !== undefined,
    mayChange: deps.visitor?.mayChange ?? true,
    isWritten: seller !== null,
    sellerWas: JSON.stringify(seller),
    seller: {
      ...shown,
      proofPoints: shown.proofPoints.join('\n'),
      neverClaim: shown.neverClaim.join('\n'),
      ...typed.seller,
    },
    sellerProblem: typed.problem?.of === 'seller' ? typed.problem : null,
    settingsWas: JSON.stringify(settings),
    settings: chosen,
    settingsProblem: typed.problem?.of === 'settings' ? typed.problem : null,
    tones: choices(TONES, chosen.tone),
    lengths: LENGTHS.map((value) => ({
      value,
      label: `${value}, ${WORD_BANDS[value].least}–${WORD_BANDS[value].most} words`,
      on: value === chosen.length,
    })),
    focuses: choices(FOCUSES, chosen.focus),
    templates: templates.map(({ name, title, description, origin }) => ({
      name,
      title,
      description,
      isOwn: origin === 'custom',
      on: name === chosen.template,
      href: `/settings/templates/${encodeURIComponent(name)}`,
    })),
  });
}

/** Takes the seller's profile. Null: it was stored, and `response` has been sent on. */
export async function takeSeller(
  deps: PageDeps,
  request: Request,
  response: Response,
): Promise<string | null> {
  const sent = readForm(SellerForm, request);
  const split = (text: string): string[] =>
    text.split(/\r?\n/).map((one) => one.trim()).filter((one) => one !== ''); // prettier-ignore
  const { was, proofPoints, neverClaim, ...texts } = sent;
  return store(deps, request, response, { seller: sent }, 'seller', async () => {
    const seller = parseSeller({ ...texts, proofPoints: split(proofPoints), neverClaim: split(neverClaim) });
    await deps.db.inWorkspace(deps.workspaceId, async (tx) => {
      await holdPitchSetup(tx, deps.workspaceId);
      requireSame(was, await readSeller(tx));
      await saveSeller(tx, deps.workspaceId, seller);
    });
  });
}

/** Takes how pitches are written, or goes back to what is shipped. Null: it was stored, and `response` has been sent on. */
export async function takePitchSettings(
  deps: PageDeps,
  request: Request,
  response: Response,
): Promise<string | null> {
  const sent = readForm(SettingsForm, request);
  const { was, action, temperature, ...texts } = sent;
  return store(deps, request, response, { settings: sent }, 'settings', async () => {
    const settings = PitchSettings.safeParse({
      ...texts,
      temperature: temperature === '' ? null : Number(temperature.replace(',', '.')),
    });
    if (!settings.success && action === 'save')
      throw new UserError(
        `That is no ${String(settings.error.issues[0]?.path[0] ?? 'setting')}`,
        'Instructions hold 1,000 characters; a temperature is a number from 0 to 1.5.',
      );
    await deps.db.inWorkspace(deps.workspaceId, async (tx) => {
      await holdPitchSetup(tx, deps.workspaceId);
      requireSame(was, await readPitchSettings(tx));
      if (action === 'reset' || !settings.success) return resetPitchSettings(tx);
      await requireTemplate(tx, settings.data.template);
      await savePitchSettings(tx, deps.workspaceId, settings.data);
    });
  });
}

/** Stores; what is wrong stands on the page beside what was typed. */
async function store(
  deps: PageDeps,
  request: Request,
  response: Response,
  typed: Typed,
  of: 'seller' | 'settings',
  act: () => Promise<void>,
): Promise<string | null> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    response.status(422);
    const problem = { of, why: error.message, fix: error.fix ?? '' };
    return showPitchSetup(deps, request, response, { ...typed, problem });
  }
  const by = deps.visitor?.email ?? null;
  deps.log.info({ by, what: of, requestId: response.locals['requestId'] }, 'pitches set up by hand');
  response.redirect(303, '/settings/pitches?saved=yes');
  return null;
}

/** @throws UserError where somebody else was faster: the page's next version of the form is of what they stored */
function requireSame(was: string, now: unknown): void {
  if (was !== JSON.stringify(now))
    throw new UserError(
      'Somebody else changed this meanwhile, and nothing of yours was stored',
      'What you typed stands below. Look at theirs on another page, and save again to put yours in its place.',
    );
}

function readForm<Schema extends z.ZodType>(schema: Schema, request: Request): z.output<Schema> {
  const sent = schema.safeParse(request.body);
  if (sent.success) return sent.data;
  throw new HttpError(400, 'This form is not the one of the page', 'Reload the page and try again.');
}
