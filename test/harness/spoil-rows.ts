import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import type { TwinTap } from './twin-tap.ts';

/** What a row holds in place of what the CRM has there; `ROW`: in place of the whole row. `TWICE`: the row comes twice. */
export type Spoiled = Record<string, unknown>;
export const ROW = 'the row itself';
export const TWICE = 'twice';

const Body = z.looseObject({
  records: z.array(z.unknown()).optional(),
  results: z.array(z.unknown()).optional(),
});

/**
 * Serves these rows of a twin, by id, as they are given here and not as the CRM would have them: in pages and batches of both CRMs, and in
 * the results of Salesforce's bulk queries. HubSpot's properties count as the row's own.
 */
export function spoilRows(tap: TwinTap, spoiled: ReadonlyMap<string, Spoiled>): void {
  const spoil = (row: unknown): unknown[] => {
    if (typeof row !== 'object' || row === null) return [row];
    const held: Record<string, unknown> = { ...row };
    const wanted = spoiled.get(String(held.Id ?? held.id));
    if (wanted === undefined) return [row];
    if (ROW in wanted) return [wanted[ROW]];
    const { [TWICE]: twice, ...values } = wanted;
    const changed = place(held, values);
    return twice === undefined ? [changed] : [row, changed];
  };
  tap.rewrite = ({ path }, answer) => {
    if (/\/jobs\/query\/\w+\/results/.test(path)) return spoilCsv(answer, spoiled);
    if (/\/composite\/sobjects\/\w+$/.test(path))
      return JSON.stringify(z.array(z.unknown()).parse(JSON.parse(answer)).flatMap(spoil));
    if (!/\/query|\/crm\/objects\//.test(path)) return answer;
    const body = Body.safeParse(answer === '' ? {} : JSON.parse(answer));
    if (!body.success) return answer;
    const { records, results } = body.data;
    return JSON.stringify({
      ...body.data,
      ...(records === undefined ? {} : { records: records.flatMap(spoil) }),
      ...(results === undefined ? {} : { results: results.flatMap(spoil) }),
    });
  };
}

const OUTSIDE = new Set([
  'id',
  'updatedAt',
  'archivedAt',
  'archived',
  'url',
  'properties',
  'propertiesWithHistory',
]);

function place(row: Record<string, unknown>, values: Spoiled): Record<string, unknown> {
  const { properties } = row;
  if (typeof properties !== 'object' || properties === null) return { ...row, ...values };
  const entries = Object.entries(values);
  const own = Object.fromEntries(entries.filter(([name]) => OUTSIDE.has(name)));
  const inside = Object.fromEntries(entries.filter(([name]) => !OUTSIDE.has(name)));
  return { ...row, properties: { ...properties, ...inside }, ...own };
}

function spoilCsv(csv: string, spoiled: ReadonlyMap<string, Spoiled>): string {
  const [header = [], ...lines] = z.array(z.array(z.string())).parse(parse(csv));
  const at = header.indexOf('Id');
  const changed = lines.map((line) => {
    const wanted = spoiled.get(line[at] ?? '') ?? {};
    return line.map((cell, column) => {
      const value = wanted[header[column] ?? ''];
      if (value === undefined) return cell;
      return typeof value === 'string' ? value : JSON.stringify(value);
    });
  });
  return stringify([header, ...changed], { quoted: true });
}
