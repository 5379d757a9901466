import { createHash } from 'node:crypto';
import { formatPoints } from '../format.ts';
import type { Evidence, MadeFrom, PitchChange, PitchMaking } from '../store/pitches.ts';
import { cutText } from './cut-text.ts';
import type { PitchData } from './pitch-data.ts';

const QUOTE = 120;
// A version says what matters; a company whose every source changed would fill pages.
const MOST_CHANGES = 20;

/** What a version was made from and with. `textModel` is in the first: the one that it was asked of. */
export type Making = { from: MadeFrom; with: NonNullable<PitchMaking['madeWith']> };

/** What a pitch is made from, short enough to be kept with it. */
export function summarizeData(data: PitchData, textModel: string | null): MadeFrom {
  const proofs = (part: 'reason' | 'doubt', list: PitchData['reasons']): Evidence[] =>
    list.map(({ label, points, quote }) => ({ part, label, points, ...shorten(quote) }));
  return {
    name: data.company.name,
    score: data.score.value,
    band: data.score.band,
    evidence: [
      ...proofs('reason', data.reasons),
      ...proofs('doubt', data.doubts),
      ...data.competitors.map(({ name, quote }): Evidence => ({ part: 'competitor', label: name, points: null, ...shorten(quote) })), // prettier-ignore
      ...(data.profile === null
        ? []
        : [{ part: 'profile' as const, label: 'In its own words', points: null, ...shorten(data.profile.quote) }]), // prettier-ignore
    ],
    personas: data.personas.map((persona) => ({
      title: persona.title,
      mark: hashOf(JSON.stringify(persona)),
    })),
    textModel,
  };
}

/**
 * What is different in `after`, the evidence first. `why`: what led to it besides, as somebody who asked for it again, or its age. Empty
 * where nothing is known of the version before.
 */
export function listChanges(before: Making, after: Making, why: readonly PitchChange[]): PitchChange[] {
  const changes = [
    ...compareEvidence(before.from.evidence, after.from.evidence),
    ...comparePersonas(before.from.personas, after.from.personas),
    ...compareRest(before, after),
    ...why,
  ];
  if (changes.length <= MOST_CHANGES) return changes;
  const rest = changes.length - MOST_CHANGES;
  return [...changes.slice(0, MOST_CHANGES), { kind: 'signal', text: `and ${rest} more` }];
}

const KINDS: Record<Evidence['part'], { kind: PitchChange['kind']; word: string }> = {
  reason: { kind: 'signal', word: 'signal' },
  doubt: { kind: 'signal', word: 'signal' },
  competitor: { kind: 'competitor', word: 'competitor' },
  profile: { kind: 'profile', word: 'description' },
};

/** The same quote under the same label is the same evidence; another quote under a label that lost one is a change of it. */
function compareEvidence(before: readonly Evidence[], after: readonly Evidence[]): PitchChange[] {
  const key = ({ part, label, mark }: Evidence): string => `${part} ${label} ${mark}`;
  const [old, now] = [
    new Map(before.map((one) => [key(one), one])),
    new Map(after.map((one) => [key(one), one])),
  ];
  const gone = before.filter((one) => !now.has(key(one)));
  const changes: PitchChange[] = [];
  for (const one of after) {
    const { kind, word } = KINDS[one.part];
    const known = old.get(key(one));
    if (known !== undefined) {
      if (known.points !== null && one.points !== null && Math.abs(known.points - one.points) >= 0.05)
        changes.push({ kind, text: `Points of “${one.label}”: ${formatPoints(known.points)} → ${formatPoints(one.points)}` }); // prettier-ignore
      continue;
    }
    const at = gone.findIndex(({ part, label }) => part === one.part && label === one.label);
    const [was] = at === -1 ? [] : gone.splice(at, 1);
    changes.push({
      kind,
      text:
        was === undefined
          ? `New ${word}: ${one.label}: “${one.quote}”`
          : `Changed ${word}: ${one.label}: “${was.quote}” → “${one.quote}”`,
    });
  }
  for (const { part, label, quote } of gone)
    changes.push({ kind: KINDS[part].kind, text: `No longer a ${KINDS[part].word}: ${label}: “${quote}”` });
  return changes;
}

function comparePersonas(before: MadeFrom['personas'], after: MadeFrom['personas']): PitchChange[] {
  const [old, now] = [new Map(before.map(({ title, mark }) => [title, mark])), new Map(after.map(({ title, mark }) => [title, mark]))]; // prettier-ignore
  return [
    ...after.flatMap(({ title, mark }): PitchChange[] => {
      if (!old.has(title)) return [{ kind: 'persona', text: `New persona: ${title}` }];
      return old.get(title) === mark ? [] : [{ kind: 'persona', text: `Changed persona: ${title}` }];
    }),
    ...before.flatMap(({ title }): PitchChange[] =>
      now.has(title) ? [] : [{ kind: 'persona', text: `No longer a persona: ${title}` }],
    ),
  ];
}

function compareRest(before: Making, after: Making): PitchChange[] {
  const changes: PitchChange[] = [];
  const note = (kind: PitchChange['kind'], what: string, was: string | null, is: string | null): void => {
    if (was !== is) changes.push({ kind, text: `${what}: ${was ?? 'none'} → ${is ?? 'none'}` });
  };
  const [old, now] = [before.with, after.with];
  note('company', 'Name', before.from.name, after.from.name);
  note('company', 'Band', before.from.band, after.from.band);
  note('company', 'Score', before.from.score?.toFixed(1) ?? null, after.from.score?.toFixed(1) ?? null);
  note('settings', 'Tone', old.settings.tone, now.settings.tone);
  note('settings', 'Length', old.settings.length, now.settings.length);
  note('settings', 'Focus', old.settings.focus, now.settings.focus);
  note('settings', 'Temperature', old.settings.temperature?.toString() ?? 'ours', now.settings.temperature?.toString() ?? 'ours'); // prettier-ignore
  if (old.settings.instructions !== now.settings.instructions)
    changes.push({ kind: 'settings', text: 'The instructions for the LLM were changed' });
  if (old.seller !== now.seller) changes.push({ kind: 'seller', text: 'The seller’s profile was changed' });
  if (old.template !== now.template) changes.push({ kind: 'template', text: 'The template was changed' });
  note('model', 'LLM', before.from.textModel, after.from.textModel);
  if (old.prompt !== now.prompt) changes.push({ kind: 'prompt', text: 'Our prompt was changed' });
  return changes;
}

function shorten(quote: string): { quote: string; mark: string } {
  return { quote: cutText(quote, QUOTE), mark: hashOf(quote) };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
