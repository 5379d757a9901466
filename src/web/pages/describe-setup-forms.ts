import type { PitchSettings } from '../../pipeline/store/pitch-settings.ts';
import type { Seller } from '../../pipeline/store/sellers.ts';
import { mergeTyped } from './merge-typed.ts';

/** The fields of the seller's form, with what stands above each. */
export const SELLER_LABELS = {
  name: 'Name',
  offer: 'What you sell',
  audience: 'For whom',
  proofPoints: 'What pitches may state of you',
  neverClaim: 'What no pitch may claim',
};

/** The same of the form of how pitches are written. */
export const SETTINGS_LABELS = {
  template: 'Template of the pitch in the CRM',
  tone: 'Tone',
  length: 'Length',
  focus: 'Focus',
  instructions: 'Instructions for the LLM',
  temperature: 'Temperature, 0 to 1.5',
  model: 'LLM that writes',
};

export const SELLER_FIELDS = ['name', 'offer', 'audience', 'proofPoints', 'neverClaim'] as const;
export const SETTINGS_FIELDS = ['template', 'tone', 'length', 'focus', 'instructions', 'temperature', 'model'] as const; // prettier-ignore

export type SellerTexts = Record<keyof typeof SELLER_LABELS, string>;
export type SettingsTexts = Record<keyof typeof SETTINGS_LABELS, string>;

/** What somebody sent that could not be kept. */
export type TypedForm<Texts> = {
  /** What their page showed, and its version. */
  version: string;
  base: Texts;
  mine: Texts;
  /** What is wrong with it; null: somebody else was faster. */
  problem: { why: string; fix: string } | null;
};

/** A profile as its form holds it, lists a line each; `name`: what stands there where nobody wrote one. */
export function sellerTexts(seller: Seller | null, name: string): SellerTexts {
  if (seller === null) return { name, offer: '', audience: '', proofPoints: '', neverClaim: '' };
  const { proofPoints, neverClaim, ...texts } = seller;
  return { ...texts, proofPoints: proofPoints.join('\n'), neverClaim: neverClaim.join('\n') };
}

/** Settings as their form holds them. */
export function settingsTexts({ temperature, model, ...texts }: PitchSettings): SettingsTexts {
  return { ...texts, model: model ?? '', temperature: temperature === null ? '' : String(temperature) };
}

/**
 * A form of what is stored, or of what somebody sent that could not be kept: with what is wrong as they wrote it; where somebody else was
 * faster each field that they changed as they wrote it, the others as they are now, and what changed in all its ways.
 */
export function describeSetupForm<Field extends string>(
  fields: readonly Field[],
  labels: Record<Field, string>,
  stored: { texts: Record<Field, string>; version: string },
  typed: TypedForm<Record<Field, string>> | null,
) {
  const now = { version: stored.version, base: JSON.stringify(stored.texts) };
  if (typed === null)
    return { ...now, texts: stored.texts, problem: null, isOvertaken: false, overtaken: [] };
  const { version, base, mine, problem } = typed;
  if (problem !== null)
    return { version, base: JSON.stringify(base), texts: mine, problem, isOvertaken: false, overtaken: [] };
  const { merged, overtaken } = mergeTyped(fields, { base, now: stored.texts, mine });
  return {
    ...now,
    texts: merged,
    problem: null,
    isOvertaken: true,
    overtaken: overtaken.map((one) => ({ ...one, label: labels[one.field] })),
  };
}
