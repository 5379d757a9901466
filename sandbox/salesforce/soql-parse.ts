import { malformed, readTokens } from './soql-tokens.ts';
import type { Token } from './soql-tokens.ts';

export type Literal =
  | { kind: 'string' | 'datetime'; value: string }
  | { kind: 'number'; value: number }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'null'; value: null };

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE';

export type Condition =
  | { kind: 'and' | 'or'; parts: Condition[] }
  | { kind: 'not'; part: Condition }
  | { kind: 'compare'; field: string; operator: Operator; value: Literal }
  | { kind: 'in'; field: string; not: boolean; values: Literal[] };

export type Select = {
  /** Empty for SELECT COUNT(). */
  fields: string[];
  count: boolean;
  object: string;
  where: Condition | null;
  orderBy: { field: string; descending: boolean; nullsLast: boolean }[];
  limit: number | null;
};

const operators = new Map<string, Operator>([
  ['=', '='],
  ['!=', '!='],
  ['<>', '!='],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
  ['LIKE', 'LIKE'],
]);

/** SOQL text → what it asks for; MALFORMED_QUERY for anything outside the part of SOQL that the twin speaks. */
export function parseSoql(soql: string): Select {
  const tokens = readTokens(soql);
  let position = 0;
  const peek = (): Token => tokens[position] ?? { kind: 'end', text: '', at: soql.length };
  const next = (): Token => {
    const token = peek();
    position += 1;
    return token;
  };
  const unexpected = (token: Token) =>
    malformed(`unexpected token: ${token.kind === 'end' ? '<EOF>' : token.text} at position ${token.at}`);
  const isWord = (word: string): boolean => peek().kind === 'word' && peek().text.toUpperCase() === word;
  const take = (text: string): boolean => {
    const token = peek();
    const same = token.kind === 'word' ? token.text.toUpperCase() === text : token.text === text;
    if ((token.kind === 'word' || token.kind === 'sign') && same) position += 1;
    else return false;
    return true;
  };
  const expect = (text: string): void => {
    if (!take(text)) throw unexpected(peek());
  };
  const name = (): string => {
    const token = next();
    if (token.kind !== 'word') throw unexpected(token);
    return token.text;
  };
  const list = <T>(read: () => T): T[] => {
    const items = [read()];
    while (take(',')) items.push(read());
    return items;
  };
  const literal = (): Literal => {
    const token = next();
    if (token.kind === 'string') return { kind: 'string', value: token.text };
    if (token.kind === 'number') return { kind: 'number', value: Number(token.text) };
    if (token.kind === 'datetime') {
      const at = Date.parse(token.text);
      if (Number.isNaN(at)) throw malformed(`Invalid date: ${token.text}`);
      return { kind: 'datetime', value: new Date(at).toISOString() };
    }
    const word = token.text.toUpperCase();
    if (token.kind === 'word' && word === 'NULL') return { kind: 'null', value: null };
    if (token.kind === 'word' && (word === 'TRUE' || word === 'FALSE'))
      return { kind: 'boolean', value: word === 'TRUE' };
    throw unexpected(token);
  };
  const comparison = (): Condition => {
    if (take('(')) {
      const inner = condition();
      expect(')');
      return inner;
    }
    if (take('NOT')) return { kind: 'not', part: comparison() };
    const field = name();
    const not = take('NOT');
    if (not || isWord('IN')) {
      expect('IN');
      expect('(');
      const values = list(literal);
      expect(')');
      return { kind: 'in', field, not, values };
    }
    const token = next();
    const operator = operators.get(token.text.toUpperCase());
    if (operator === undefined) throw unexpected(token);
    return { kind: 'compare', field, operator, value: literal() };
  };
  /** A chain is all AND or all OR; mixing them takes parentheses. */
  const condition = (): Condition => {
    const parts = [comparison()];
    const joint = isWord('AND') ? 'AND' : isWord('OR') ? 'OR' : null;
    if (joint === null) return parts[0] ?? comparison();
    while (take(joint)) parts.push(comparison());
    if (isWord('AND') || isWord('OR')) throw unexpected(peek());
    return { kind: joint === 'AND' ? 'and' : 'or', parts };
  };
  const order = (): Select['orderBy'][number] => {
    const field = name();
    const descending = take('DESC');
    if (!descending) take('ASC');
    let nullsLast = descending;
    if (take('NULLS')) {
      nullsLast = take('LAST');
      if (!nullsLast) expect('FIRST');
    }
    return { field, descending, nullsLast };
  };

  expect('SELECT');
  const first = tokens[position + 1];
  const count = isWord('COUNT') && first?.text === '(';
  if (count) position += 2;
  const fields = count ? [] : list(name);
  if (count) expect(')');
  expect('FROM');
  const object = name();
  const where = take('WHERE') ? condition() : null;
  let orderBy: Select['orderBy'] = [];
  if (take('ORDER')) {
    expect('BY');
    orderBy = list(order);
  }
  let limit: number | null = null;
  if (take('LIMIT')) {
    const token = next();
    if (token.kind !== 'number' || !/^\d+$/.test(token.text)) throw unexpected(token);
    limit = Number(token.text);
  }
  if (peek().kind !== 'end') throw unexpected(peek());
  return { fields, count, object, where, orderBy, limit };
}
