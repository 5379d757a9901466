/** One piece of TypeScript source. Comments and white space are left out. */
export type Token = {
  kind: 'word' | 'sign' | 'text' | 'pattern';
  /** A word or sign as it stands; a string's or template's content, `${}` where an expression stood. */
  value: string;
  /** 1-based line on which it begins. */
  line: number;
};

export type Import = { specifier: string; line: number };

export type Scan = {
  imports: Import[];
  /** Lines on which something is imported by a name that only running the code would tell. */
  computedImports: number[];
  tokens: Token[];
};

const WORD = /[\p{ID_Start}$_#@\d][\p{ID_Continue}$\u200c\u200d]*/uy;
// After one of these a slash begins a regular expression; after any other word it divides.
const BEFORE_PATTERN = new Set(
  'return typeof case in of delete void throw new else do await yield instanceof extends default'.split(' '),
);

/**
 * Reads TypeScript far enough to know what is code, what is text and what is a comment. Throws where a bracket or a string
 * stays open, so that a misreading can't pass for a clean file. Known limits: a regular expression right after `)` or `}` is
 * read as a division; the house has none, and the brackets would tell. With `jsx`, the text between tags is read as code as well: in it
 * stand words, and an apostrophe within one.
 */
export function tokenize(source: string, { jsx = false } = {}): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;

  const fail = (what: string): never => {
    throw new Error(`line ${line}: ${what}`);
  };
  const step = (): string => {
    const character = source[at] ?? fail('the source ends too early');
    at += 1;
    if (character === '\n') line += 1;
    return character;
  };
  const divides = (): boolean => {
    const last = tokens.at(-1);
    if (last === undefined) return false;
    if (last.kind === 'sign') return last.value === ')' || last.value === ']' || last.value === '}';
    return last.kind !== 'word' || !BEFORE_PATTERN.has(last.value);
  };

  /** The slash of `</a>` or `<a />`. */
  const isOfTag = (next: string | undefined): boolean => jsx && (source[at - 2] === '<' || next === '>');

  const readString = (quote: string): void => {
    const begun = line;
    let value = '';
    for (;;) {
      const character = step();
      if (character === quote) break;
      if (character === '\n') fail('a string is not closed');
      value += character === '\\' ? step() : character;
    }
    tokens.push({ kind: 'text', value, line: begun });
  };
  const readTemplate = (): void => {
    const begun = line;
    let value = '';
    for (;;) {
      const character = step();
      if (character === '`') break;
      if (character === '\\') value += step();
      else if (character === '$' && source[at] === '{') {
        step();
        value += '${}';
        readCode('}');
      } else value += character;
    }
    tokens.push({ kind: 'text', value, line: begun });
  };
  const readPattern = (): void => {
    const begun = line;
    let inClass = false;
    let value = '';
    for (;;) {
      const character = step();
      if (character === '\n') fail('a regular expression is not closed');
      if (character === '/' && !inClass) break;
      if (character === '[') inClass = true;
      if (character === ']') inClass = false;
      value += character === '\\' ? character + step() : character;
    }
    tokens.push({ kind: 'pattern', value, line: begun });
  };
  const skipComment = (end: string): void => {
    const found = source.indexOf(end, at);
    const stop = found === -1 ? source.length : found + end.length;
    if (found === -1 && end !== '\n') fail('a comment is not closed');
    while (at < stop) step();
  };

  /** Reads until `end` closes what is open, or to the end of the source where `end` is empty. */
  const readCode = (end: string): void => {
    const open: string[] = [];
    while (at < source.length) {
      WORD.lastIndex = at;
      const word = WORD.exec(source)?.[0];
      if (word !== undefined) {
        tokens.push({ kind: 'word', value: word, line });
        at += word.length;
        continue;
      }
      const character = step();
      const next = source[at];
      if (character === '/' && next === '/') skipComment('\n');
      else if (character === '/' && next === '*') skipComment('*/');
      else if (character === '/' && !isOfTag(next) && !divides()) readPattern();
      else if (character === "'" && jsx && /[\p{L}\d]/u.test(source[at - 2] ?? '')) continue;
      else if (character === "'" || character === '"') readString(character);
      else if (character === '`') readTemplate();
      else if (!/\s/.test(character)) {
        if (character === end && open.length === 0) return;
        if ('([{'.includes(character)) open.push(character);
        if (')]}'.includes(character) && open.pop() !== '([{'[')]}'.indexOf(character)])
          fail(`"${character}" closes nothing`);
        tokens.push({ kind: 'sign', value: character, line });
      }
    }
    if (end !== '' || open.length > 0) fail(`"${open.at(-1) ?? '${'}" is not closed`);
  };

  if (source.startsWith('#!')) skipComment('\n');
  readCode('');
  return tokens;
}

/** Every module that a source names: import, export from, import(), require(), and workers by `new URL('….ts', …)`. */
export function scan(source: string, options: { jsx?: boolean } = {}): Scan {
  const tokens = tokenize(source, options);
  const imports: Import[] = [];
  const computedImports: number[] = [];
  const take = (token: Token): void => {
    imports.push({ specifier: token.value, line: token.line });
  };
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word') continue;
    const [before, next, afterNext] = [tokens[index - 1], tokens[index + 1], tokens[index + 2]];
    const called = next?.value === '(' && next.kind === 'sign';
    if (called && (token.value === 'import' || token.value === 'require') && before?.value !== 'function') {
      const whole = afterNext?.kind === 'text' && !afterNext.value.includes('${}');
      if (whole) take(afterNext);
      else computedImports.push(token.line);
    } else if (token.value === 'URL' && called && afterNext?.kind === 'text') {
      if (/\.[cm]?[jt]s$/.test(afterNext.value)) take(afterNext);
    } else if (before?.value === '.' || next?.value === ':') continue;
    else if (token.value === 'import' && next?.kind === 'text') take(next);
    else if (token.value === 'import' && next?.value !== '.') takeFrom(index + 1);
    else if (token.value === 'export' && isReExport(next, afterNext)) takeFrom(index + 1);
  }
  return { imports, computedImports, tokens };

  /** The name after the `from` that ends the clause beginning at `index`; none where the clause is no re-export. */
  function takeFrom(index: number): void {
    let depth = 0;
    for (let at = index; at < tokens.length; at += 1) {
      const token = tokens[at];
      if (token?.kind === 'sign') {
        if (token.value === '{') depth += 1;
        if (token.value === '}') depth -= 1;
        if (token.value === ';') return;
      } else if (depth === 0 && token?.value === 'from' && tokens[at + 1]?.kind === 'text') {
        const found = tokens[at + 1];
        if (found !== undefined) take(found);
        return;
      } else if (
        depth === 0 &&
        token?.kind === 'word' &&
        /^(import|export|const|function)$/.test(token.value)
      )
        return;
    }
  }
}

function isReExport(next: Token | undefined, afterNext: Token | undefined): boolean {
  const opens = (token: Token | undefined): boolean =>
    token?.kind === 'sign' && (token.value === '{' || token.value === '*');
  return opens(next) || (next?.value === 'type' && opens(afterNext));
}
