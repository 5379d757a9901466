import type { Request } from 'express';
import type { Tx } from '../../db.ts';
import { nameObject } from '../../pipeline/store/connections.ts';
import { listWrites } from '../../pipeline/store/writes-list.ts';
import type { WriteLine } from '../../pipeline/store/writes-list.ts';
import { CRM_NAMES, describeWrite } from './describe-writes.ts';
import { linkWith } from './pager.ts';

// Ten fields on a few records, several times over.
const LINES = 50;
const LONGEST_ID = 64;

/** A page of what was written to a company's records, the newest first. */
export type CompanyWrites = {
  lines: WriteLine[];
  /** Only this record's; null: those of all. */
  record: string | null;
  /** The first page begins at the newest line. */
  isFirst: boolean;
  /** Where the next page begins; null: this one is the last. */
  nextBefore: number | null;
};

/** The page of lines that `?record=` and `?before=` ask for. */
export async function readCompanyWrites(tx: Tx, companyId: string, request: Request): Promise<CompanyWrites> {
  const record = readText(request.query['record']);
  const before = readText(request.query['before']);
  const beforeId = before !== null && /^\d{1,15}$/.test(before) ? Number(before) : null;
  const filter = { companyId, externalId: record ?? undefined };
  const lines = await listWrites(tx, filter, { limit: LINES + 1, beforeId });
  const shown = lines.slice(0, LINES);
  return {
    lines: shown,
    record,
    isFirst: beforeId === null,
    nextBefore: lines.length > LINES ? (shown.at(-1)?.id ?? null) : null,
  };
}

/** The lines record by record, the one that was written to last first. */
export function describeCompanyWrites(path: string, { lines, record, isFirst, nextBefore }: CompanyWrites) {
  const link = (query: Record<string, string | undefined>): string => `${linkWith(path, query)}#writes`;
  const groups = Map.groupBy(
    lines,
    (line) => `${CRM_NAMES[line.crm]} ${nameObject(line.connection, line.object)} ${line.externalId}`,
  );
  return {
    records: [...groups].map(([name, [first, ...rest]]) => ({
      name,
      href: first === undefined || record !== null ? null : link({ record: first.externalId }),
      writes: first === undefined ? [] : [first, ...rest].map(describeWrite),
    })),
    only: record,
    all: record === null ? null : link({}),
    newest: isFirst ? null : link({ record: record ?? undefined }),
    older: nextBefore === null ? null : link({ record: record ?? undefined, before: String(nextBefore) }),
  };
}

function readText(value: unknown): string | null {
  const text = typeof value === 'string' ? value.replaceAll('\0', '').slice(0, LONGEST_ID) : '';
  return text === '' ? null : text;
}
