import { Option } from 'commander';
import type { Command } from 'commander';
import { FIELDS } from '../connectors/crm-fields.ts';
import { UserError } from '../errors.ts';
import { domainOf } from '../pipeline/1-sync/domain.ts';
import type { App } from '../app.ts';
import { beginWhereTheyPart } from '../pipeline/begin-where-they-part.ts';
import { describeEditor } from '../pipeline/describe-editor.ts';
import { describeStarter } from '../pipeline/describe-starter.ts';
import { findCompanyByDomain } from '../pipeline/store/companies.ts';
import { nameObject } from '../pipeline/store/connections.ts';
import { listWrites } from '../pipeline/store/writes-list.ts';
import type { WriteFilter, WriteLine } from '../pipeline/store/writes-list.ts';
import { NOTE, WRITE_STATES } from '../pipeline/store/writes.ts';
import type { WriteState } from '../pipeline/store/writes.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';
import { findRunId } from './find-run.ts';
import { parseCount } from './sandbox.ts';
import { shorten } from './terminal.ts';

type Options = {
  record?: string;
  company?: string;
  field?: string;
  run?: string;
  state?: WriteState;
  json?: boolean;
  limit: number;
  workspace?: string;
};

const PAGE = 500;
const LIMIT = 50;
const SHOWN_OF_VALUE = 28;

/** `fieldnote writes`: who wrote what, when, old and new, by which run; the newest first. */
export function addWrites(program: Command, context: Context): void {
  program
    .command('writes')
    .description('what was written into the CRMs, when, by which run, with the old and the new value')
    .option('--record <id>', 'only this CRM record')
    .option('--company <domain>', 'only this company')
    .addOption(
      new Option('--field <name>', 'only this field').choices([...FIELDS.map(({ key }) => key), NOTE]),
    )
    .option('--run <run>', 'only what this run wanted written')
    .addOption(new Option('--state <state>', 'only writes that came to this').choices([...WRITE_STATES]))
    .option('--limit <n>', 'at most N lines, the newest', parseCount, LIMIT)
    .option('--json', 'print one object a line')
    .addOption(workspaceOption())
    .action(async (options: Options) => {
      await withApp(context, { worker: false, workspace: options.workspace }, async (app) => {
        const filter = await readFilter(app, options);
        const shown: WriteLine[] = [];
        for await (const page of readPages(app, filter, options.limit, context.signal)) {
          if (options.json) for (const write of page) context.terminal.write(`${JSON.stringify(write)}\n`);
          else shown.push(...page);
        }
        if (!options.json) printTable(context, shown);
      });
    });
}

async function readFilter(app: App, options: Options): Promise<WriteFilter> {
  const { record, company, field, run, state } = options;
  const { db, workspaceId } = app;
  const runId = run === undefined ? undefined : await findRunId(app, run);
  return db.inWorkspace(workspaceId, async (tx) => {
    const filter: WriteFilter = { externalId: record, field, runId, state };
    if (company === undefined) return filter;
    const meant = domainOf(company);
    const found = 'domain' in meant ? await findCompanyByDomain(tx, meant.domain) : null;
    if (found === null)
      throw new UserError(`There is no company ${company}`, '"fieldnote export" lists all of them.');
    return { ...filter, companyId: found.id };
  });
}

async function* readPages(
  { db, workspaceId }: App,
  filter: WriteFilter,
  most: number,
  signal: AbortSignal,
): AsyncGenerator<WriteLine[]> {
  let beforeId: number | null = null;
  for (let left = most; left > 0 && !signal.aborted; left -= PAGE) {
    const limit = Math.min(PAGE, left);
    const before: number | null = beforeId;
    const page: WriteLine[] = await db.inWorkspace(workspaceId, (tx) =>
      listWrites(tx, filter, { limit, beforeId: before }),
    );
    yield page;
    beforeId = page.at(-1)?.id ?? null;
    if (page.length < limit) return;
  }
}

const describeRun = (id: string, by: WriteLine['startedBy']): string =>
  by === null ? id.slice(0, 8) : `${id.slice(0, 8)} by ${describeStarter(by)}`;

/** What the CRM held, and ours. */
function showValues({ oldRead, oldValue, newValue }: WriteLine): string[] {
  const [old, ours] = beginWhereTheyPart(String(oldValue ?? '–'), String(newValue ?? '–'), SHOWN_OF_VALUE);
  return [oldRead ? shorten(old, SHOWN_OF_VALUE) : '', shorten(ours, SHOWN_OF_VALUE)];
}

function printTable({ terminal }: Context, writes: readonly WriteLine[]): void {
  if (writes.length === 0) {
    terminal.print('Nothing was written that answers to this.');
    return;
  }
  terminal.table(
    ['when', 'record', 'field', 'state', 'the CRM held', 'we wrote', 'run', 'why'],
    writes.map((write) => [
      (write.settledAt ?? write.plannedAt).toISOString().slice(0, 19).replace('T', ' '),
      `${nameObject(write.connection, write.object)} ${write.externalId}`,
      write.field,
      write.state,
      ...showValues(write),
      write.runId === null ? '' : describeRun(write.runId, write.startedBy),
      [shorten(write.reason ?? '', 60), ...(write.editor === null ? [] : [describeEditor(write.editor)])]
        .filter((part) => part !== '')
        .join('; '),
    ]),
  );
}
