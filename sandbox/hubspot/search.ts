import { z } from 'zod';
import { refuse } from './answers.ts';
import type { TwinRecord } from './records.ts';
import type { PropertyDefinition } from './schema.ts';
import { queriedProperties } from './schema.ts';
import { parseMoment } from './values.ts';

// Limits of the search guide: developers.hubspot.com, "Search the CRM", section "Limits".
const PAGE_LIMIT = 200;
const RESULT_LIMIT = 10_000;
const QUERY_LIMIT = 3_000;
const GROUP_LIMIT = 5;
const GROUP_FILTER_LIMIT = 6;
const FILTER_LIMIT = 18;
const DEFAULT_PAGE = 10;

const operators = [
  'EQ', 'NEQ', 'LT', 'LTE', 'GT', 'GTE', 'BETWEEN', 'IN', 'NOT_IN', 'HAS_PROPERTY', 'NOT_HAS_PROPERTY', 'CONTAINS_TOKEN', 'NOT_CONTAINS_TOKEN',
] as const; // prettier-ignore

const Filter = z.object({
  propertyName: z.string(),
  operator: z.enum(operators),
  value: z.string().optional(),
  highValue: z.string().optional(),
  values: z.array(z.string()).optional(),
});
type Filter = z.infer<typeof Filter>;

const SearchRequest = z.object({
  query: z.string().optional(),
  limit: z.number().int().min(0).optional(),
  after: z.union([z.string(), z.number()]).optional(),
  sorts: z
    .array(
      z.union([
        z.string(),
        z.object({ propertyName: z.string(), direction: z.enum(['ASCENDING', 'DESCENDING']).optional() }),
      ]),
    )
    .optional(),
  properties: z.array(z.string()).optional(),
  filterGroups: z.array(z.object({ filters: z.array(Filter).default([]) })).optional(),
  // The same as one group of filters.
  filters: z.array(Filter).optional(),
});

export type ParsedSearch = {
  properties: readonly string[];
  offset: number;
  limit: number;
  /** "NAME" or "-NAME". */
  sort: string | null;
  matches(record: TwinRecord): boolean;
};

