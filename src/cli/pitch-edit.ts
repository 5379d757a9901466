import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Tx } from '../db.ts';
import { UserError, describeError } from '../errors.ts';
import { domainOf } from '../pipeline/1-sync/domain.ts';
import type { ShownPitch } from '../pipeline/apply-edits.ts';
import { editPitch, PitchEdits } from '../pipeline/edit-pitch.ts';
import { nameEdits } from '../pipeline/name-edits.ts';
import { readCurrentPitch, withEdits } from '../pipeline/read-pitch.ts';
import { findCompanyByDomain } from '../pipeline/store/companies.ts';
import { findShownPitch } from '../pipeline/store/pitches.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';

const FIELDS = { 'key-points': 'keyPoints', 'call-to-action': 'callToAction', text: 'text' } as const;
type Named = keyof typeof FIELDS;

type Options = {
  keyPoint?: string[];
  callToAction?: string;
  textFile?: string;
  undo?: Named[];
  template?: string;
  persona?: string;
  revision?: string;
  json?: boolean;
  workspace?: string;
};

/** `fieldnote pitch-edit DOMAIN`: a person's words in place of fields of a stored pitch, or ours back. */
export function addPitchEdit(program: Command, context: Context): void {
  program
    .command('pitch-edit')
    .description('put your words in place of fields of a pitch, field by field, or take them back')
    .argument('<domain>', 'a domain, web address or e-mail address')
    .option('--key-point <text...>', 'the key points; takes the place of those before')
    .option('--call-to-action <text>', 'what to ask for')
    .option('--text-file <file>', 'the full text, without the list of sources')
    .addOption(new Option('--undo <field...>', 'take the edit of a field back').choices(Object.keys(FIELDS)))
    .option('--template <name>', 'of that template’s pitch; unset: the company’s own, which the CRM shows')
    .option('--persona <role>', 'with --template: of the pitch for that role')
    .option(
      '--revision <revision>',
      'of the pitch that you read (pitch --json): refuse where it changed since',
    )
    .option('--json', 'print one object')
    .addOption(workspaceOption())
    .action(async (input: string, options: Options) => {
      const found = domainOf(input);
      if ('skip' in found)
        throw new UserError(`${input}: ${found.detail}`, 'Give the domain of a company, e.g. acme.com.');
      const edits = await readEdits(options);
      await withApp(context, { worker: false, workspace: options.workspace }, async (app) => {
        const { db, queue, workspaceId } = app;
        const after = await db.inWorkspace(workspaceId, async (tx) => {
          const pitch = await requirePitch(tx, found.domain, options);
          return editPitch(tx, queue, {
            workspaceId,
            model: app.modelName,
            pitchId: pitch.id,
            companyId: pitch.companyId,
            edits,
            by: { via: 'command-line', name: null },
            revision: options.revision,
          });
        });
        if (after === 'conflict')
          throw new UserError(
            'The pitch changed since you read it, and nothing was stored',
            `Read it again: fieldnote pitch ${found.domain} --json`,
          );
        const { keyPoints, callToAction, text, edited, revision } = after;
        if (options.json)
          return context.terminal.json({
            domain: found.domain,
            keyPoints,
            callToAction,
            text,
            edited,
            revision,
          });
        context.terminal.write(`${text}\n`);
        for (const line of nameEdits(edited)) context.terminal.note(line);
      });
    });
}

/** @throws UserError where nothing is to be changed, a field is named twice, or what is given is too long */
async function readEdits({ keyPoint, callToAction, textFile, undo = [] }: Options): Promise<PitchEdits> {
  const given = {
    ...(keyPoint === undefined ? {} : { keyPoints: keyPoint }),
    ...(callToAction === undefined ? {} : { callToAction }),
    ...(textFile === undefined ? {} : { text: await readText(textFile) }),
  };
  const twice = undo.find((field) => FIELDS[field] in given);
  if (twice !== undefined)
    throw new UserError(`${twice} is to be changed and to be taken back`, 'Leave one of the two out.');
  const all = { ...given, ...Object.fromEntries(undo.map((field) => [FIELDS[field], null])) };
  if (Object.keys(all).length === 0)
    throw new UserError(
      'Nothing is to be changed',
      'Give --key-point, --call-to-action or --text-file, or --undo with a field.',
    );
  const parsed = PitchEdits.safeParse(all);
  if (parsed.success) return parsed.data;
  throw new UserError(
    `That can't stand in a pitch: ${parsed.error.issues[0]?.path.join('.') ?? ''}`,
    '20 points of at most 600 characters, none of them empty; a call to action of 1,000; a text of 20,000.',
  );
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} can't be read: ${describeError(error)}`, 'Name a text file.', error);
  }
}

/** @throws UserError where there is none */
async function requirePitch(
  tx: Tx,
  domain: string,
  { template, persona = '' }: Options,
): Promise<ShownPitch> {
  if (persona !== '' && template === undefined)
    throw new UserError('--persona needs a template', 'Add --template NAME.');
  const company = await findCompanyByDomain(tx, domain);
  if (company === null)
    throw new UserError(`There is no pitch for ${domain}`, `Run "fieldnote score ${domain}" first.`);
  const key = { companyId: company.id, template: template ?? '', persona };
  const stored = template === undefined ? null : await findShownPitch(tx, key);
  const pitch =
    template === undefined ? await readCurrentPitch(tx, company.id) : stored && (await withEdits(tx, stored));
  if (pitch !== null) return pitch;
  const make = template === undefined ? `score ${domain}` : `pitch ${domain} --template ${template}`;
  throw new UserError(`There is no such pitch for ${domain}`, `Have it made: fieldnote ${make}`);
}
