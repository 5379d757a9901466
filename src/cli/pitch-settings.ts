import { Option } from 'commander';
import type { Command } from 'commander';
import { UserError } from '../errors.ts';
import { chooseModel, listModels, requireModel } from '../pipeline/6-pitch/choose-model.ts';
import { requireTemplate } from '../pipeline/6-pitch/template-library.ts';
import {
  FOCUSES,
  LENGTHS,
  PitchSettings,
  readPitchSettings,
  resetPitchSettings,
  savePitchSettings,
  TONES,
} from '../pipeline/store/pitch-settings.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';

type Options = Omit<Partial<PitchSettings>, 'temperature' | 'model'> & {
  /** False: ours, as nobody had named one. */
  temperature?: string | false;
  model?: string | false;
  reset?: boolean;
  json?: boolean;
  workspace?: string;
};

/** `fieldnote pitch-settings`: how pitches are written; with options, changes the parts that are given. */
export function addPitchSettings(program: Command, context: Context): void {
  program
    .command('pitch-settings')
    .description('how pitches are written; options change it, from the next run on')
    .option('--template <name>', 'which template')
    .addOption(new Option('--tone <tone>', 'how it sounds').choices(TONES))
    .addOption(new Option('--length <length>', '60–120, 150–250 or 300–500 words').choices(LENGTHS))
    .addOption(new Option('--focus <focus>', 'what it turns on').choices(FOCUSES))
    .option('--instructions <text>', 'wishes for the LLM; they add no fact')
    .option('--temperature <number>', 'of the LLM, 0 to 1.5')
    .option('--no-temperature', 'ours again')
    .option('--model <name>', 'the LLM that writes: LLM_MODEL or one of LLM_MODELS')
    .option('--no-model', 'LLM_MODEL again')
    .addOption(new Option('--reset', 'back to what is shipped'))
    .option('--json', 'print one object')
    .addOption(workspaceOption())
    .action(async ({ reset, json, workspace, temperature, model, ...given }: Options) => {
      const changes = parseChanges({
        ...given,
        ...(temperature === undefined
          ? {}
          : { temperature: temperature === false ? null : Number(temperature) }),
        ...(model === undefined ? {} : { model: model === false ? null : model }),
      });
      await withApp(context, { worker: false, workspace }, async ({ db, workspaceId, connectors }) => {
        const models = listModels(connectors.textModel);
        requireModel(changes.model ?? null, models);
        const settings = await db.inWorkspace(workspaceId, async (tx) => {
          if (changes.template !== undefined) await requireTemplate(tx, changes.template);
          if (reset) await resetPitchSettings(tx);
          if (Object.keys(changes).length > 0) await savePitchSettings(tx, workspaceId, changes);
          return readPitchSettings(tx);
        });
        if (json) context.terminal.json(settings);
        else
          for (const [name, value] of Object.entries(settings))
            context.terminal.print(
              `${name}: ${value ?? (name === 'model' ? (models[0] ?? 'no LLM') : 'ours')}`,
            );
        if (settings.model !== null && !models.includes(settings.model))
          context.terminal.note(
            `${settings.model} is not allowed any more: ${chooseModel(settings.model, models) ?? 'no LLM'} writes in its place.`,
          );
      });
    });
}

/** Only what was given: a default would overwrite what is stored. */
function parseChanges(given: Record<string, unknown>): Partial<PitchSettings> {
  const parsed = PitchSettings.safeParse(given);
  if (!parsed.success)
    throw new UserError(
      `That is no setting: ${parsed.error.issues[0]?.path.join('.') ?? ''}`,
      'Instructions hold 1,000 characters; a temperature is a number from 0 to 1.5.',
    );
  return Object.fromEntries(Object.entries(parsed.data).filter(([name]) => name in given));
}