/** A search body as HubSpot takes it. @throws HubspotRefusal for what the search guide's limits forbid */
export function parseSearch(
  body: unknown,
  definitions: ReadonlyMap<string, PropertyDefinition>,
): ParsedSearch {
  const parsed = SearchRequest.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refuse(`Invalid input JSON on line 1, column 1: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const search = parsed.data;
  const limit = search.limit ?? DEFAULT_PAGE;
  if (limit > PAGE_LIMIT) throw refuse(`The limit of ${limit} is more than the ${PAGE_LIMIT} allowed`);
  const offset = Number(search.after ?? 0);
  if (!Number.isInteger(offset) || offset < 0)
    throw refuse(`"after" must be a number, not "${search.after}"`);
  if (offset + limit > RESULT_LIMIT)
    throw refuse(
      `There was a problem with the request: paging beyond ${RESULT_LIMIT} results is not supported`,
    );
  if ((search.query ?? '').length > QUERY_LIMIT)
    throw refuse(`The query is longer than the ${QUERY_LIMIT} characters allowed`);
  const groups = [
    ...(search.filterGroups ?? []),
    ...(search.filters === undefined ? [] : [{ filters: search.filters }]),
  ];
  checkCounts(groups.map((group) => group.filters.length));
  const tests = groups.map((group) => group.filters.map((filter) => compileFilter(filter, definitions)));
  const words = (search.query ?? '').toLowerCase().split(/\s+/).filter((word) => word !== ''); // prettier-ignore
  return {
    properties: search.properties ?? [],
    offset,
    limit,
    sort: parseSort(search.sorts ?? [], definitions),
    matches: (record) =>
      (tests.length === 0 || tests.some((group) => group.every((test) => test(record)))) &&
      mentions(record, words),
  };
}

function checkCounts(counts: readonly number[]): void {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (counts.length > GROUP_LIMIT)
    throw refuse(`There are ${counts.length} filter groups; the most allowed is ${GROUP_LIMIT}`);
  if (counts.some((count) => count > GROUP_FILTER_LIMIT))
    throw refuse(`A filter group may have at most ${GROUP_FILTER_LIMIT} filters`);
  if (total > FILTER_LIMIT) throw refuse(`There are ${total} filters; the most allowed is ${FILTER_LIMIT}`);
}

type Sort = string | { propertyName: string; direction?: 'ASCENDING' | 'DESCENDING' | undefined };

function parseSort(sorts: readonly Sort[], definitions: ReadonlyMap<string, unknown>): string | null {
  if (sorts.length > 1) throw refuse('Only one sort is allowed');
  const [sort] = sorts;
  if (sort === undefined) return null;
  const text =
    typeof sort === 'string' ? sort : `${sort.direction === 'DESCENDING' ? '-' : ''}${sort.propertyName}`;
  const name = text.replace(/^-/, '');
  if (!definitions.has(name)) throw refuse(`Unable to sort by unknown property "${name}"`);
  return text;
}

function mentions(record: TwinRecord, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = queriedProperties(record.type)
    .map((name) => record.properties[name] ?? '')
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** A stored or asked value as something that can be compared. */
export function comparable(value: string, property: PropertyDefinition | undefined): number | string {
  if (property?.type === 'number') return Number(value);
  if (property?.type === 'datetime' || property?.type === 'date') return parseMoment(value) ?? Number.NaN;
  return value.toLowerCase();
}

function compileFilter(
  filter: Filter,
  definitions: ReadonlyMap<string, PropertyDefinition>,
): (record: TwinRecord) => boolean {
  const { propertyName: name, operator } = filter;
  const property = definitions.get(name);
  if (property === undefined)
    throw refuse(`There was a problem with the request: unknown property "${name}"`);
  const read = (record: TwinRecord): string | undefined => record.properties[name];
  if (operator === 'HAS_PROPERTY') return (record) => read(record) !== undefined;
  if (operator === 'NOT_HAS_PROPERTY') return (record) => read(record) === undefined;
  if (operator === 'IN' || operator === 'NOT_IN') {
    if (filter.values === undefined || filter.values.length === 0)
      throw refuse(`The operator ${operator} on "${name}" needs values`);
    const wanted = new Set(filter.values.map((value) => comparable(value, property)));
    return (record) => {
      const value = read(record);
      return value !== undefined && wanted.has(comparable(value, property)) === (operator === 'IN');
    };
  }
  const asked = filter.value;
  if (asked === undefined) throw refuse(`The operator ${operator} on "${name}" needs a value`);
  if (operator === 'CONTAINS_TOKEN' || operator === 'NOT_CONTAINS_TOKEN') {
    const token = tokenPattern(asked);
    return (record) => token.test(read(record) ?? '') === (operator === 'CONTAINS_TOKEN');
  }
  const bound = comparable(asked, property);
  const high = comparable(filter.highValue ?? '', property);
  if (operator === 'BETWEEN' && filter.highValue === undefined)
    throw refuse(`The operator BETWEEN on "${name}" needs a highValue`);
  if (Number.isNaN(bound) || (operator === 'BETWEEN' && Number.isNaN(high)))
    throw refuse(`"${asked}" is not a ${property.type} for property "${name}"`);
  return (record) => {
    const stored = read(record);
    if (stored === undefined) return operator === 'NEQ';
    const value = comparable(stored, property);
    switch (operator) {
      case 'EQ':
        return value === bound;
      case 'NEQ':
        return value !== bound;
      case 'LT':
        return value < bound;
      case 'LTE':
        return value <= bound;
      case 'GT':
        return value > bound;
      case 'GTE':
        return value >= bound;
      case 'BETWEEN':
        return value >= bound && value <= high;
    }
  };
}

/** A word with `*` as a wildcard at either end, anywhere in the text. */
function tokenPattern(token: string): RegExp {
  const escaped = token.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[\\p{L}\\p{N}]*');
  return new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'iu');
}
