import type { Declarations, StyleRule } from './css.ts';
import type { DomElement, DomNode } from './dom.ts';
import { isElement } from './dom.ts';

type Attribute = { name: string; operator: string; value: string };
type Compound = { tag: string | null; id: string | null; classes: string[]; attributes: Attribute[] };
/** Compounds from right to left, with the combinator that leads to the next one on the left. */
type Selector = { parts: { compound: Compound; combinator: ' ' | '>' }[]; weight: number };
type IndexedRule = { selector: Selector; declarations: Declarations; order: number };

export type StyleIndex = {
  /** What the page's style sheets say about an element; later and more specific rules win. */
  styleOf(element: DomElement): Declarations | null;
  /** True when so many rules were tried that the answers can no longer be relied on. */
  exhausted(): boolean;
};

const COMPOUND = /^([a-z][a-z0-9-]*|\*)?((?:[#.][\w\u0080-\uffff-]+|\[[^\]]*\])*)$/i;
const ATTRIBUTE = /^\s*([\w-]+)\s*(?:([~^$*|]?=)\s*["']?([^"']*)["']?\s*[is]?)?\s*$/;

function parseCompound(text: string): Compound | null {
  const match = COMPOUND.exec(text);
  if (match === null || text === '') return null;
  const compound: Compound = {
    tag: match[1] === '*' ? null : (match[1]?.toLowerCase() ?? null),
    id: null,
    classes: [],
    attributes: [],
  };
  for (const [piece] of (match[2] ?? '').matchAll(/[#.][\w\u0080-\uffff-]+|\[[^\]]*\]/g)) {
    if (piece.startsWith('#')) compound.id = piece.slice(1);
    else if (piece.startsWith('.')) compound.classes.push(piece.slice(1));
    else {
      const attribute = ATTRIBUTE.exec(piece.slice(1, -1));
      if (attribute === null) return null;
      compound.attributes.push({
        name: (attribute[1] ?? '').toLowerCase(),
        operator: attribute[2] ?? '',
        value: attribute[3] ?? '',
      });
    }
  }
  return compound;
}

/** Tags, ids, classes and attributes joined by spaces and ">". Anything else (":hover", "+", …) is null: it decides nothing here. */
function parseSelector(text: string): Selector | null {
  const parts: Selector['parts'] = [];
  let weight = 0;
  let combinator: ' ' | '>' = ' ';
  const tokens = text
    .replace(/\s*>\s*/g, ' > ')
    .split(/\s+/)
    .filter((token) => token !== '');
  for (const token of tokens) {
    if (token === '>') {
      combinator = '>';
      continue;
    }
    const compound = parseCompound(token);
    if (compound === null) return null;
    weight +=
      (compound.id === null ? 0 : 10_000) + 100 * (compound.classes.length + compound.attributes.length);
    weight += compound.tag === null ? 0 : 1;
    parts.unshift({ compound, combinator });
    combinator = ' ';
  }
  return parts.length === 0 ? null : { parts, weight };
}

function classesOf(element: DomElement): string[] {
  return (element.getAttribute('class') ?? '').split(/\s+/).filter((name) => name !== '');
}

function matchesAttribute(element: DomElement, { name, operator, value }: Attribute): boolean {
  const actual = element.getAttribute(name);
  if (actual === null) return false;
  if (operator === '') return true;
  if (operator === '=') return actual === value;
  if (value === '') return false;
  if (operator === '^=') return actual.startsWith(value);
  if (operator === '$=') return actual.endsWith(value);
  if (operator === '*=') return actual.includes(value);
  if (operator === '~=') return actual.split(/\s+/).includes(value);
  return actual === value || actual.startsWith(`${value}-`);
}

function matchesCompound(element: DomElement, { tag, id, classes, attributes }: Compound): boolean {
  if (tag !== null && element.localName !== tag) return false;
  if (id !== null && element.getAttribute('id') !== id) return false;
  if (classes.length > 0) {
    const own = classesOf(element);
    if (!classes.every((name) => own.includes(name))) return false;
  }
  return attributes.every((attribute) => matchesAttribute(element, attribute));
}

// How far up a descendant selector looks, so that deep nesting stays cheap.
const FARTHEST_ANCESTOR = 60;

function parentElement(node: DomNode): DomElement | null {
  const parent = node.parentNode;
  return parent !== null && isElement(parent) ? parent : null;
}

/** Greedy from right to left; ">" after a skipped ancestor may miss a match, which then hides nothing. */
function matchesSelector(element: DomElement, { parts }: Selector): boolean {
  let current: DomElement | null = element;
  let climbed = 0;
  for (const [index, { compound }] of parts.entries()) {
    if (index === 0) {
      if (!matchesCompound(element, compound)) return false;
      continue;
    }
    const direct: boolean = parts[index - 1]?.combinator === '>';
    current = parentElement(current);
    while (current !== null && !matchesCompound(current, compound)) {
      climbed += 1;
      if (direct || climbed > FARTHEST_ANCESTOR) return false;
      current = parentElement(current);
    }
    if (current === null) return false;
  }
  return true;
}

function keyOf({ parts }: Selector): string {
  const compound = parts[0]?.compound;
  if (compound === undefined) return '*';
  if (compound.id !== null) return `#${compound.id}`;
  if (compound.classes[0] !== undefined) return `.${compound.classes[0]}`;
  return compound.tag ?? '*';
}

// Rules tried on elements, all together: about a second. Real pages need less than a tenth of it.
const MOST_TRIALS = 5_000_000;

/** Style rules, findable by element. Only those that `matters` are kept. */
export function indexStyles(
  rules: readonly StyleRule[],
  matters: (declarations: Declarations) => boolean,
): StyleIndex {
  const byKey = new Map<string, IndexedRule[]>();
  for (const [order, { selector: text, declarations }] of rules.entries()) {
    if (!matters(declarations)) continue;
    const selector = parseSelector(text);
    if (selector === null) continue;
    const list = byKey.get(keyOf(selector)) ?? [];
    list.push({ selector, declarations, order });
    byKey.set(keyOf(selector), list);
  }
  if (byKey.size === 0) return { styleOf: () => null, exhausted: () => false };
  let trials = 0;

  return {
    exhausted: () => trials > MOST_TRIALS,
    styleOf: (element) => {
      if (trials > MOST_TRIALS) return null;
      const id = element.getAttribute('id');
      const keys = ['*', element.localName, ...classesOf(element).map((name) => `.${name}`)];
      if (id !== null) keys.push(`#${id}`);
      const candidates = [...new Set(keys)].flatMap((key) => byKey.get(key) ?? []);
      trials += candidates.length;
      const hits = candidates
        .filter(({ selector }) => matchesSelector(element, selector))
        .toSorted((a, b) => a.selector.weight - b.selector.weight || a.order - b.order);
      if (hits.length === 0) return null;
      return new Map(hits.flatMap(({ declarations }) => [...declarations]));
    },
  };
}
