import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { buildRecords } from './world-records.ts';
import {
  articleRow,
  badLine,
  companyRow,
  distractorRow,
  filingRow,
  normalizeHost,
  pageRow,
  readRows,
  recordRow,
} from './world-rows.ts';
import type { CompanyRow, PlacedRow } from './world-rows.ts';
import type { World, WorldCompany, WorldPage } from './world-types.ts';

export type * from './world-types.ts';

/**
 * The key under which a page is found: host without "www.", path without a trailing slash, query; scheme and
 * fragment do not count. Text that is no URL is its own key.
 */
export function pageKey(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return url;
  return normalizeHost(parsed.hostname) + parsed.pathname.replace(/\/+$/, '') + parsed.search;
}

/** The page at a URL, if the world has one. */
export function findPage(world: World, url: string): WorldPage | undefined {
  return world.pages.get(pageKey(url));
}

function toCompany(row: CompanyRow): WorldCompany {
  const { id, domain, name, description, industry, employees, country } = row;
  const website = row.website ?? `https://${domain}/`;
  return {
    id,
    domain,
    website,
    name,
    oneLiner: row.one_liner,
    description,
    industry,
    employees,
    country,
    robots: row.robots ?? null,
  };
}

/** What a visitor reads on a company's front page when the world has no page for it: name, one line, description. */
function homePage(company: WorldCompany): WorldPage {
  const { domain, name, oneLiner, description } = company;
  const text = [name, oneLiner, description].filter((part) => part !== null).join('\n\n');
  return {
    domain,
    url: `https://${domain}/`,
    kind: 'home',
    title: name,
    html: null,
    text,
    published: null,
    status: 200,
  };
}

function firstOfEachDomain(placed: readonly PlacedRow<CompanyRow>[]): CompanyRow[] {
  const byDomain = new Map<string, CompanyRow>();
  for (const { row } of placed) if (!byDomain.has(row.domain)) byDomain.set(row.domain, row);
  return [...byDomain.values()];
}

/**
 * Reads a world: a folder of JSON lines (see sandbox/world/README.md), all of it or nothing.
 * @param dir the folder; companies.jsonl must be in it, the other files may
 * @param options.limit take only the first so many companies, with their pages, articles, filings and records
 * @throws Error with a one-line message when the folder cannot be read or a line is wrong
 */
export async function loadWorld(dir: string, options: { limit?: number } = {}): Promise<World> {
  const path = resolve(dir);
  const folder = await stat(path).catch(() => null);
  if (folder === null || !folder.isDirectory())
    throw new Error(`world folder ${path} is not there or is no folder`);
  const [companyRows, pageRows, newsRows, filingRows, distractorRows, recordRows] = await Promise.all([
    readRows(path, 'companies.jsonl', companyRow),
    readRows(path, 'pages.jsonl', pageRow),
    readRows(path, 'news.jsonl', articleRow),
    readRows(path, 'filings.jsonl', filingRow),
    readRows(path, 'distractors.jsonl', distractorRow),
    readRows(path, 'records.jsonl', recordRow),
  ]);
  if (companyRows === null) throw new Error(`world folder ${path} has no companies.jsonl`);
  if (companyRows.length === 0) throw new Error(`companies.jsonl in ${path} has no companies`);

  const all = firstOfEachDomain(companyRows);
  const rows = options.limit === undefined ? all : all.slice(0, options.limit);
  const dropped = new Set(all.slice(rows.length).map((row) => row.domain));
  const companies = rows.map(toCompany);

  const pages = new Map<string, WorldPage>();
  for (const { line, row } of pageRows ?? []) {
    if (dropped.has(row.domain)) continue;
    if (pages.has(pageKey(row.url))) throw badLine('pages.jsonl', line, `url: ${row.url} came before`);
    pages.set(pageKey(row.url), {
      ...row,
      html: row.html ?? null,
      text: row.text ?? null,
      status: row.status ?? 200,
    });
  }
  for (const company of companies) {
    const key = pageKey(`https://${company.domain}/`);
    if (!pages.has(key)) pages.set(key, homePage(company));
  }

  const kept = (domain: string) => !dropped.has(domain);
  return {
    name: basename(path),
    dir: path,
    companies,
    duplicates: companyRows.length - all.length,
    pages,
    news: (newsRows ?? [])
      .map(({ row }) => row)
      .filter((row) => row.domains.length === 0 || row.domains.some(kept)),
    filings: (filingRows ?? []).map(({ row }) => row).filter((row) => kept(row.domain)),
    distractors: (distractorRows ?? []).map(({ row }) => row),
    records: buildRecords(rows, recordRows, dropped.size > 0),
  };
}
