import type Handlebars from 'handlebars';

type Options = Handlebars.HelperOptions;

/** How many arguments a helper takes, and what the first of them is. */
export type Signature = { least: number; most: number; first: 'any' | 'value' | 'list' | 'text' };

const takes = (least: number, most: number, first: Signature['first']): Signature => ({ least, most, first });

/** Helpers that give a text: `{{date published}}`. */
export const INLINE_HELPERS: ReadonlyMap<string, Signature> = new Map([
  ['list', takes(1, 2, 'list')],
  ['date', takes(1, 1, 'value')],
  ['money', takes(1, 2, 'value')],
  ['truncate', takes(2, 2, 'value')],
  ['round', takes(1, 1, 'value')],
]);

/** Helpers that enclose a part of the template: `{{#ifMore reasons 3}}…{{else}}…{{/ifMore}}`. */
export const BLOCK_HELPERS: ReadonlyMap<string, Signature> = new Map([
  ['if', takes(1, 1, 'any')],
  ['unless', takes(1, 1, 'any')],
  ['each', takes(1, 1, 'list')],
  ['ifEquals', takes(2, 2, 'value')],
  ['unlessEquals', takes(2, 2, 'value')],
  ['ifAny', takes(1, 8, 'any')],
  ['ifMore', takes(2, 2, 'any')],
  ['ifOlder', takes(2, 2, 'value')],
  ['write', takes(1, 1, 'text')],
  ['keyPoint', takes(0, 0, 'any')],
  ['callToAction', takes(0, 0, 'any')],
]);

/** The helpers that only read their arguments. */
export const PLAIN_HELPERS: Record<string, Handlebars.HelperDelegate> = {
  list: (items: unknown, ...rest: unknown[]) => joinList(items, rest.length > 1 ? rest[0] : 'and'),
  // `{{date}}` alone names the day of the pitch, and would otherwise name this helper.
  date: (...given: unknown[]) => formatDate(given.length > 1 ? given[0] : rootDate(given[0])),
  money: (amount: unknown, ...rest: unknown[]) => formatMoney(amount, rest.length > 1 ? rest[0] : 'USD'),
  truncate: (value: unknown, length: unknown) => truncate(toText(value), Number(length)),
  round: (value: unknown) => (typeof value === 'number' ? String(Math.round(value)) : ''),
  ifEquals(this: unknown, a: unknown, b: unknown, options: Options): string {
    return choose(this, toText(a) === toText(b), options);
  },
  unlessEquals(this: unknown, a: unknown, b: unknown, options: Options): string {
    return choose(this, toText(a) !== toText(b), options);
  },
  ifAny(this: unknown, ...given: unknown[]): string {
    return choose(this, given.slice(0, -1).some(isThere), blockOptions(given.at(-1)));
  },
  ifMore(this: unknown, value: unknown, than: unknown, options: Options): string {
    const count = Array.isArray(value) ? value.length : value;
    return choose(this, typeof count === 'number' && count > Number(than), options);
  },
  ifOlder(this: unknown, day: unknown, days: unknown, options: Options): string {
    const age = Date.parse(toText(rootDate(options))) - Date.parse(toText(day));
    return choose(this, age > Number(days) * DAY_MS, options);
  },
};

const DAY_MS = 86_400_000;

export function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}

function choose(context: unknown, holds: boolean, options: Options): string {
  return holds ? options.fn(context) : options.inverse(context);
}

/** The last argument of a block helper, which Handlebars itself passes. */
function blockOptions(given: unknown): Options {
  if (!isOptions(given)) throw new Error('a block was called without its content');
  return given;
}

const isOptions = (value: unknown): value is Options =>
  typeof value === 'object' && value !== null && 'fn' in value && 'inverse' in value;

/** The day that the pitch is as of. */
function rootDate(options: unknown): unknown {
  if (typeof options !== 'object' || options === null || !('data' in options)) return null;
  const { data } = options;
  if (typeof data !== 'object' || data === null || !('root' in data)) return null;
  const { root } = data;
  return typeof root === 'object' && root !== null && 'date' in root ? root.date : null;
}

/** What `if` takes for true: something, and not an empty list. */
function isThere(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** "a, b and c"; whole sentences "A; b; c". */
function joinList(items: unknown, last: unknown): string {
  const texts = Array.isArray(items) ? items.map(toText).filter((text) => text !== '') : [];
  if (texts.some((text) => text.endsWith('.')))
    return texts.map((text) => text.replace(/\.$/, '')).join('; ');
  const head = texts.slice(0, -1).join(', ');
  return head === '' ? (texts[0] ?? '') : `${head} ${toText(last)} ${texts.at(-1) ?? ''}`;
}

/** An ISO date → "5 March 2026"; anything else → nothing. */
function formatDate(value: unknown): string {
  const day = typeof value === 'string' ? new Date(value) : null;
  if (day === null || Number.isNaN(day.getTime())) return '';
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(day);
}

/** 12500 → "$12,500"; what is no amount, or no currency → nothing. */
function formatMoney(amount: unknown, currency: unknown): string {
  const code = toText(currency).toUpperCase();
  if (typeof amount !== 'number' || !Number.isFinite(amount) || !/^[A-Z]{3}$/.test(code)) return '';
  const digits = Number.isInteger(amount) ? 0 : 2;
  const style = { style: 'currency', currency: code, minimumFractionDigits: digits, maximumFractionDigits: digits } as const; // prettier-ignore
  return new Intl.NumberFormat('en-US', style).format(amount);
}

/** At most `length` characters, cut between words. */
function truncate(text: string, length: number): string {
  if (!Number.isInteger(length) || length < 1 || text.length <= length) return text;
  const cut = text.slice(0, length);
  const space = cut.lastIndexOf(' ');
  return `${cut
    .slice(0, space > length / 2 ? space : length)
    .toWellFormed()
    .replace(/[\s,;:.]+$/, '')} …`;
}
