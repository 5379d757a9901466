import { Refusal } from './call.ts';

// "Understanding Bulk API 2.0 Query", SOQL considerations (Bulk API 2.0 guide, API 67.0). ORDER BY and LIMIT are taken, though
// they switch chunking off.
const REFUSED: readonly { part: 'select' | 'all'; pattern: RegExp; message: string }[] = [
  {
    part: 'select',
    pattern: /\(\s*SELECT\b/i,
    message: 'Aggregate Relationships not supported in Bulk V2 Query with CSV content type',
  },
  {
    part: 'select',
    pattern: /\b(COUNT|COUNT_DISTINCT|SUM|AVG|MIN|MAX)\s*\(/i,
    message: 'Aggregate functions are not supported in Bulk V2 Query',
  },
  { part: 'select', pattern: /\bTYPEOF\b/i, message: 'TYPEOF is not supported in Bulk V2 Query' },
  { part: 'select', pattern: /\bFIELDS\s*\(/i, message: 'FIELDS() is not supported in Bulk V2 Query' },
  {
    part: 'select',
    pattern: /\b(Billing|Shipping|Mailing|Other)?Address\b/i,
    message: 'Selecting compound data not supported in Bulk Query',
  },
  { part: 'all', pattern: /\bGROUP\s+BY\b/i, message: 'GROUP BY is not supported in Bulk V2 Query' },
  { part: 'all', pattern: /\bOFFSET\b/i, message: 'OFFSET is not supported in Bulk V2 Query' },
];

/** Refuses the SOQL that a REST query may have and a bulk query may not. */
export function refuseBulkSoql(soql: string): void {
  const bare = soql.replaceAll(/'(?:[^'\\]|\\.)*'/gs, "''");
  const [select = ''] = bare.split(/\bWHERE\b/i);
  for (const { part, pattern, message } of REFUSED)
    if (pattern.test(part === 'select' ? select : bare)) throw new Refusal(400, 'API_ERROR', message);
}
