import { createHash } from 'node:crypto';
import type { Tx } from '../../db.ts';
import { UserError } from '../../errors.ts';
import { cleanLine } from '../plain-text.ts';
import type { Persona } from '../store/personas.ts';
import type { Citation, PitchKey } from '../store/pitches.ts';
import { readPitchSettings } from '../store/pitch-settings.ts';
import type { PitchSettings, PitchWishes } from '../store/pitch-settings.ts';
import type { Seller } from '../store/sellers.ts';
import { buildPitchData } from './pitch-data.ts';
import type { PitchData } from './pitch-data.ts';
import { readPitchFacts } from './read-facts.ts';
import { DEFAULT_TEMPLATE, findTemplate, requireTemplate } from './template-library.ts';
import type { KeptTemplate, TemplateEntry } from './template-library.ts';
import { PITCH_PROMPT } from './write-passages.ts';

/** Which pitch of a company is wanted. */
export type PitchOrder = {
  /** Null: the one that the workspace's settings name. */
  template: string | null;
  /** A role; empty: nobody in particular. */
  persona: string;
  wishes: PitchWishes;
};

/** What the workspace's settings ask for: the pitch that the CRM shows. */
export const MAIN_PITCH: PitchOrder = { template: null, persona: '', wishes: {} };

/** All that a pitch is made from. */
export type PitchMaterial = {
  key: PitchKey;
  /** Is it the company's pitch, as the settings want it? */
  isMain: boolean;
  data: PitchData;
  citations: Citation[];
  seller: Seller | null;
  settings: PitchSettings;
  template: TemplateEntry;
};

/**
 * Reads what the pitch that is wanted would be made from now; null where the company has no score, and so nothing that could be proven.
 * @throws UserError where there is no such template or persona
 */
export async function preparePitch(
  tx: Tx,
  companyId: string,
  { template: name, persona, wishes }: PitchOrder,
): Promise<PitchMaterial | null> {
  const common = await readPitchSettings(tx);
  const main = await findMainTemplate(tx, common);
  const template = name === null || name === main.name ? main : await requireTemplate(tx, name);
  const facts = await readPitchFacts(tx, companyId);
  if (facts === null) return null;
  const role = persona === '' ? null : findRole(facts.personas, persona);
  const settings: PitchSettings = { ...common, ...wishes, template: template.name };
  const { data, citations } = buildPitchData({
    ...facts,
    settings,
    ...(role === null ? {} : { persona: role }),
  });
  const isMain = template.name === main.name && role === null && Object.keys(wishes).length === 0;
  const key = { companyId, template: template.name, persona: role ?? '' };
  return { key, isMain, data, citations, seller: facts.seller ?? null, settings, template };
}

/** The template of a company's own pitch: the one that the workspace's settings name. */
export async function findMainTemplate(
  tx: Tx,
  settings: Pick<PitchSettings, 'template'>,
): Promise<KeptTemplate> {
  // One that was removed since it was chosen must not hold up every company.
  return (await findTemplate(tx, settings.template)) ?? requireTemplate(tx, DEFAULT_TEMPLATE);
}

/** Hash of everything that a pitch is made from. `textModel`: the name of the text model that it is asked of; null: there is none. */
export function fingerprintOf(material: PitchMaterial, textModel: string | null): string {
  const { template, settings, seller, data } = material;
  return hash(
    JSON.stringify([
      [template.name, template.source, textModel, PITCH_PROMPT],
      [settings.instructions, settings.temperature, seller, data],
    ]),
  );
}

export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** People name a persona by its role or its title. @throws UserError with the roles that there are */
function findRole(personas: readonly Persona[], wanted: string): string {
  const like = cleanLine(wanted).toLowerCase();
  const found = personas.find(({ role, title }) => role === wanted || title.toLowerCase() === like);
  if (found !== undefined) return found.role;
  const roles = personas.map(({ role }) => role);
  throw new UserError(
    `The company has no persona "${cleanLine(wanted).slice(0, 60)}"`,
    roles.length === 0
      ? 'None were found: leave it out.'
      : `Take one of ${roles.join(', ')}, or leave it out.`,
  );
}
