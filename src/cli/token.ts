import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { UserError } from '../errors.ts';
import { mintToken } from '../pipeline/api-token.ts';
import { SCOPES, listTokens, revokeToken, saveToken } from '../pipeline/store/api-tokens.ts';
import type { ApiToken, Scope } from '../pipeline/store/api-tokens.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';

const DAYS = 90;
const MOST_DAYS = 366;
const LONGEST_NAME = 80;

/** `fieldnote token create|list|revoke`: who may call the JSON API. */
export function addToken(program: Command, context: Context): void {
  const token = program.command('token').description('tokens for the JSON API under /api/v1');
  token
    .command('create')
    .description('make a token; it is shown once and kept nowhere')
    .requiredOption('--name <name>', 'what uses it, so that you know what to revoke', readName)
    .addOption(new Option('--scope <scope>', 'what it may do').choices([...SCOPES]).default('read'))
    .option('--days <days>', `how long it is good, at most ${MOST_DAYS}`, readDays, DAYS)
    .option('--json', 'print as JSON')
    .addOption(workspaceOption())
    .action(
      async (options: { name: string; scope: Scope; days: number; json?: boolean; workspace?: string }) => {
        await withApp(
          context,
          { worker: false, workspace: options.workspace },
          async ({ db, workspaceId }) => {
            const minted = mintToken(workspaceId);
            const saved = await db.inWorkspace(workspaceId, (tx) =>
              saveToken(tx, workspaceId, { ...options, id: minted.id, hash: minted.hash }),
            );
            if (options.json) {
              context.terminal.json({ token: minted.token, ...describe(saved) });
              return;
            }
            context.terminal.print(minted.token);
            context.terminal.note(
              `Token ${saved.id} may ${saved.scope} until ${day(saved.expiresAt)}. It is not shown again.`,
            );
          },
        );
      },
    );
  token
    .command('list')
    .description('every token of the workspace, without its secret')
    .option('--json', 'print as JSON')
    .addOption(workspaceOption())
    .action(async (options: { json?: boolean; workspace?: string }) => {
      await withApp(context, { worker: false, workspace: options.workspace }, async ({ db, workspaceId }) => {
        const tokens = (await db.inWorkspace(workspaceId, listTokens)).map(describe);
        if (options.json) context.terminal.json(tokens);
        else if (tokens.length === 0)
          context.terminal.print('No token yet: fieldnote token create --name NAME');
        else
          context.terminal.table(
            ['id', 'name', 'scope', 'state', 'expires', 'last used'],
            tokens.map((one) => [
              one.id,
              one.name,
              one.scope,
              one.state,
              one.expiresAt.slice(0, 10),
              one.lastUsedAt ?? 'never',
            ]),
          );
      });
    });
  token
    .command('revoke')
    .description('take a token’s rights away, at once')
    .argument('<id>', 'its id, as "token list" shows it')
    .addOption(workspaceOption())
    .action(async (id: string, options: { workspace?: string }) => {
      await withApp(context, { worker: false, workspace: options.workspace }, async ({ db, workspaceId }) => {
        const revoked = await db.inWorkspace(workspaceId, (tx) => revokeToken(tx, id));
        if (revoked === null)
          throw new UserError(`There is no token ${id}`, '"fieldnote token list" shows their ids.');
        context.terminal.print(`Revoked ${revoked.id} (${revoked.name}).`);
      });
    });
}

function describe(token: ApiToken) {
  return {
    id: token.id,
    name: token.name,
    scope: token.scope,
    state: token.revokedAt !== null ? 'revoked' : token.expiresAt <= new Date() ? 'expired' : 'good',
    createdAt: token.createdAt.toISOString(),
    lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
    expiresAt: token.expiresAt.toISOString(),
  };
}

function readName(input: string): string {
  const name = input.trim();
  if (name === '' || name.length > LONGEST_NAME || /\p{Cc}/u.test(name))
    throw new InvalidArgumentError(`Give a name of 1 to ${LONGEST_NAME} characters.`);
  return name;
}

function readDays(input: string): number {
  const days = Number(input);
  if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS)
    throw new InvalidArgumentError(`Give a whole number from 1 to ${MOST_DAYS}.`);
  return days;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
