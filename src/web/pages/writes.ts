import type { Request } from 'express';
import type { Tx } from '../../db.ts';
import { domainOf } from '../../pipeline/1-sync/domain.ts';
import { findCompanyByDomain, nameCompanies } from '../../pipeline/store/companies.ts';
import { nameObject } from '../../pipeline/store/connections.ts';
import { findRun } from '../../pipeline/store/runs.ts';
import { listWrites } from '../../pipeline/store/writes-list.ts';
import type { WriteFilter, WriteLine } from '../../pipeline/store/writes-list.ts';
import { WRITE_FIELDS, WRITE_STATES } from '../../pipeline/store/writes.ts';
import { renderPage } from '../render.ts';
import { CRM_NAMES, WRITE_MEANINGS, describeWrite, labelField } from './describe-writes.ts';
import { describeFrame } from './frame.ts';
import type { PageDeps } from './page-deps.ts';
import { linkWith } from './pager.ts';
import { isRunId } from './read-run-id.ts';

const LINES = 50;
// A domain name (RFC 1035); no CRM's record id is longer.
const LONGEST = 253;

/** What the address asks for, as it is spelt there. */
type Asked = { state: string; field: string; record: string; company: string; run: string };

/** The ledger: what was written into the CRMs, the newest first, by record, company, field, run and state. */
export async function showWrites(deps: PageDeps, request: Request): Promise<string> {
  const asked = readAsked(request);
  const before = readText(request.query['before']);
  const beforeId = /^\d{1,15}$/.test(before) ? Number(before) : null;
  const found = await deps.db.inWorkspace(deps.workspaceId, async (tx) => {
    const read = await readFilter(tx, asked);
    if ('missing' in read) return { lines: [], names: new Map<string, never>(), missing: read.missing };
    const lines = await listWrites(tx, read.filter, { limit: LINES + 1, beforeId });
    return {
      lines,
      names: await nameCompanies(
        tx,
        lines.map(({ companyId }) => companyId),
      ),
      missing: '',
    };
  });
  const shown = found.lines.slice(0, LINES);
  const isFiltered = Object.values(asked).some((value) => value !== '');
  const link = (query: Partial<Asked> & { before?: string }): string =>
    linkWith('/writes', { ...asked, ...query });
  const last = found.lines.length > LINES ? shown.at(-1) : undefined;
  return renderPage('writes', {
    ...describeFrame({
      title: 'CRM writes',
      section: 'writes',
      visitor: deps.visitor,
      down: await deps.health.readDown(),
    }),
    asked,
    fields: WRITE_FIELDS.map((key) => ({ key, label: labelField(key), on: key === asked.field })),
    filters: [
      { label: 'All', href: link({ state: '' }), on: asked.state === '', meaning: 'whatever came of them' },
      ...WRITE_STATES.map((state) => ({
        label: state,
        href: link({ state }),
        on: state === asked.state,
        meaning: WRITE_MEANINGS[state],
      })),
    ],
    onlyRun:
      asked.run === ''
        ? null
        : { label: asked.run.slice(0, 8), href: `/runs/${asked.run}`, all: link({ run: '' }) },
    lines: shown.map((line) => ({
      ...describeWrite(line),
      ...describePlace(line, found.names),
      mine: link({ record: line.externalId }),
    })),
    isFiltered,
    missing: found.missing,
    newest: beforeId === null ? null : link({}),
    older: last === undefined ? null : link({ before: String(last.id) }),
  });
}

function readAsked(request: Request): Asked {
  const { query } = request;
  const state = readText(query['state']);
  const field = readText(query['field']);
  return {
    state: WRITE_STATES.find((each) => each === state) ?? '',
    field: WRITE_FIELDS.find((each) => each === field) ?? '',
    record: readText(query['record']),
    company: readCompany(readText(query['company'])),
    run: readText(query['run']).toLowerCase(),
  };
}

/** A pasted address or e-mail means its company's domain; what means none stays as it was typed, so that it can be named. */
function readCompany(typed: string): string {
  const read = domainOf(typed);
  return 'domain' in read ? read.domain : typed.toLowerCase();
}

/** What is looked for, or which of the things that are named there is none of. */
async function readFilter(
  tx: Tx,
  { state, field, record, company, run }: Asked,
): Promise<{ filter: WriteFilter } | { missing: string }> {
  if (run !== '' && !(isRunId(run) && (await findRun(tx, run)) !== null))
    return { missing: `There is no run ${run}.` };
  const named = company === '' ? null : await findCompanyByDomain(tx, company);
  if (company !== '' && named === null) return { missing: `${company} is not among your companies.` };
  return {
    filter: {
      state: WRITE_STATES.find((each) => each === state),
      field: field === '' ? undefined : field,
      externalId: record === '' ? undefined : record,
      companyId: named?.id,
      runId: run === '' ? undefined : run,
    },
  };
}

function describePlace(
  { crm, connection, object, externalId, companyId }: WriteLine,
  names: ReadonlyMap<string, { name: string; domain: string }>,
) {
  const company = names.get(companyId);
  return {
    record: `${CRM_NAMES[crm]} ${nameObject(connection, object)}`,
    recordId: externalId,
    company: company?.name ?? '',
    companyHref: company === undefined ? '' : `/companies/${encodeURIComponent(company.domain)}`,
  };
}

function readText(value: unknown): string {
  return typeof value === 'string' ? value.replaceAll('\0', '').trim().slice(0, LONGEST) : '';
}
