import type { Command } from 'commander';
import { UserError } from '../errors.ts';
import { parseSeller } from '../pipeline/6-pitch/seller.ts';
import { readStoredSeller, saveSeller } from '../pipeline/store/sellers.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';

type Options = {
  name?: string;
  offer?: string;
  audience?: string;
  proof?: string[];
  never?: string[];
  json?: boolean;
  workspace?: string;
};

/** `fieldnote seller`: what pitches may say in our name; with options, changes the parts that are given. */
export function addSeller(program: Command, context: Context): void {
  program
    .command('seller')
    .description('what you sell and to whom: all that pitches may say of you; options change it')
    .option('--name <name>', "your company's name, as it is printed")
    .option('--offer <text>', 'what you sell')
    .option('--audience <text>', 'for whom')
    .option('--proof <text...>', 'facts about you that pitches may state; takes the place of those before')
    .option('--never <text...>', 'what no pitch may claim; takes the place of those before')
    .option('--json', 'print one object')
    .addOption(workspaceOption())
    .action(async ({ json, workspace, proof, never, ...given }: Options) => {
      const changes = {
        ...given,
        ...(proof === undefined ? {} : { proofPoints: proof }),
        ...(never === undefined ? {} : { neverClaim: never }),
      };
      await withApp(context, { worker: false, workspace }, async ({ db, workspaceId, sellerName }) => {
        const seller = await db.inWorkspace(workspaceId, async (tx) => {
          const { seller: before, version } = await readStoredSeller(tx);
          if (Object.keys(changes).length === 0) return before;
          const blank = { name: sellerName ?? '', offer: '', audience: '', proofPoints: [], neverClaim: [] };
          const after = parseSeller({ ...(before ?? blank), ...changes });
          if ((await saveSeller(tx, workspaceId, after, [version])) !== null) return after;
          throw new UserError('Somebody else changed the profile in this moment', 'Run the command again.');
        });
        if (seller === null)
          throw new UserError(
            'There is no profile of the seller yet: pitches say nothing of you',
            'fieldnote seller --name NAME --offer TEXT --proof TEXT --never TEXT',
          );
        if (json) {
          context.terminal.json(seller);
          return;
        }
        const { print } = context.terminal;
        print(seller.name);
        print(`sells: ${seller.offer}`);
        print(`for: ${seller.audience}`);
        for (const point of seller.proofPoints) print(`may say: ${point}`);
        for (const claim of seller.neverClaim) print(`never says: ${claim}`);
      });
    });
}
