import { chooseModel } from '../../pipeline/6-pitch/choose-model.ts';
import { WORD_BANDS } from '../../pipeline/6-pitch/fit-length.ts';
import { FOCUSES, LENGTHS, TONES } from '../../pipeline/store/pitch-settings.ts';
import type { PitchSettings, PitchWishes } from '../../pipeline/store/pitch-settings.ts';
import type { Desk } from './pitch-desk.ts';

/** What somebody wants to be written, and why it is not; null: nothing is in the way. */
export type TypedAsk = {
  template: string;
  persona: string;
  wishes: Partial<Record<keyof PitchWishes, string>>;
  problem: { why: string; fix: string } | null;
};

/** The form that has a pitch written, filled in as the pitch that is shown was made, or as it was sent. `textModels`: those that may be chosen. */
export function describeAskForm(desk: Desk, typed: TypedAsk | null, textModels: readonly string[]) {
  const { settings, templates, personas } = desk;
  const filled = typed ?? readMade(desk, textModels);
  const { wishes } = filled;
  const choices = (key: 'tone' | 'length' | 'focus', values: readonly string[]) => [
    { value: '', label: `as usual (${nameChoice(settings[key])})`, on: (wishes[key] ?? '') === '' },
    ...values.map((value) => ({ value, label: nameChoice(value), on: wishes[key] === value })),
  ];
  return {
    problem: typed?.problem ?? null,
    templates: (['custom', 'shipped'] as const)
      .map((origin) => ({
        label: origin === 'custom' ? 'Your own' : 'Come with Fieldnote',
        options: templates
          .filter((entry) => entry.origin === origin)
          .map(({ name, title, description }) => ({
            value: name,
            label: description === '' ? title : `${title}: ${description}`,
            on: name === (filled.template || settings.template),
          })),
      }))
      .filter(({ options }) => options.length > 0),
    personas: personas.map(({ role, title }) => ({ value: role, label: title, on: role === filled.persona })),
    tones: choices('tone', TONES),
    lengths: choices('length', LENGTHS),
    focuses: choices('focus', FOCUSES),
    instructions: wishes.instructions ?? '',
    usualInstructions: settings.instructions,
    temperature: wishes.temperature ?? '',
    usualTemperature: settings.temperature === null ? 'ours' : String(settings.temperature),
    models: describeModels(settings, textModels, wishes.model ?? ''),
    isAdvanced: Boolean(wishes.instructions) || Boolean(wishes.temperature) || Boolean(wishes.model),
  };
}

/** Empty where there is nothing to choose. */
function describeModels({ model }: PitchSettings, textModels: readonly string[], wished: string) {
  if (textModels.length < 2) return [];
  const usual = chooseModel(model, textModels) ?? '';
  return [
    { value: '', label: `as usual (${usual})`, on: wished === '' },
    ...textModels.map((name) => ({ value: name, label: name, on: name === wished })),
  ];
}

/** What differs from the workspace's settings; a wish for what is usual is none. */
export function findWishes(
  wanted: PitchWishes,
  settings: PitchSettings,
  textModels: readonly string[],
): PitchWishes {
  const usual = { ...settings, model: chooseModel(settings.model, textModels) };
  return Object.fromEntries(
    Object.entries(wanted).filter(([key, value]) => value !== Reflect.get(usual, key)),
  );
}

/** The manner in which the pitch that is shown was made. */
function readMade({ pitch, making, settings, asked }: Desk, textModels: readonly string[]): TypedAsk {
  const failed = asked?.state === 'failed' ? asked : null;
  const made = making?.madeWith?.settings;
  const { tone, length, focus, instructions, temperature } = made ?? settings;
  // What may not be chosen any more is no wish that could be granted again.
  const model = textModels.find((name) => name === pitch?.chosenModel);
  const wishes =
    failed?.wishes ??
    findWishes(
      {
        tone,
        length,
        focus,
        instructions,
        ...(temperature === null ? {} : { temperature }),
        ...(model === undefined ? {} : { model }),
      },
      settings,
      textModels,
    );
  return {
    template: failed?.template ?? pitch?.template ?? '',
    persona: failed?.persona ?? pitch?.persona ?? '',
    wishes: Object.fromEntries(Object.entries(wishes).map(([key, value]) => [key, String(value)])),
    problem: null,
  };
}

function nameChoice(value: string): string {
  const band = LENGTHS.find((length) => length === value);
  if (band !== undefined) return `${value}, ${WORD_BANDS[band].least}–${WORD_BANDS[band].most} words`;
  return value === 'roi' ? 'ROI' : value;
}
