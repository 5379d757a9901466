import type { App } from '../app.ts';
import { rehearse } from '../pipeline/7-write-back/rehearse.ts';
import type { Rehearsal, RehearsedField } from '../pipeline/7-write-back/rehearse.ts';
import { UserError } from '../errors.ts';
import { openForWriting } from '../pipeline/flush-job.ts';
import { listConnectionsEver, nameConnection } from '../pipeline/store/connections.ts';
import type { Context } from './context.ts';
import { shorten } from './terminal.ts';
import type { Terminal } from './terminal.ts';

const SHOWN = 40;

/**
 * Prints what a dry run would have written: each field's old and new value, and the calls that it would cost.
 * @throws UserError at the end when a CRM could not be read
 */
export async function printRehearsal(
  app: App,
  { terminal, signal }: Context,
  runId: string,
  options: { json: boolean },
): Promise<void> {
  const rehearsal = await rehearse(
    { db: app.db, openCrm: openForWriting(app) },
    { workspaceId: app.workspaceId, runId, signal },
  );
  if (options.json) terminal.json(rehearsal);
  else printFields(terminal, rehearsal);
  await refuseUnread(app, rehearsal);
}

async function refuseUnread({ db, workspaceId }: App, { unread }: Rehearsal): Promise<void> {
  if (unread.length === 0) return;
  const known = await db.inWorkspace(workspaceId, listConnectionsEver);
  const reasons = unread.map(({ connectionId, because }) => {
    const connection = known.find(({ id }) => id === connectionId);
    return `${connection === undefined ? connectionId : nameConnection(connection)}: ${because}`;
  });
  throw new UserError(`Not everything could be rehearsed: ${reasons.join('; ')}`);
}

function printFields(terminal: Terminal, rehearsal: Rehearsal): void {
  const shown = rehearsal.fields.filter((field) => field.verdict !== 'unchanged');
  terminal.table(
    ['object', 'record', 'field', 'holds now', 'would hold', 'verdict'],
    shown
      .slice(0, SHOWN)
      .map((field) => [
        field.object,
        field.externalId,
        field.field,
        shorten(String(field.old ?? '–'), 24),
        shorten(String(field.new ?? '–'), 36),
        field.reason === null ? field.verdict : `${field.verdict}: ${shorten(field.reason, 50)}`,
      ]),
  );
  if (shown.length > SHOWN)
    terminal.print(terminal.dim(`… and ${shown.length - SHOWN} more (--json prints all)`));
  terminal.print('');
  terminal.print(summarise(rehearsal));
  terminal.print('Nothing was written.');
}

function summarise({ fields, calls }: Rehearsal): string {
  const count = (verdict: RehearsedField['verdict']): number =>
    fields.filter((field) => field.verdict === verdict).length;
  const records = new Set(
    fields
      .filter((field) => field.verdict === 'would-apply')
      .map((field) => `${field.connectionId} ${field.object} ${field.externalId}`),
  ).size;
  return (
    `${count('would-apply')} fields of ${records} records would be written, ${count('would-conflict')} would conflict with a person's edit, ` +
    `${count('would-reject')} would be refused, ${count('unchanged')} hold the value already. ` +
    `Calls: ${calls.read} to read, ${calls.write} to write, ${calls.readBack} to read back.`
  );
}
