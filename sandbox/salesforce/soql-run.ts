import { Refusal } from './call.ts';
import type { TwinUser } from './call.ts';
import type { SalesforceValue } from './options.ts';
import type { Org } from './org.ts';
import type { Field } from './schema.ts';
import { compareValues, compileCondition, openPath } from './soql-filter.ts';
import type { OpenRelated } from './soql-filter.ts';
import type { Select } from './soql-parse.ts';
import { openTable } from './tables.ts';
import type { Item, Table } from './tables.ts';

/** The rows that a query found, and how to show each. */
export type Found = { object: string; items: Item[]; render: (item: Item) => Record<string, unknown> };

/** A value as the REST API writes it: instants with +0000 instead of Z. */
export function showValue(field: Field, value: SalesforceValue): SalesforceValue {
  return field.type === 'datetime' && typeof value === 'string' ? value.replace(/Z$/, '+0000') : value;
}

/** Runs a query as a user sees the org; `all` includes deleted rows (queryAll). */
export function runSoql(
  org: Org,
  user: TwinUser,
  select: Select,
  options: { all: boolean; version: string },
): Found {
  const table = openTable(org, user, select.object);
  const related: OpenRelated = (object) => openTable(org, user, object);
  const passes = select.where === null ? null : compileCondition(table, select.where, related);
  const render = select.count ? () => ({}) : renderer(table, select.fields, related, options.version);
  const deletable = table.field('IsDeleted') !== undefined;
  let items = table
    .rows()
    .filter(
      (item) =>
        (options.all || !deletable || item.read('IsDeleted') !== true) && (passes === null || passes(item)),
    );
  if (select.orderBy.length > 0) items = sortItems(table, items, select.orderBy, related);
  if (select.limit !== null) items = items.slice(0, select.limit);
  return { object: table.name, items, render };
}

function sortItems(table: Table, items: Item[], orderBy: Select['orderBy'], related: OpenRelated): Item[] {
  const keys = orderBy.map((order) => {
    const { field, read } = openPath(table, order.field, related);
    if (field.long)
      throw new Refusal(400, 'INVALID_FIELD', `field '${field.name}' can not be sorted in a query call`);
    return { ...order, read };
  });
  const placed = items.map((item) => ({ item, values: keys.map((key) => key.read(item)) }));
  placed.sort((left, right) => {
    for (const [index, key] of keys.entries()) {
      const a = left.values[index] ?? null;
      const b = right.values[index] ?? null;
      if (a === null || b === null) {
        if (a !== b) return (a === null) === key.nullsLast ? 1 : -1;
        continue;
      }
      const order = compareValues(a, b);
      if (order !== 0) return key.descending ? -order : order;
    }
    return 0;
  });
  return placed.map(({ item }) => item);
}

function attributes(object: string, id: string, version: string): { type: string; url: string } {
  return { type: object, url: `/services/data/${version}/sobjects/${object}/${id}` };
}

/** Builds the function that shows a row: `Account.Name` nests under `Account`. */
function renderer(
  table: Table,
  paths: readonly string[],
  related: OpenRelated,
  version: string,
): (item: Item) => Record<string, unknown> {
  const plain: Field[] = [];
  const nested = new Map<string, string[]>();
  const seen = new Set<string>();
  for (const path of paths) {
    const key = path.toLowerCase();
    if (seen.has(key)) throw new Refusal(400, 'INVALID_FIELD', `duplicate field selected: ${path}`);
    seen.add(key);
    const { field } = openPath(table, path, related);
    const dot = path.indexOf('.');
    if (dot === -1) plain.push(field);
    else nested.set(path.slice(0, dot), [...(nested.get(path.slice(0, dot)) ?? []), path.slice(dot + 1)]);
  }
  const links = [...nested].flatMap(([relationship, inner]) => {
    const link = table.fieldThrough(relationship);
    if (link?.referenceTo === undefined || link.referenceTo === null) return [];
    const target = related(link.referenceTo);
    return [
      {
        name: link.relationship ?? relationship,
        link,
        target,
        show: renderer(target, inner, related, version),
      },
    ];
  });
  return (item) => {
    const shown: Record<string, unknown> = { attributes: attributes(table.name, item.id, version) };
    for (const field of plain) shown[field.name] = showValue(field, item.read(field.name));
    for (const { name, link, target, show } of links) {
      const id = item.read(link.name);
      const found = typeof id === 'string' ? target.find(id) : undefined;
      shown[name] = found === undefined ? null : show(found);
    }
    return shown;
  };
}
