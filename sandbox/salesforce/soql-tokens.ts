import { Refusal } from './call.ts';

export type Token =
  | { kind: 'word'; text: string; at: number }
  | { kind: 'string'; text: string; at: number }
  | { kind: 'number'; text: string; at: number }
  | { kind: 'datetime'; text: string; at: number }
  | { kind: 'sign'; text: string; at: number }
  | { kind: 'end'; text: ''; at: number };

export function malformed(message: string): Refusal {
  return new Refusal(400, 'MALFORMED_QUERY', message);
}

const shapes: readonly { kind: Token['kind'] | 'space'; pattern: RegExp }[] = [
  { kind: 'space', pattern: /\s+/y },
  { kind: 'datetime', pattern: /\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))?/y },
  { kind: 'number', pattern: /[+-]?\d+(?:\.\d+)?/y },
  { kind: 'word', pattern: /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*/y },
  { kind: 'string', pattern: /'(?:[^'\\]|\\.)*'/sy },
  { kind: 'sign', pattern: /<=|>=|!=|<>|[=<>(),]/y },
];

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  "'": "'",
  '"': '"',
  '\\': '\\',
};

/** Reads `\'`, `\\`, `\n`…; `\%` and `\_` stay, for LIKE to read. Any other escape is refused, as the platform does. */
function unescape(quoted: string): string {
  return quoted.slice(1, -1).replaceAll(/\\(.)/gs, (whole, letter: string) => {
    if (letter === '%' || letter === '_') return whole;
    const meant = escapes[letter];
    if (meant === undefined) throw malformed(`Illegal string literal: invalid escape ${whole}`);
    return meant;
  });
}

/** SOQL text → tokens. */
export function readTokens(soql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < soql.length) {
    const found = shapes.find(({ pattern }) => {
      pattern.lastIndex = at;
      return pattern.test(soql);
    });
    if (found === undefined)
      throw malformed(
        soql[at] === "'"
          ? `line 1:${at} mismatched character '<EOF>' expecting '''`
          : `line 1:${at} no viable alternative at character '${soql.charAt(at)}'`,
      );
    const raw = soql.slice(at, found.pattern.lastIndex);
    if (found.kind === 'string') tokens.push({ kind: 'string', text: unescape(raw), at });
    else if (found.kind !== 'space' && found.kind !== 'end') tokens.push({ kind: found.kind, text: raw, at });
    at = found.pattern.lastIndex;
  }
  tokens.push({ kind: 'end', text: '', at });
  return tokens;
}
