import { deriveRecords } from './world-derive.ts';
import { hubspotId, salesforceId } from './world-ids.ts';
import { badLine, normalizeHost } from './world-rows.ts';
import type { CompanyRow, PlacedRow, RecordRow } from './world-rows.ts';
import type { WorldRecords } from './world-types.ts';

const file = 'records.jsonl';
const prefixes = { Account: '001', Lead: '00Q', Contact: '003' };

/** The stable CRM id of a row: Salesforce 18 characters, HubSpot digits. */
function recordId(row: RecordRow): string {
  return row.object === 'company' || row.object === 'contact'
    ? hubspotId(row.key)
    : salesforceId(prefixes[row.object], row.key);
}

/** The domain that a row names: its domain, else its website's host, else the part of its e-mail after the @. */
function mentionedDomain(row: RecordRow): string | null {
  if (row.domain !== null) return row.domain;
  if (row.website !== null) {
    const url = URL.parse(row.website) ?? URL.parse(`https://${row.website}`);
    if (url !== null) return normalizeHost(url.hostname);
  }
  return row.email?.includes('@') ? normalizeHost(row.email.slice(row.email.lastIndexOf('@') + 1)) : null;
}

function isFirm(row: RecordRow): boolean {
  return row.object === 'Account' || row.object === 'company';
}

function indexKeys(placed: readonly PlacedRow<RecordRow>[]): Map<string, PlacedRow<RecordRow>> {
  const byKey = new Map<string, PlacedRow<RecordRow>>();
  for (const entry of placed) {
    const earlier = byKey.get(entry.row.key);
    if (earlier !== undefined) throw badLine(file, entry.line, `key: already used on line ${earlier.line}`);
    byKey.set(entry.row.key, entry);
  }
  for (const { line, row } of placed) {
    for (const field of ['parent', 'converted_to'] as const) {
      const wanted = row[field];
      if (wanted === null) continue;
      const target = byKey.get(wanted)?.row;
      if (target === undefined || target.crm !== row.crm || !isFirm(target))
        throw badLine(file, line, `${field}: no ${row.crm} account or company has the key ${wanted}`);
    }
  }
  return byKey;
}

/**
 * Every CRM row of a world. What records.jsonl says about a domain stands alone; companies that it does not mention
 * get the rows that follow from their domain.
 * @param companies the companies of this world, in order
 * @param placed the rows of records.jsonl; null: there is no such file
 * @param onlyTheirs leave out rows that belong to none of the companies
 * @throws Error naming the line of a repeated key or a parent that is not there
 */
export function buildRecords(
  companies: readonly CompanyRow[],
  placed: readonly PlacedRow<RecordRow>[] | null,
  onlyTheirs: boolean,
): WorldRecords {
  const written = placed ?? [];
  const byKey = indexKeys(written);
  const known = new Set(companies.map((company) => company.domain));
  const mentioned = new Set<string>();
  const rows: RecordRow[] = [];
  for (const { row } of written) {
    const parent = row.parent === null ? undefined : byKey.get(row.parent)?.row;
    const own = mentionedDomain(row);
    if (own !== null) mentioned.add(own);
    const domains = [own, parent === undefined ? null : mentionedDomain(parent)];
    if (!onlyTheirs || domains.some((domain) => domain !== null && known.has(domain))) rows.push(row);
  }
  for (const company of companies) {
    if (!mentioned.has(company.domain)) rows.push(...deriveRecords(company));
  }
  return sortIntoCrms(rows);
}

function sortIntoCrms(rows: readonly RecordRow[]): WorldRecords {
  const ids = new Map(rows.map((row) => [row.key, recordId(row)]));
  const idOf = (key: string | null) => (key === null ? null : (ids.get(key) ?? null));
  const records: WorldRecords = {
    salesforce: { accounts: [], leads: [], contacts: [] },
    hubspot: { companies: [], contacts: [] },
  };
  for (const row of rows) {
    const { name, email, title, industry, employees, country, phone, owner } = row;
    const id = recordId(row);
    const website = row.website ?? (row.domain === null ? null : `https://${row.domain}/`);
    const firm = { id, website, industry, employees, country, phone, owner };
    const person = { id, firstName: row.first_name, email, title, phone, owner };
    const parentId = idOf(row.parent);
    if (row.object === 'Account') records.salesforce.accounts.push({ ...firm, name: name ?? '', parentId });
    if (row.object === 'company')
      records.hubspot.companies.push({ ...firm, name, domain: row.domain, parentId });
    if (row.object === 'Contact')
      records.salesforce.contacts.push({ ...person, lastName: row.last_name ?? '', accountId: parentId });
    if (row.object === 'contact') {
      const { company } = row;
      records.hubspot.contacts.push({
        ...person,
        lastName: row.last_name,
        company,
        website,
        country,
        companyId: parentId,
      });
    }
    if (row.object === 'Lead') {
      const names = { lastName: row.last_name ?? '', company: row.company ?? '' };
      records.salesforce.leads.push({
        ...firm,
        ...person,
        ...names,
        convertedAccountId: idOf(row.converted_to),
      });
    }
  }
  return records;
}
