import type { App } from '../app.ts';
import { describeCalls } from '../pipeline/7-write-back/describe-calls.ts';
import { rehearse } from '../pipeline/7-write-back/rehearse.ts';
import type { Rehearsal, RehearsedField } from '../pipeline/7-write-back/rehearse.ts';
import { UserError } from '../errors.ts';
import { openForWriting } from '../pipeline/flush-job.ts';
import { listConnectionsEver, nameConnection } from '../pipeline/store/connections.ts';
import { countNone } from '../pipeline/store/writes-rehearsal.ts';
import type { Context } from './context.ts';
import { shorten } from './terminal.ts';
import type { Terminal } from './terminal.ts';

const SHOWN = 40;
// Reasons may name a record each.
const MOST_REASONS = 200;
const SHOWN_REASONS = 5;

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
  const printer = options.json ? openJson(terminal) : openTable(terminal);
  const rehearsal = await rehearse(
    { db: app.db, openCrm: openForWriting(app) },
    { workspaceId: app.workspaceId, runId, signal, onFields: printer.add },
  );
  printer.end(rehearsal);
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

type Printer = { add(fields: readonly RehearsedField[]): void; end(rehearsal: Rehearsal): void };

/** One object, `{ fields, calls, unread }`, written as it comes: a run may have millions of fields. */
function openJson(terminal: Terminal): Printer {
  let begun = false;
  return {
    add: (fields) => {
      for (const field of fields) {
        terminal.write(`${begun ? ',\n' : '{"fields":[\n'}${JSON.stringify(field)}`);
        begun = true;
      }
    },
    end: ({ calls, unread }) => {
      const rest = JSON.stringify({ calls, unread }).slice(1);
      terminal.print(`${begun ? '\n' : '{"fields":['}],${rest}`);
    },
  };
}

function openTable(terminal: Terminal): Printer {
  const shown: RehearsedField[] = [];
  const counts = countNone();
  const reasons = new Map<string, number>();
  let records = 0;
  return {
    add: (fields) => {
      for (const field of fields) {
        counts[field.verdict] += 1;
        if (field.verdict !== 'unchanged' && shown.length < SHOWN) shown.push(field);
        const { verdict, reason } = field;
        const isLeft = reason !== null && (verdict === 'would-conflict' || verdict === 'would-reject');
        if (isLeft && (reasons.has(reason) || reasons.size < MOST_REASONS))
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
      const written = fields.filter((field) => field.verdict === 'would-apply');
      records += new Set(written.map((field) => field.externalId)).size;
    },
    end: ({ calls }) => {
      terminal.table(
        ['object', 'record', 'field', 'holds now', 'would hold', 'verdict'],
        shown.map((field) => [
          field.object,
          field.externalId,
          field.field,
          shorten(String(field.old ?? '–'), 24),
          shorten(String(field.new ?? '–'), 36),
          field.reason === null ? field.verdict : `${field.verdict}: ${shorten(field.reason, 50)}`,
        ]),
      );
      const more = counts['would-apply'] + counts['would-conflict'] + counts['would-reject'] - shown.length;
      if (more > 0) terminal.print(terminal.dim(`… and ${more} more (--json prints all)`));
      terminal.print('');
      terminal.print(
        `${counts['would-apply']} fields of ${records} records would be written, ${counts['would-conflict']} would conflict with a person's edit, ` +
          `${counts['would-reject']} would be refused, ${counts.unchanged} hold the value already.`,
      );
      for (const [reason, fields] of [...reasons]
        .toSorted(([, one], [, other]) => other - one)
        .slice(0, SHOWN_REASONS))
        terminal.print(terminal.dim(`  ${fields}: ${reason}`));
      terminal.print(describeCalls(calls));
      terminal.print('Nothing was written.');
    },
  };
}
