import type { Request, Response } from 'express';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { chooseModel, requireModel } from '../../pipeline/6-pitch/choose-model.ts';
import { WORD_BANDS } from '../../pipeline/6-pitch/fit-length.ts';
import { parseSeller } from '../../pipeline/6-pitch/seller.ts';
import { listTemplates, requireTemplate } from '../../pipeline/6-pitch/template-library.ts';
import {
  FOCUSES,
  LENGTHS,
  PitchSettings,
  readStoredPitchSettings,
  resetPitchSettings,
  savePitchSettings,
  TONES,
} from '../../pipeline/store/pitch-settings.ts';
import { readStoredSeller, saveSeller } from '../../pipeline/store/sellers.ts';
import { issueFormToken } from '../guard.ts';
import { HttpError } from '../http-error.ts';
import { renderPage } from '../render.ts';
import {
  describeSetupForm,
  SELLER_FIELDS,
  SELLER_LABELS,
  sellerTexts,
  SETTINGS_FIELDS,
  SETTINGS_LABELS,
  settingsTexts,
} from './describe-setup-forms.ts';
import type { SellerTexts, SettingsTexts, TypedForm } from './describe-setup-forms.ts';
import { describeFrame } from './frame.ts';
import type { PageDeps } from './page-deps.ts';

// Browsers send line breaks as CR LF.
const line = z.string().transform((sent) => sent.replaceAll(/\r\n?/g, '\n').replaceAll('\0', '').trim()).default(''); // prettier-ignore
const SellerFields = z.object({ name: line, offer: line, audience: line, proofPoints: line, neverClaim: line }); // prettier-ignore
const SettingsFields = z.object({ template: line, tone: line, length: line, focus: line, instructions: line, temperature: line, model: line }); // prettier-ignore
const version = z.string().max(40);
const SellerForm = SellerFields.extend({ version, base: baseOf(SellerFields) });
const SettingsForm = SettingsFields.extend({ version, base: baseOf(SettingsFields), action: z.enum(['save', 'reset']) }); // prettier-ignore

type Typed = { seller?: TypedForm<SellerTexts>; settings?: TypedForm<SettingsTexts> };

/** What pitches may say of who sells, how they are written, and their templates. */
export async function showPitchSetup(
  deps: PageDeps,
  request: Request,
  response: Response,
  typed: Typed = {},
): Promise<string> {
  const { stored, settings, templates } = await deps.db.inWorkspace(deps.workspaceId, async (tx) => ({
    stored: await readStoredSeller(tx),
    settings: await readStoredPitchSettings(tx),
    templates: await listTemplates(tx),
  }));
  const seller = { texts: sellerTexts(stored.seller, deps.sellerName ?? ''), version: stored.version };
  const manner = { texts: settingsTexts(settings.settings), version: settings.version };
  const form = describeSetupForm(SETTINGS_FIELDS, SETTINGS_LABELS, manner, typed.settings ?? null);
  const choices = (values: readonly string[], on: string) =>
    values.map((value) => ({ value, label: value === 'roi' ? 'ROI' : value, on: value === on }));
  return renderPage('pitch-setup', {
    ...describeFrame({ title: 'Pitches', section: 'settings', visitor: deps.visitor }),
    token: issueFormToken(request, response, deps.publicUrl),
    saved: request.query['saved'] !== undefined,
    mayChange: deps.visitor?.mayChange ?? true,
    isWritten: stored.seller !== null,
    seller: describeSetupForm(SELLER_FIELDS, SELLER_LABELS, seller, typed.seller ?? null),
    sellerLabels: SELLER_LABELS,
    settings: form,
    settingsLabels: SETTINGS_LABELS,
    tones: choices(TONES, form.texts.tone),
    lengths: LENGTHS.map((value) => ({
      value,
      label: `${value}, ${WORD_BANDS[value].least}–${WORD_BANDS[value].most} words`,
      on: value === form.texts.length,
    })),
    focuses: choices(FOCUSES, form.texts.focus),
    ...describeModels(settings.settings, form.texts.model, deps.textModels),
    templates: templates.map(({ name, title, description, origin }) => ({
      name,
      title,
      description,
      isOwn: origin === 'custom',
      on: name === form.texts.template,
      href: `/settings/templates/${encodeURIComponent(name)}`,
    })),
  });
}

