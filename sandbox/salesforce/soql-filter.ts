import { Refusal } from './call.ts';
import { normalizeId } from './ids.ts';
import type { SalesforceValue } from './options.ts';
import type { Field, FieldType } from './schema.ts';
import type { Condition, Literal, Operator } from './soql-parse.ts';
import type { Item, Table } from './tables.ts';

/** A field path (`Website`, `Account.Name`) made ready to read. */
export type Reader = { field: Field; read: (item: Item) => SalesforceValue };

/** Where a relationship leads: another table, by name. */
export type OpenRelated = (object: string) => Table;

function noSuchColumn(name: string, table: Table): Refusal {
  return new Refusal(
    400,
    'INVALID_FIELD',
    `No such column '${name}' on entity '${table.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`,
  );
}

/** Path → reader; INVALID_FIELD when the user can see no such column. */
export function openPath(table: Table, path: string, related: OpenRelated): Reader {
  const [head = '', ...rest] = path.split('.');
  if (rest.length === 0) {
    const field = table.field(head);
    if (field === undefined) throw noSuchColumn(head, table);
    return { field, read: (item) => item.read(field.name) };
  }
  const link = table.fieldThrough(head);
  if (link?.referenceTo === undefined || link.referenceTo === null)
    throw new Refusal(
      400,
      'INVALID_FIELD',
      `Didn't understand relationship '${head}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name.`,
    );
  const target = related(link.referenceTo);
  const inner = openPath(target, rest.join('.'), related);
  return {
    field: inner.field,
    read: (item) => {
      const id = item.read(link.name);
      const found = typeof id === 'string' ? target.find(id) : undefined;
      return found === undefined ? null : inner.read(found);
    },
  };
}

const literalFor: Readonly<Record<FieldType, Literal['kind']>> = {
  id: 'string',
  reference: 'string',
  string: 'string',
  textarea: 'string',
  picklist: 'string',
  url: 'string',
  email: 'string',
  phone: 'string',
  double: 'number',
  int: 'number',
  boolean: 'boolean',
  date: 'datetime',
  datetime: 'datetime',
};

/** What to compare with: checked against the field's type, folded the way the field is compared. */
function operand(field: Field, literal: Literal): SalesforceValue {
  if (literal.kind === 'null') return null;
  const wanted = literalFor[field.type];
  if (literal.kind !== wanted)
    throw new Refusal(
      400,
      'INVALID_FIELD',
      `value of filter criterion for field '${field.name}' must be of type ${field.type} and should ${wanted === 'string' ? '' : 'not '}be enclosed in quotes`,
    );
  if (literal.kind === 'string' && isId(field)) {
    const id = normalizeId(literal.value);
    if (id === null)
      throw new Refusal(400, 'INVALID_QUERY_FILTER_OPERATOR', `invalid ID field: ${literal.value}`);
    return id;
  }
  return fold(field, field.type === 'date' ? String(literal.value).slice(0, 10) : literal.value);
}

const isId = (field: Field): boolean => field.type === 'id' || field.type === 'reference';

/** Text compares without case; ids and instants as they are. */
function fold(field: Field, value: SalesforceValue): SalesforceValue {
  return typeof value === 'string' && literalFor[field.type] === 'string' && !isId(field)
    ? value.toLowerCase()
    : value;
}

/** -1, 0 or 1; values of one field have one type. */
export function compareValues(left: SalesforceValue, right: SalesforceValue): number {
  if (left === right || left === null || right === null) return 0;
  return left < right ? -1 : 1;
}

/** A LIKE pattern: `%` any text, `_` one character, `\%` and `\_` themselves. */
function likePattern(text: string): RegExp {
  const source = text.replaceAll(/\\[%_]|[%_]|[\\^$.*+?()[\]{}|]/g, (piece) => {
    if (piece === '%') return '.*';
    if (piece === '_') return '.';
    return `\\${piece.slice(-1)}`;
  });
  return new RegExp(`^${source}$`, 'isu');
}

function tester(field: Field, operator: Operator, literal: Literal): (value: SalesforceValue) => boolean {
  const right = operand(field, literal);
  if (operator === '=') return (left) => left === right;
  if (operator === '!=') return (left) => left !== right;
  if (operator === 'LIKE') {
    if (literal.kind !== 'string' || isId(field))
      throw new Refusal(400, 'INVALID_QUERY_FILTER_OPERATOR', `invalid operator on ${field.type} field`);
    const pattern = likePattern(literal.value);
    return (left) => typeof left === 'string' && pattern.test(left);
  }
  if (field.type === 'boolean' || right === null)
    throw new Refusal(400, 'INVALID_QUERY_FILTER_OPERATOR', `invalid operator on ${field.type} field`);
  return (left) => {
    if (left === null) return false;
    const order = compareValues(left, right);
    return operator === '<'
      ? order < 0
      : operator === '<='
        ? order <= 0
        : operator === '>'
          ? order > 0
          : order >= 0;
  };
}

/** WHERE → a test of one row. */
export function compileCondition(
  table: Table,
  condition: Condition,
  related: OpenRelated,
): (item: Item) => boolean {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const parts = condition.parts.map((part) => compileCondition(table, part, related));
      return condition.kind === 'and'
        ? (item) => parts.every((part) => part(item))
        : (item) => parts.some((part) => part(item));
    }
    case 'not': {
      const part = compileCondition(table, condition.part, related);
      return (item) => !part(item);
    }
    case 'compare':
    case 'in': {
      const { field, read } = openPath(table, condition.field, related);
      if (field.long)
        throw new Refusal(400, 'INVALID_FIELD', `field '${field.name}' can not be filtered in a query call`);
      if (condition.kind === 'compare') {
        const test = tester(field, condition.operator, condition.value);
        return (item) => test(fold(field, read(item)));
      }
      const values = new Set(condition.values.map((literal) => operand(field, literal)));
      return (item) => values.has(fold(field, read(item))) !== condition.not;
    }
  }
}
