import { Refusal } from './call.ts';
import type { Answer, Call } from './call.ts';
import { makeId } from './ids.ts';
import type { Org } from './org.ts';
import { malformed } from './soql-tokens.ts';
import { parseSoql } from './soql-parse.ts';
import { runSoql } from './soql-run.ts';
import type { Found } from './soql-run.ts';

// Rows per page: 2,000 unless Sforce-Query-Options asks for fewer, never under 200 (REST API guide, "Query Options Header").
const LARGEST_PAGE = 2000;
const SMALLEST_PAGE = 200;
// A user may keep ten query cursors open; opening more drops the oldest. Our workers share one user.
const OPEN_CURSORS = 10;

type Cursor = Found & { pageSize: number };

export type QueryApi = { query(call: Call, all: boolean): Answer; more(call: Call, locator: string): Answer };

function pageSizeOf(call: Call): number {
  const asked = /batchSize\s*=\s*(\d+)/i.exec(call.headers['sforce-query-options'] ?? '')?.[1];
  const size = asked === undefined ? LARGEST_PAGE : Number(asked);
  return Math.min(LARGEST_PAGE, Math.max(SMALLEST_PAGE, size));
}

/** query, queryAll and what follows them. */
export function createQueryApi(org: Org): QueryApi {
  const cursors = new Map<string, Cursor>();
  let opened = 0;

  const page = (call: Call, id: string, cursor: Cursor, from: number, operation: string): Answer => {
    const items = cursor.items.slice(from, from + cursor.pageSize);
    const upTo = from + items.length;
    const done = upTo >= cursor.items.length;
    const rest = done ? {} : { nextRecordsUrl: `/services/data/${call.version}/query/${id}-${upTo}` };
    const records = items.map(cursor.render);
    return {
      status: 200,
      json: { totalSize: cursor.items.length, done, ...rest, records },
      operation,
      units: records.length,
    };
  };

  return {
    query: (call, all) => {
      const soql = call.query.get('q');
      if (soql === null || soql.trim() === '') throw malformed('A query string has to be specified');
      const select = parseSoql(soql);
      const found = runSoql(org, call.user, select, { all, version: call.version });
      const operation = all ? 'query all' : 'query';
      if (select.count)
        return {
          status: 200,
          json: { totalSize: found.items.length, done: true, records: [] },
          operation,
          units: 1,
        };
      opened += 1;
      const id = makeId('Organization', `cursor:${opened}`).replace(/^00D/, '01g');
      const cursor = { ...found, pageSize: pageSizeOf(call) };
      if (found.items.length > cursor.pageSize) {
        const [oldest] = cursors.keys();
        if (cursors.size >= OPEN_CURSORS && oldest !== undefined) cursors.delete(oldest);
        cursors.set(id, cursor);
      }
      return page(call, id, cursor, 0, operation);
    },
    more: (call, locator) => {
      const [, id = '', from = ''] = /^(\w+)-(\d+)$/.exec(locator) ?? [];
      const cursor = cursors.get(id);
      if (cursor === undefined) throw new Refusal(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
      return page(call, id, cursor, Number(from), 'query more');
    },
  };
}
