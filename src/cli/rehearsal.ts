import type { App } from '../app.ts';
import { describeCalls } from '../pipeline/7-write-back/describe-calls.ts';
import { rehearse } from '../pipeline/7-write-back/rehearse.ts';
import type { Rehearsal, RehearsedField } from '../pipeline/7-write-back/rehearse.ts';
import { UserError } from '../errors.ts';
import { beginWhereTheyPart } from '../pipeline/begin-where-they-part.ts';
import { openForWriting } from '../pipeline/flush-job.ts';
import { nameCompanies } from '../pipeline/store/companies.ts';
import {
  DEFAULT_CONNECTION,
  listConnectionsEver,
  nameConnection,
  nameObject,
} from '../pipeline/store/connections.ts';
import { sumUsage } from '../pipeline/store/usage.ts';
import type { UsageTotal } from '../pipeline/store/usage.ts';
import { countNone } from '../pipeline/store/writes-rehearsal.ts';
import type { Context } from './context.ts';
import { formatUsd, shorten } from './terminal.ts';
import type { Terminal } from './terminal.ts';

const SHOWN = 40;
const SHOWN_OF_VALUE = 30;
const SHOWN_OF_DOMAIN = 30;
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
  const printer = options.json ? openJson(terminal) : openTable(app, terminal);
  const rehearsal = await rehearse(
    { db: app.db, openCrm: openForWriting(app) },
    { workspaceId: app.workspaceId, runId, signal, onFields: printer.add },
  );
  const usage = await app.db.inWorkspace(app.workspaceId, (tx) => sumUsage(tx, { runId }));
  await printer.end(rehearsal, usage);
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

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

type Printer = {
  add(fields: readonly RehearsedField[]): void;
  end(rehearsal: Rehearsal, usage: readonly UsageTotal[]): Promise<void>;
};

/** One object, `{ fields, calls, unread, usage }`, written as it comes: a run may have millions of fields. */
function openJson(terminal: Terminal): Printer {
  let begun = false;
  return {
    add: (fields) => {
      for (const field of fields) {
        terminal.write(`${begun ? ',\n' : '{"fields":[\n'}${JSON.stringify(field)}`);
        begun = true;
      }
    },
    end: async ({ calls, unread }, usage) => {
      const rest = JSON.stringify({ calls, unread, usage }).slice(1);
      terminal.print(`${begun ? '\n' : '{"fields":['}],${rest}`);
    },
  };
}

function openTable(app: App, terminal: Terminal): Printer {
  // Of a long list that is cut, what is left to a person, or goes over what one wrote, must not be what is cut off.
  const [left, going]: [RehearsedField[], RehearsedField[]] = [[], []];
  const counts = countNone();
  const reasons = new Map<string, number>();
  let records = 0;
  return {
    add: (fields) => {
      for (const field of fields) {
        const { verdict, reason } = field;
        counts[verdict] += 1;
        if (verdict === 'unchanged') continue;
        const shown = verdict === 'would-apply' && reason === null ? going : left;
        if (shown.length < SHOWN) shown.push(field);
        if (reason !== null && (reasons.has(reason) || reasons.size < MOST_REASONS))
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
      const written = fields.filter((field) => field.verdict === 'would-apply');
      records += new Set(written.map((field) => field.externalId)).size;
    },
    end: async ({ calls }, usage) => {
      const shown = [...left, ...going].slice(0, SHOWN);
      const more = counts['would-apply'] + counts['would-conflict'] + counts['would-reject'] - shown.length;
      if (shown.length > 0) await printFields(app, terminal, shown);
      if (more > 0) terminal.print(terminal.dim(`… and ${more} more (--json prints all)`));
      if (shown.length > 0) terminal.print('');
      terminal.print(
        `${count(counts['would-apply'], 'field')} of ${count(records, 'record')} would be written, ${counts['would-conflict']} would conflict with a person's edit, ` +
          `${counts['would-reject']} would be refused, ${counts.unchanged} hold the value already.`,
      );
      for (const [reason, fields] of [...reasons]
        .toSorted(([, one], [, other]) => other - one)
        .slice(0, SHOWN_REASONS))
        terminal.print(terminal.dim(`  ${fields}: ${reason}`));
      terminal.print(describeCalls(calls));
      terminal.print(`Nothing was written. ${describeSpent(usage)}`);
    },
  };
}

async function printFields(
  { db, workspaceId }: App,
  terminal: Terminal,
  fields: readonly RehearsedField[],
): Promise<void> {
  const ids = fields.map(({ companyId }) => companyId);
  const [names, known] = await db.inWorkspace(workspaceId, async (tx) => [
    await nameCompanies(tx, ids),
    await listConnectionsEver(tx),
  ]);
  const connections = new Map(known.map(({ id, name }) => [id, name]));
  terminal.table(
    ['company', 'object', 'record', 'field', 'holds now', 'would hold', 'verdict'],
    fields.map(
      ({ companyId, connectionId, object, externalId, field, old, new: wanted, verdict, reason }) => {
        const values = beginWhereTheyPart(String(old ?? '–'), String(wanted ?? '–'), SHOWN_OF_VALUE);
        return [
          shorten(names.get(companyId)?.domain ?? '', SHOWN_OF_DOMAIN),
          nameObject(connections.get(connectionId) ?? DEFAULT_CONNECTION, object),
          externalId,
          field,
          ...values.map((value) => shorten(value, SHOWN_OF_VALUE)),
          reason === null ? verdict : `${verdict}: ${shorten(reason, 50)}`,
        ];
      },
    ),
  );
}

/** What was bought for the rehearsal, which the run itself will find stored. */
function describeSpent(usage: readonly UsageTotal[]): string {
  const sum = (of: (row: UsageTotal) => number): number => usage.reduce((total, row) => total + of(row), 0);
  const credits = sum((row) => row.searchCredits);
  const tokens = sum((row) => row.promptTokens + row.completionTokens);
  if (credits + tokens === 0) return 'No search or LLM call was bought for it.';
  const bought = [
    ...(credits > 0 ? [`${credits} search credits`] : []),
    ...(tokens > 0 ? [`${tokens} LLM tokens`] : []),
  ];
  return `Reading the companies took ${bought.join(' and ')}, ${formatUsd(sum((row) => row.usd))}; a run that comes soon does not buy them again.`;
}
