import type { CallOptions } from '../../connectors/call.ts';
import type { Crm, CrmObject, CrmRecord } from '../../connectors/crm.ts';
import type { Database } from '../../db.ts';
import type { Exclusions } from '../store/connection-settings.ts';
import type { Connection } from '../store/connections.ts';
import { findCompaniesOfRecords, listKnownElsewhere } from '../store/preview-exclusions.ts';
import { findExclusion } from './exclude.ts';
import { mirrorRecord } from './mirror-record.ts';

export type ExclusionCounts = {
  /** Companies that each leaves out by itself; a filter of one's own by its place in the list. */
  customers: number;
  openDeals: number;
  optedOut: number;
  where: number[];
  /** Companies that those which are switched on leave out together. */
  together: number;
  /** Companies among the rows that were read. */
  companies: number;
  rows: number;
  /** Rows that name no company (free mail, hosting, no website), by reason. */
  skipped: ReadonlyMap<string, number>;
  /** False where there were more rows, or less time, than were looked at. */
  complete: boolean;
};

/** What is known of a company: how many of its live rows there are, and how many each exclusion fits; one of its own decides alone. */
type Seen = { rows: number; fits: number[]; decided: boolean[] };

const NONE: Exclusions = { customers: false, openDeals: false, optedOut: false, where: [] };
// Five pages of Salesforce, a hundred of HubSpot: what a person waits for.
const ROWS_PER_OBJECT = 10_000;

/**
 * What exclusions would leave out, on rows read from the CRM now by the rules of a sync; nothing is stored.
 * @param crm opened under the settings that are tried, so that it reads the fields of their filters
 * @param call its signal ends the reading: what was read until then is counted
 */
export async function countExclusions(
  db: Database,
  crm: Crm,
  connection: Connection,
  exclude: Exclusions,
  call: CallOptions,
): Promise<ExclusionCounts> {
  const each = [
    { ...NONE, customers: true },
    { ...NONE, openDeals: true },
    { ...NONE, optedOut: true },
    ...exclude.where.map((rule) => ({ ...NONE, where: [rule] })),
    exclude,
  ];
  const companies = new Map<string, Seen>();
  const companyOf = new Map<string, string>();
  const skipped = new Map<string, number>();
  let rows = 0;
  const take = (record: CrmRecord, known: string | undefined): void => {
    if (record.deleted || record.mergedInto !== null || record.convertedTo !== null) return;
    rows += 1;
    const { domain, skippedBecause } = mirrorRecord(record, NONE);
    const company = known ?? domain ?? companyOf.get(record.parentId ?? '');
    if (company === undefined) {
      const because = skippedBecause ?? 'no company';
      skipped.set(because, (skipped.get(because) ?? 0) + 1);
      return;
    }
    companyOf.set(record.externalId, company);
    const seen = companies.get(company) ?? { rows: 0, fits: each.map(() => 0), decided: each.map(() => false) }; // prettier-ignore
    companies.set(company, seen);
    seen.rows += 1;
    const isOwn = record.object === 'Account' || record.object === 'company';
    for (const [index, one] of each.entries()) {
      if (findExclusion(record, one) === null) continue;
      seen.fits[index] = (seen.fits[index] ?? 0) + 1;
      if (isOwn) seen.decided[index] = true;
    }
  };

  let complete = true;
  const readObject = async (object: CrmObject): Promise<void> => {
    const enough = rows + ROWS_PER_OBJECT;
    for await (const { records } of crm.readChanges(object, null, call)) {
      const ids = records.map((record) => record.externalId);
      const known = await db.inWorkspace(connection.workspaceId, (tx) =>
        findCompaniesOfRecords(tx, connection.id, object, ids),
      );
      for (const record of records) take(record, known.get(record.externalId));
      // Deleted ones, which some CRMs tell first, do not count.
      if (rows < enough) continue;
      complete = false;
      return;
    }
  };
  const readDeals = async (): Promise<void> => {
    if (crm.readDeals === undefined) return;
    for await (const { deals } of crm.readDeals(null, call))
      for (const { accountId, open } of deals) {
        const seen = companies.get(companyOf.get(accountId ?? '') ?? '');
        if (seen === undefined || !open) continue;
        for (const [index, one] of each.entries()) if (one.openDeals) seen.decided[index] = true;
      }
  };
  try {
    for (const object of crm.readObjects) await readObject(object);
    await readDeals();
  } catch (error) {
    if (!call.signal.aborted) throw error;
    complete = false;
  }

  const elsewhere = await db.inWorkspace(connection.workspaceId, (tx) =>
    listKnownElsewhere(tx, connection.id, [...companies.keys()].filter(isId)),
  );
  const count = (index: number): number =>
    [...companies].filter(
      ([company, { rows: all, fits, decided }]) =>
        decided[index] === true || (fits[index] === all && !elsewhere.has(company)),
    ).length;
  return {
    customers: count(0),
    openDeals: count(1),
    optedOut: count(2),
    where: exclude.where.map((_, index) => count(3 + index)),
    together: count(each.length - 1),
    companies: companies.size,
    rows,
    skipped,
    complete,
  };
}

// Rows that no sync has stored yet are told apart by their domain.
const isId = (company: string): boolean => /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(company);
