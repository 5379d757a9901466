import { stringify } from 'csv-stringify';
import { Option } from 'commander';
import type { Command } from 'commander';
import { guardCell } from '../pipeline/csv-cell.ts';
import { policyOf } from '../pipeline/7-write-back/field-policy.ts';
import { describeEditor } from '../pipeline/describe-editor.ts';
import { listConnectionsEver } from '../pipeline/store/connections.ts';
import { listExcluded } from '../pipeline/store/exclusions.ts';
import { readRanking } from '../pipeline/store/scores.ts';
import type { RankedCompany } from '../pipeline/store/scores.ts';
import { listSkipped } from '../pipeline/store/skipped-records.ts';
import type { SkippedRecord } from '../pipeline/store/skipped-records.ts';
import { UNREADABLE_FIX, listUnreadable } from '../pipeline/store/unreadable-rows.ts';
import { NOTE } from '../pipeline/store/writes.ts';
import { listFailedWrites } from '../pipeline/store/writes-failed.ts';
import type { App } from '../app.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';

const PAGE = 1_000;

type Row = Record<string, string | number | null>;

/** What is exported in place of the companies. */
type Instead = { failed?: boolean; unreadable?: boolean; skipped?: boolean };

/**
 * `fieldnote export`: results as CSV or JSON; with --failed what the CRMs refused, with --unreadable what they sent damaged, with
 * --skipped what leads to no company.
 */
export function addExport(program: Command, context: Context): void {
  program
    .command('export')
    .description('every company with its score, or what could not be written or read')
    .addOption(new Option('--format <format>', 'csv or json lines').choices(['csv', 'json']).default('csv'))
    .option('--failed', 'only fields that a CRM refuses or that a person’s edit holds, as it stands now')
    .addOption(
      new Option('--unreadable', 'only rows of the CRMs that can’t be read and are left out').conflicts(
        'failed',
      ),
    )
    .addOption(
      new Option('--skipped', 'only records that lead to no company, with the reason').conflicts([
        'failed',
        'unreadable',
      ]),
    )
    .addOption(workspaceOption())
    .action(async (options: Instead & { format: 'csv' | 'json'; workspace?: string }) => {
      await withApp(context, { worker: false, workspace: options.workspace }, async (app) => {
        const { terminal } = context;
        let isEmpty = true;
        const printEach = (print: (row: Row) => void): Promise<void> =>
          eachRow(app, options, (row) => {
            isEmpty = false;
            print(row);
          });
        if (options.format === 'json') await printEach((row) => terminal.write(`${JSON.stringify(row)}\n`));
        else {
          const csv = stringify({ header: true, quoted_string: true });
          const printed = (async () => {
            for await (const chunk of csv) terminal.write(String(chunk));
          })();
          await printEach((row) => csv.write(mapStrings(row)));
          csv.end();
          await printed;
        }
        if (isEmpty) terminal.note(describeNothing(options));
      });
    });
}

/** A list without a row looks like a command that did nothing. */
function describeNothing({ failed, skipped, unreadable }: Instead): string {
  if (failed)
    return 'Nothing is refused now, and nothing conflicts with a person’s edit. What ever was: fieldnote writes --state rejected, or conflicted.';
  if (skipped) return 'Every record leads to a company.';
  if (unreadable) return 'Every row that the CRMs sent could be read.';
  return 'There are no companies yet: fieldnote sync reads them from your CRMs.';
}

async function eachRow(app: App, options: Instead, print: (row: Row) => void): Promise<void> {
  if (options.failed) {
    for await (const row of failedRows(app)) print(row);
    return;
  }
  if (options.skipped) {
    for await (const row of skippedRows(app)) print(row);
    return;
  }
  if (options.unreadable) {
    for (const row of await unreadableRows(app)) print(row);
    return;
  }
  await app.db.inWorkspace(app.workspaceId, async (tx) => {
    for await (const page of readRanking(tx, PAGE))
      for (const company of page) print(describeCompany(company));
    for (let afterDomain = ''; ;) {
      const page = await listExcluded(tx, { afterDomain, limit: PAGE });
      for (const company of page) print(describeExcluded(company));
      if (page.length < PAGE) return;
      afterDomain = page.at(-1)?.domain ?? '';
    }
  });
}

function describeExcluded({ domain, name, because }: { domain: string; name: string; because: string }): Row {
  const nothing = { score: null, band: null, confidence: null };
  return {
    domain,
    name,
    status: 'excluded',
    ...nothing,
    why: because,
    top_reason: null,
    quote: null,
    source: null,
  };
}

function describeCompany(company: RankedCompany): Row {
  const reason = company.reasons.find((one) => one.quote !== null && one.points > 0);
  return {
    domain: company.domain,
    name: company.name,
    status: company.status,
    score: company.score,
    band: company.band,
    confidence: company.confidence,
    why: company.why,
    top_reason: reason?.label ?? null,
    quote: reason?.quote ?? null,
    source: reason?.url ?? null,
  };
}

async function* failedRows({ db, workspaceId }: App): AsyncGenerator<Row> {
  const known = await db.inWorkspace(workspaceId, listConnectionsEver);
  const connections = new Map(known.map((connection) => [connection.id, connection]));
  for (let from: number | null = 0; from !== null;) {
    const afterId: number = from;
    const { failed, nextAfterId } = await db.inWorkspace(workspaceId, (tx) =>
      listFailedWrites(tx, { afterId, limit: PAGE }),
    );
    for (const write of failed) {
      const connection = connections.get(write.connectionId);
      const { object, field } = write;
      // A field that is written no more, nobody has to make room for.
      if (field !== NOTE && policyOf(connection?.settings.write, object, field) === 'never') continue;
      yield {
        crm: write.crm,
        connection: connection?.name ?? null,
        object,
        record: write.externalId,
        domain: write.domain,
        field,
        state: write.state,
        reason: write.reason,
        in_crm: write.oldValue,
        in_crm_by: write.editor === null ? null : describeEditor(write.editor),
        wanted: write.newValue,
        run: write.runId,
        at: write.settledAt?.toISOString() ?? null,
      };
    }
    from = nextAfterId;
  }
}

async function* skippedRows({ db, workspaceId }: App): AsyncGenerator<Row> {
  let after: SkippedRecord | null = null;
  for (;;) {
    const from: SkippedRecord | null = after;
    const page: SkippedRecord[] = await db.inWorkspace(workspaceId, (tx) =>
      listSkipped(tx, { after: from, limit: PAGE }),
    );
    for (const record of page) {
      const { crm, connection, object, externalId, name, because } = record;
      yield { crm, connection, object, record: externalId, name, because };
    }
    after = page.at(-1) ?? null;
    if (page.length < PAGE) return;
  }
}

// More than are ever kept (store/unreadable-rows.ts).
const ALL_UNREADABLE = 100_000;

async function unreadableRows({ db, workspaceId }: App): Promise<Row[]> {
  const { listed } = await db.inWorkspace(workspaceId, (tx) => listUnreadable(tx, ALL_UNREADABLE));
  return listed.map(({ crm, connection, object, id, problem, firstSeenAt }) => ({
    crm,
    connection,
    object,
    record: id,
    problem,
    first_seen: firstSeenAt.toISOString(),
    what_to_do: UNREADABLE_FIX,
  }));
}

/** Numbers stay numbers. */
function mapStrings(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'string' ? guardCell(value) : value]),
  );
}
