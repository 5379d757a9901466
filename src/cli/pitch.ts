import type { Command } from 'commander';
import { UserError } from '../errors.ts';
import { domainOf } from '../pipeline/1-sync/domain.ts';
import { findCompanyByDomain } from '../pipeline/store/companies.ts';
import { findCurrentPitch } from '../pipeline/store/pitches.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';

/** `fieldnote pitch DOMAIN`: the stored pitch with its sources. */
export function addPitch(program: Command, context: Context): void {
  program
    .command('pitch')
    .description('the pitch of one company, with the sources that it cites')
    .argument('<domain>', 'a domain, web address or e-mail address')
    .option('--json', 'print one object')
    .addOption(workspaceOption())
    .action(async (input: string, options: { json?: boolean; workspace?: string }) => {
      const found = domainOf(input);
      if ('skip' in found)
        throw new UserError(`${input}: ${found.detail}`, 'Give the domain of a company, e.g. acme.com.');
      await withApp(context, { worker: false, workspace: options.workspace }, async ({ db, workspaceId }) => {
        const pitch = await db.inWorkspace(workspaceId, async (tx) => {
          const company = await findCompanyByDomain(tx, found.domain);
          return company === null ? null : findCurrentPitch(tx, company.id);
        });
        if (pitch === null)
          throw new UserError(
            `There is no pitch for ${found.domain}`,
            `Run "fieldnote score ${found.domain}" first.`,
          );
        const { keyPoints, callToAction, text, citations, cut, template, method } = pitch;
        if (options.json) {
          context.terminal.json({
            domain: found.domain,
            keyPoints,
            callToAction,
            text,
            citations,
            cut,
            template,
            method,
          });
          return;
        }
        context.terminal.print(text);
        context.terminal.print('');
        for (const citation of citations) context.terminal.print(`[${citation.number}] ${citation.url}`);
      });
    });
}
