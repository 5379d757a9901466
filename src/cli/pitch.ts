import { Option } from 'commander';
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { UserError } from '../errors.ts';
import { domainOf } from '../pipeline/1-sync/domain.ts';
import { nameEdits } from '../pipeline/name-edits.ts';
import { nameWriter } from '../pipeline/name-writer.ts';
import { withEdits } from '../pipeline/read-pitch.ts';
import { findCompanyByDomain } from '../pipeline/store/companies.ts';
import { FOCUSES, LENGTHS, PitchWishes, TONES } from '../pipeline/store/pitch-settings.ts';
import { findCurrentPitch, readPitchMaking } from '../pipeline/store/pitches.ts';
import type { Pitch } from '../pipeline/store/pitches.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';
import { howToMake, writePitchPdf, writePitchZip } from './pitch-files.ts';
import { requestPitch } from './request-pitch.ts';

type Options = Partial<Record<(typeof TEXTS)[number], string>> & { json?: boolean; force?: boolean };
const TEXTS = ['pdf', 'zip', 'band', 'workspace', 'template', 'persona', 'tone', 'length', 'focus', 'instructions', 'temperature', 'model'] as const; // prettier-ignore

const MAKING = ['template', 'persona', 'force', 'tone', 'length', 'focus', 'instructions', 'temperature', 'model'] as const; // prettier-ignore

/** `fieldnote pitch DOMAIN`: the stored pitch with its sources, or another one made now; as text, as a PDF, or everybody's in a ZIP. */
export function addPitch(program: Command, context: Context): void {
  program
    .command('pitch')
    .description('the pitch of one company, with the sources that it cites; or PDFs of one or of all')
    .argument('[domain]', 'a domain, web address or e-mail address')
    .addOption(new Option('--json', 'print one object').conflicts(['pdf', 'zip']))
    .addOption(new Option('--pdf <file>', 'write two pages to print or send').conflicts('zip'))
    .option('--zip <file>', 'write a PDF for every company with a score, and an index, into one ZIP')
    .addOption(
      new Option('--band <band>', 'with --zip: only companies of that band').choices(['A', 'B', 'C', 'D']),
    )
    .option(
      '--template <name>',
      'the pitch of that template, made now unless it is stored and nothing changed; with --zip: those that are stored',
    )
    .option('--persona <role>', 'written for that role, e.g. technical-leader')
    .option('--force', 'write it anew although nothing changed; the versions before are kept')
    .addOption(new Option('--tone <tone>', 'for this one').choices(TONES))
    .addOption(new Option('--length <length>', 'for this one').choices(LENGTHS))
    .addOption(new Option('--focus <focus>', 'for this one').choices(FOCUSES))
    .option('--instructions <text>', 'wishes for the LLM, for this one')
    .option('--temperature <number>', 'of the LLM, 0 to 1.5, for this one')
    .option('--model <name>', 'the LLM that writes this one: LLM_MODEL or one of LLM_MODELS')
    .addOption(workspaceOption())
    .action(async (input: string | undefined, options: Options) => {
      const { zip, band, workspace, template } = options;
      const own = MAKING.filter((name) => name !== 'template' && options[name] !== undefined);
      if (zip !== undefined && own.length > 0)
        throw new UserError(`--zip takes stored pitches: --${own[0]} is for one company`, 'Leave it out.');
      if (zip === undefined && band !== undefined)
        throw new UserError('--band chooses what goes into a ZIP', 'Add --zip FILE.');
      if (zip !== undefined) {
        if (input !== undefined)
          throw new UserError(
            `--zip takes every company, not ${input} alone`,
            'Leave out the domain, or use --pdf FILE.',
          );
        await withApp(context, { worker: false, workspace }, async (app) => {
          const { written, leftOut } = await writePitchZip(app, context, zip, { band, template });
          context.terminal.note(`${written} ${written === 1 ? 'pitch' : 'pitches'} written to ${zip}`);
          if (leftOut > 0 && template !== undefined)
            context.terminal.note(
              `${leftOut} ${leftOut === 1 ? 'company' : 'companies'} left out without a pitch of ${template}. ${howToMake(template)}`,
            );
        });
        return;
      }
      if (input === undefined) throw new UserError('Whose pitch?', 'Give a domain, or --zip FILE for all.');
      const found = domainOf(input);
      if ('skip' in found)
        throw new UserError(`${input}: ${found.detail}`, 'Give the domain of a company, e.g. acme.com.');
      await printPitch(context, found.domain, options);
    });
}

async function printPitch(context: Context, domain: string, options: Options): Promise<void> {
  const { json, pdf, workspace, template, persona, force = false } = options;
  const wishes = readWishes(options);
  // Without any of these, what is stored is printed, and nothing is made.
  const makes = force || template !== undefined || persona !== undefined || Object.keys(wishes).length > 0;
  await withApp(context, { worker: makes, workspace }, async (app) => {
    const order = { template: template ?? null, persona: persona ?? '', wishes, force };
    const pitch = makes ? await requestPitch(app, context, domain, order) : await findStored(app, domain);
    if (pdf !== undefined) {
      await writePitchPdf(app, domain, pdf, pitch ?? undefined);
      context.terminal.note(`written to ${pdf}`);
      return;
    }
    if (pitch === null)
      throw new UserError(`There is no pitch for ${domain}`, `Run "fieldnote score ${domain}" first.`);
    const { making, shown } = await app.db.inWorkspace(app.workspaceId, async (tx) => ({
      making: await readPitchMaking(tx, pitch.id),
      shown: await withEdits(tx, pitch),
    }));
    const { madeWith = null, cuts = [], changes = [] } = making ?? {};
    if (json) {
      const { keyPoints, callToAction, text, citations, cut, method, textModel, askedModel, version, edited, revision } = shown; // prettier-ignore
      const { template: made, persona: role } = pitch;
      context.terminal.json({ domain, keyPoints, callToAction, text, citations, cut, template: made, persona: role, version, method, textModel, askedModel, edited, revision, madeWith, cuts, changes }); // prettier-ignore
      return;
    }
    // As it is: what a pitch says is no advice of ours.
    context.terminal.write(`${shown.text}\n`);
    context.terminal.print('');
    for (const citation of shown.citations) context.terminal.print(`[${citation.number}] ${citation.url}`);
    context.terminal.note(nameWriter(shown));
    for (const line of nameEdits(shown.edited)) context.terminal.note(line);
    if (changes.length > 0)
      context.terminal.note(`Version ${pitch.version}: ${changes.map(({ text }) => text).join('; ')}`);
  });
}

function findStored(app: App, domain: string): Promise<Pitch | null> {
  return app.db.inWorkspace(app.workspaceId, async (tx) => {
    const company = await findCompanyByDomain(tx, domain);
    return company === null ? null : findCurrentPitch(tx, company.id);
  });
}

/** What this pitch is to have of its own. @throws UserError */
function readWishes({ tone, length, focus, instructions, temperature, model }: Options): PitchWishes {
  const given = { tone, length, focus, instructions, model, temperature: temperature === undefined ? undefined : Number(temperature) }; // prettier-ignore
  const parsed = PitchWishes.safeParse(
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  );
  if (parsed.success) return parsed.data;
  throw new UserError(
    `That is no setting: ${parsed.error.issues[0]?.path.join('.') ?? ''}`,
    'Instructions hold 1,000 characters; a temperature is a number from 0 to 1.5.',
  );
}