/** The models that may be chosen, where there is a choice; and one that was chosen before and may not be any more. */
function describeModels({ model }: PitchSettings, chosen: string, textModels: readonly string[]) {
  const isBarred = model !== null && !textModels.includes(model);
  return {
    models:
      textModels.length < 2
        ? []
        : [
            { value: '', label: `the usual (${textModels[0] ?? ''})`, on: chosen === '' },
            ...textModels.map((value) => ({ value, label: value, on: value === chosen })),
          ],
    barred: isBarred ? { model, writer: chooseModel(model, textModels) } : null,
  };
}

/** Takes the seller's profile. Null: it was stored, and `response` has been sent on. */
export async function takeSeller(
  deps: PageDeps,
  request: Request,
  response: Response,
): Promise<string | null> {
  const { version: seen, base, ...mine } = readForm(SellerForm, request);
  const split = (text: string): string[] =>
    text.split('\n').map((one) => one.trim()).filter((one) => one !== ''); // prettier-ignore
  const { db, workspaceId } = deps;
  const outcome = await attempt(async () => {
    const lists = { proofPoints: split(mine.proofPoints), neverClaim: split(mine.neverClaim) };
    const seller = parseSeller({ ...mine, ...lists });
    return (await db.inWorkspace(workspaceId, (tx) => saveSeller(tx, workspaceId, seller, [seen]))) !== null;
  });
  if (outcome === 'stored') return goOn(deps, response, 'seller');
  response.status(outcome === null ? 409 : 422);
  const seller = { version: seen, base, mine, problem: outcome };
  return showPitchSetup(deps, request, response, { seller });
}

/** Takes how pitches are written, or goes back to what is shipped. Null: it was stored, and `response` has been sent on. */
export async function takePitchSettings(
  deps: PageDeps,
  request: Request,
  response: Response,
): Promise<string | null> {
  const { version: seen, base, action, ...mine } = readForm(SettingsForm, request);
  const { db, workspaceId } = deps;
  const outcome = await attempt(async () => {
    if (action === 'reset') return db.inWorkspace(workspaceId, (tx) => resetPitchSettings(tx, [seen]));
    const settings = parseSettings(mine);
    return db.inWorkspace(workspaceId, async (tx) => {
      await requireTemplate(tx, settings.template);
      requireModel(settings.model, deps.textModels);
      return (await savePitchSettings(tx, workspaceId, settings, [seen])) !== null;
    });
  });
  if (outcome === 'stored') return goOn(deps, response, 'settings');
  response.status(outcome === null ? 409 : 422);
  const settings = { version: seen, base, mine, problem: outcome };
  return showPitchSetup(deps, request, response, { settings });
}

/** Runs what stores. What is wrong, for the page; null: somebody else was faster. */
async function attempt(store: () => Promise<boolean>): Promise<'stored' | TypedForm<unknown>['problem']> {
  try {
    return (await store()) ? 'stored' : null;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { why: error.message, fix: error.fix ?? '' };
  }
}

function goOn(deps: PageDeps, response: Response, what: 'seller' | 'settings'): null {
  const by = deps.visitor?.email ?? null;
  deps.log.info({ by, what, requestId: response.locals['requestId'] }, 'pitches set up by hand');
  response.redirect(303, '/settings/pitches?saved=yes');
  return null;
}

/** @throws UserError */
function parseSettings({ temperature, model, ...texts }: SettingsTexts): PitchSettings {
  const settings = PitchSettings.safeParse({
    ...texts,
    temperature: temperature === '' ? null : Number(temperature.replace(',', '.')),
    model: model === '' ? null : model,
  });
  if (settings.success) return settings.data;
  throw new UserError(
    `That is no ${String(settings.error.issues[0]?.path[0] ?? 'setting')}`,
    'Instructions hold 1,000 characters; a temperature is a number from 0 to 1.5.',
  );
}

/** What the page showed, as JSON. */
function baseOf<Schema extends z.ZodType>(fields: Schema) {
  return z.string().transform((sent, context): z.output<Schema> => {
    try {
      return fields.parse(JSON.parse(sent));
    } catch {
      context.addIssue({ code: 'custom', message: 'not what the page held' });
      return z.NEVER;
    }
  });
}

function readForm<Schema extends z.ZodType>(schema: Schema, request: Request): z.output<Schema> {
  const sent = schema.safeParse(request.body);
  if (sent.success) return sent.data;
  throw new HttpError(400, 'This form is not the one of the page', 'Reload the page and try again.');
}
