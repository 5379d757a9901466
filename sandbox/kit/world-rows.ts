import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { domainToASCII } from 'node:url';
import { z } from 'zod';

const text = z.string().trim();
const optional = text.nullish().transform((value) => (value ? value : null));
const filled = text.min(1, 'must not be empty');
const count = z
  .number()
  .nonnegative()
  .nullish()
  .transform((value) => (typeof value === 'number' ? Math.round(value) : null));

/** A web address of http or https. */
const address = filled.refine((value) => {
  const url = URL.parse(value);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
}, 'expected an http or https URL');

const published = text
  .regex(/^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:?\d{2})?)?$/, 'expected an ISO date such as 2026-05-31')
  .refine((value) => !Number.isNaN(Date.parse(value)), 'no such date')
  .nullish()
  .transform((value) => value ?? null);

/** Lower case, ASCII (IDN as punycode), without "www."; empty when the value can be no host name. */
export function normalizeHost(value: string): string {
  return domainToASCII(value.trim().toLowerCase()).replace(/^www\./, '');
}

const domain = filled
  .transform(normalizeHost)
  .refine((host) => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(host), 'expected a domain such as acme.example');

const crm = z.enum(['salesforce', 'hubspot']);

export const companyRow = z
  .object({
    id: filled,
    domain,
    website: optional,
    name: filled,
    one_liner: optional,
    description: optional,
    industry: optional,
    employees: count,
    location: optional,
    country: optional,
    robots: z.string().nullish(),
    crm: z.array(crm).nullish(),
  })
  .transform((row) => ({ ...row, country: row.country ?? row.location?.split(',').at(-1)?.trim() ?? null }));

export const pageRow = z
  .object({
    domain,
    url: address,
    kind: z.enum(['home', 'about', 'careers', 'blog', 'docs', 'news']),
    title: text,
    html: z.string().nullish(),
    text: z.string().nullish(),
    published,
    status: z.number().int().min(100).max(599).nullish(),
  })
  .refine((row) => typeof row.html === 'string' || typeof row.text === 'string', {
    path: ['text'],
    error: 'a page needs html or text',
  });

export const articleRow = z.object({
  url: address,
  title: filled,
  text: filled,
  published,
  domains: z.array(domain),
});
export const filingRow = z.object({ domain, url: address, title: filled, text: filled, published });
export const distractorRow = z.object({ title: filled, text: filled });

const allowed = { salesforce: ['Account', 'Lead', 'Contact'], hubspot: ['company', 'contact'] };

export const recordRow = z
  .object({
    crm,
    object: z.enum(['Account', 'Lead', 'Contact', 'company', 'contact']),
    key: filled,
    name: optional,
    first_name: optional,
    last_name: optional,
    email: optional,
    title: optional,
    company: optional,
    website: optional,
    domain: domain.nullish().transform((value) => value ?? null),
    parent: optional,
    converted_to: optional,
    industry: optional,
    employees: count,
    country: optional,
    phone: optional,
    owner: optional,
  })
  .superRefine((row, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (!allowed[row.crm].includes(row.object)) refuse('object', `${row.crm} has no ${row.object}`);
    if (row.object === 'Account' && row.name === null) refuse('name', 'a Salesforce Account needs a name');
    if ((row.object === 'Lead' || row.object === 'Contact') && row.last_name === null)
      refuse('last_name', `a Salesforce ${row.object} needs a last_name`);
    if (row.object === 'Lead' && row.company === null) refuse('company', 'a Salesforce Lead needs a company');
  });

export type CompanyRow = z.infer<typeof companyRow>;
export type RecordRow = z.infer<typeof recordRow>;
export type PlacedRow<Row> = { line: number; row: Row };

/** A line of a world's file is wrong; the message is one line that says where and why. */
export function badLine(file: string, line: number, reason: string): Error {
  return new Error(`${file} line ${line}: ${reason}`);
}

function explain(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'not understood';
  const path = issue.path.map(String).join('.');
  const reason = issue.message.replace(/^Invalid (input|option): /, '');
  return path === '' ? reason : `${path}: ${reason}`;
}

/**
 * Reads one JSON-lines file of a world; blank lines are skipped.
 * @returns the rows with their line numbers (from 1); null when the file does not exist
 * @throws Error with a one-line message naming file, line and field, or why the file cannot be read
 */
export async function readRows<Row>(
  dir: string,
  file: string,
  schema: z.ZodType<Row>,
): Promise<PlacedRow<Row>[] | null> {
  const content = await readText(join(dir, file), file);
  if (content === null) return null;
  const rows: PlacedRow<Row>[] = [];
  let line = 0;
  for (const raw of content.split('\n')) {
    line += 1;
    if (raw.trim() === '') continue;
    const result = schema.safeParse(parseJson(raw, file, line));
    if (!result.success) throw badLine(file, line, explain(result.error));
    rows.push({ line, row: result.data });
  }
  return rows;
}

async function readText(path: string, file: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new Error(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function parseJson(raw: string, file: string, line: number): unknown {
  try {
    return JSON.parse(raw);
  } catch (error) {
    throw new Error(badLine(file, line, 'not valid JSON').message, { cause: error });
  }
}
