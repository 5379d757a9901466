import { Option } from 'commander';
import type { Command } from 'commander';
import { UserError } from '../errors.ts';
import { domainOf } from '../pipeline/1-sync/domain.ts';
import { findCompanyByDomain } from '../pipeline/store/companies.ts';
import { findCurrentPitch, readPitchMaking } from '../pipeline/store/pitches.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';
import { writePitchPdf, writePitchZip } from './pitch-files.ts';

type Options = { json?: boolean; pdf?: string; zip?: string; band?: string; workspace?: string };

/** `fieldnote pitch DOMAIN`: the stored pitch with its sources, as text, as a PDF, or everybody's in a ZIP. */
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
    .addOption(workspaceOption())
    .action(async (input: string | undefined, options: Options) => {
      const { zip, band, workspace } = options;
      if (zip === undefined && band !== undefined)
        throw new UserError('--band chooses what goes into a ZIP', 'Add --zip FILE.');
      if (zip !== undefined) {
        if (input !== undefined)
          throw new UserError(
            `--zip takes every company, not ${input} alone`,
            'Leave out the domain, or use --pdf FILE.',
          );
        await withApp(context, { worker: false, workspace }, async (app) => {
          const count = await writePitchZip(app, context, zip, band === undefined ? {} : { band });
          context.terminal.note(`${count} ${count === 1 ? 'pitch' : 'pitches'} written to ${zip}`);
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

async function printPitch(
  context: Context,
  domain: string,
  { json, pdf, workspace }: Options,
): Promise<void> {
  await withApp(context, { worker: false, workspace }, async (app) => {
    if (pdf !== undefined) {
      await writePitchPdf(app, domain, pdf);
      context.terminal.note(`written to ${pdf}`);
      return;
    }
    const found = await app.db.inWorkspace(app.workspaceId, async (tx) => {
      const company = await findCompanyByDomain(tx, domain);
      const pitch = company === null ? null : await findCurrentPitch(tx, company.id);
      return pitch === null ? null : { pitch, making: await readPitchMaking(tx, pitch.id) };
    });
    if (found === null)
      throw new UserError(`There is no pitch for ${domain}`, `Run "fieldnote score ${domain}" first.`);
    const { keyPoints, callToAction, text, citations, cut, template, method } = found.pitch;
    const { madeWith = null, cuts = [] } = found.making ?? {};
    if (json) {
      context.terminal.json({
        domain,
        keyPoints,
        callToAction,
        text,
        citations,
        cut,
        template,
        method,
        madeWith,
        cuts,
      });
      return;
    }
    context.terminal.print(text);
    context.terminal.print('');
    for (const citation of citations) context.terminal.print(`[${citation.number}] ${citation.url}`);
  });
}
