/** What a page's terms may name. */
export type Names = Readonly<Record<string, unknown>>;

const TOKEN = /\s*(?:(\d+)|'([^']*)'|([A-Za-z_][\w.]*)|(&&|\|\||==|!=|>=|<=|[<>!(),]))/y;

/** The value of a Visualforce term such as `canAsk && ISBLANK(link)`. @throws Error for what it does not know */
export function evaluate(term: string, names: Names): unknown {
  const tokens = tokenize(term);
  let at = 0;
  const take = (symbol: string): boolean => {
    if (tokens[at]?.symbol !== symbol) return false;
    at += 1;
    return true;
  };
  const must = (symbol: string): void => {
    if (!take(symbol)) throw new Error(`{!${term}}: expected ${symbol}`);
  };

  const readAny = (): unknown => {
    let left = readBoth();
    while (take('||')) left = [left, readBoth()].some(Boolean);
    return left;
  };
  const readBoth = (): unknown => {
    let left = readComparison();
    while (take('&&')) left = [left, readComparison()].every(Boolean);
    return left;
  };
  const readComparison = (): unknown => {
    const left = readOne();
    const symbol = tokens[at]?.symbol;
    const compare = symbol === undefined ? undefined : COMPARISONS[symbol];
    if (compare === undefined) return left;
    at += 1;
    return compare(left, readOne());
  };
  const readOne = (): unknown => {
    if (take('!')) return !readOne();
    if (take('(')) {
      const inner = readAny();
      must(')');
      return inner;
    }
    const token = tokens[at];
    at += 1;
    if (token === undefined) throw new Error(`{!${term}} breaks off`);
    if ('value' in token) return token.value;
    if (token.name === undefined) throw new Error(`{!${term}}: ${token.symbol} is not expected here`);
    if (!take('(')) return lookUp(token.name, names);
    const argument = readAny();
    must(')');
    const call = FUNCTIONS[token.name.toUpperCase()];
    if (call === undefined) throw new Error(`{!${term}}: the twin knows no function ${token.name}`);
    return call(argument);
  };

  const value = readAny();
  if (at < tokens.length) throw new Error(`{!${term}} goes on after its end`);
  return value;
}

/** A text in which `{!…}` stands for values. */
export function fillIn(text: string, names: Names): string {
  return text.replaceAll(/\{!([^}]*)\}/g, (_whole, term: string) => {
    const value = evaluate(term, names);
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    if (value === null || value === undefined) return '';
    throw new Error(`{!${term}} is no text`);
  });
}

type Token = { symbol: string; name?: undefined } | { name: string; symbol?: undefined } | Value;
type Value = { value: unknown; symbol?: undefined; name?: undefined };

const COMPARISONS: Readonly<Record<string, (left: unknown, right: unknown) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '>': (left, right) => Number(left) > Number(right),
  '<': (left, right) => Number(left) < Number(right),
  '>=': (left, right) => Number(left) >= Number(right),
  '<=': (left, right) => Number(left) <= Number(right),
};
const FUNCTIONS: Readonly<Record<string, (value: unknown) => boolean>> = {
  NOT: (value) => value !== true,
  ISBLANK: (value) => value === null || value === undefined || value === '',
  ISNULL: (value) => value === null || value === undefined,
};

function tokenize(term: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < term.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const [, number, text, name, symbol] = TOKEN.exec(term) ?? [];
    if (number !== undefined) tokens.push({ value: Number(number) });
    else if (text !== undefined) tokens.push({ value: text });
    else if (name !== undefined) tokens.push({ name });
    else if (symbol !== undefined) tokens.push({ symbol });
    else throw new Error(`{!${term}} can't be read from "${term.slice(from)}" on`);
  }
  return tokens;
}

/** `leftOut.size` is how many there are; every other path is looked up as it is. */
function lookUp(path: string, names: Names): unknown {
  const [first = '', ...rest] = path.split('.');
  if (!Object.hasOwn(names, first))
    throw new Error(`the page names ${first}, and its controller has no such thing`);
  return rest.reduce<unknown>((value, part) => {
    if (Array.isArray(value) && part === 'size') return value.length;
    if (typeof value !== 'object' || value === null) return null;
    if (!Object.hasOwn(value, part)) throw new Error(`the page names ${path}, and there is no ${part}`);
    return Reflect.get(value, part);
  }, names[first]);
}
