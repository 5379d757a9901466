import { posix } from 'node:path';
import { scan } from './scan.ts';
import type { Import, Scan, Token } from './scan.ts';

export type Violation = { path: string; line: number; message: string };

/** Lines that a file of the house may have. */
export const CEILING = 250;

const FORBIDDEN_NAMES = new Set(['util', 'utils', 'helper', 'helpers', 'shared', 'services', 'common']);
const STARTS_TWINS = ['src/cli/demo.ts', 'src/cli/sandbox.ts'];

type Layer =
  | 'main'
  | 'cli'
  | 'app'
  | 'web'
  | 'slack'
  | 'pipeline'
  | 'stage'
  | 'store'
  | 'queue'
  | 'ports'
  | 'connector'
  | 'ground'
  | 'sandbox'
  | 'crm';

const ROOMS: readonly [RegExp, Layer][] = [
  [/^src\/main\.ts$/, 'main'],
  [/^src\/cli\//, 'cli'],
  [/^src\/app(-[a-z]+)?\.ts$/, 'app'],
  [/^src\/web\//, 'web'],
  [/^src\/slack\//, 'slack'],
  [/^src\/pipeline\/store\//, 'store'],
  [/^src\/pipeline\/queue\//, 'queue'],
  [/^src\/pipeline\/\d-[a-z-]+\//, 'stage'],
  [/^src\/pipeline\/[a-z-]+\.ts$/, 'pipeline'],
  [/^src\/connectors\/[a-z-]+\.ts$/, 'ports'],
  [/^src\/connectors\/[a-z-]+\//, 'connector'],
  [/^src\/embedded\//, 'ground'],
  [/^src\/[a-z-]+\.ts$/, 'ground'],
  [/^sandbox\//, 'sandbox'],
  [/^crm\//, 'crm'],
];

// What each layer may import. A stage and a connector are rooms of their own: see `isSibling`.
const MAY_IMPORT: Record<Layer, readonly Layer[]> = {
  main: ['cli', 'ground'],
  cli: ['cli', 'app', 'web', 'slack', 'pipeline', 'stage', 'store', 'queue', 'ports', 'ground'],
  app: ['app', 'web', 'slack', 'pipeline', 'stage', 'store', 'queue', 'ports', 'connector', 'ground'],
  web: ['web', 'pipeline', 'stage', 'store', 'queue', 'ports', 'ground'],
  slack: ['slack', 'pipeline', 'stage', 'store', 'queue', 'ports', 'ground'],
  pipeline: ['pipeline', 'stage', 'store', 'queue', 'ports', 'ground'],
  stage: ['stage', 'pipeline', 'store', 'ports', 'ground'],
  store: ['store', 'ports', 'ground'],
  queue: ['queue', 'ground'],
  ports: ['ports'],
  connector: ['connector', 'ports'],
  ground: ['ground', 'ports'],
  sandbox: ['sandbox'],
  // Installed into a CRM, built there: nothing of ours is beside it.
  crm: ['crm'],
};

const SPEAKS_SQL = /^src\/(db\.ts|migrate(-indexes|-newer)?\.ts|embedded\/|pipeline\/(store|queue)\/)/;

// Whole libraries that one part of the house knows; anything not named here is free.
const LIBRARIES: readonly { name: RegExp; where: RegExp; rule: string }[] = [
  { name: /^pg-boss(\/|$)/, where: /^src\/pipeline\/queue\//, rule: 'only pipeline/queue/ knows pg-boss' },
  {
    name: /^pg(-copy-streams|-pool|-cursor)?(\/|$)/,
    where: SPEAKS_SQL,
    rule: 'only the store and its plumbing talk to PostgreSQL',
  },
  {
    name: /^jsforce(\/|$)/,
    where: /^src\/connectors\/salesforce\//,
    rule: 'only connectors/salesforce/ knows jsforce',
  },
  {
    name: /^@hubspot\/api-client(\/|$)/,
    where: /^src\/connectors\/hubspot\//,
    rule: "only connectors/hubspot/ knows HubSpot's library",
  },
  {
    name: /^@tavily\/core(\/|$)/,
    where: /^src\/connectors\/tavily\//,
    rule: "only connectors/tavily/ knows Tavily's library",
  },
  {
    name: /^(pdfkit|fontkit|linebreak|bidi-js)(\/|$)/,
    where: /^src\/pipeline\/6-pitch\/pdf\//,
    rule: 'only 6-pitch/pdf/ sets type',
  },
  {
    name: /^openai(\/|$)/,
    where: /^src\/connectors\/llm\//,
    rule: 'only connectors/llm/ knows the library openai',
  },
  {
    name: /^(openid-client|oauth4webapi|jose)(\/|$)/,
    where: /^src\/connectors\/oidc\//,
    rule: 'only connectors/oidc/ knows openid-client',
  },
  { name: /^@slack\//, where: /^src\/slack\//, rule: "only slack/ knows Slack's libraries" },
];

const SQL =
  /^\s*(select\b[^]*\bfrom\b|insert\s+into\b|update\s+\S+[^]*\bset\b|delete\s+from\b|with\s+(recursive\s+)?\w+[^]*\bas\s+(not\s+)?(materialized\s*)?\(|(create|alter|drop)\s+(table|index|unique|role|schema|database|function|policy|or\s+replace)\b|truncate\s|copy\s+\S+[^]*\b(from|to)\s+std|do\s+\$|set\s+(local|session)\b|(listen|notify|begin|commit|rollback)\s*(;|$))/i;

/** What a file breaks of the house's rules. `path` is relative to the repository root, with forward slashes. */
export function checkFile(path: string, source: string): Violation[] {
  const violations: Violation[] = [];
  const report = (line: number, message: string): void => {
    violations.push({ path, line, message });
  };
  for (const name of namesIn(path)) report(1, `"${name}" says nothing: name the file after what it holds`);
  const lines = source.trimEnd().split('\n').length;
  if (/^(src|sandbox|crm)\//.test(path) && lines > CEILING)
    report(lines, `${lines} lines; a file is one thought of at most ${CEILING}`);
  const from = layerOf(path);
  if (from === null) {
    if (path.startsWith('src/')) report(1, 'no room of the house is for this file');
    return violations;
  }
  const found = scan(source, { jsx: path.endsWith('.tsx') });
  for (const line of found.computedImports) report(line, 'an import by a computed name can not be checked');
  for (const one of found.imports) {
    const message = one.specifier.startsWith('.')
      ? judgeImport(path, from, posix.join(posix.dirname(path), one.specifier))
      : judgeLibrary(path, one);
    if (message !== null) report(one.line, message);
  }
  for (const { line, message } of [...findEnvironment(path, found), ...findSql(path, found.tokens)])
    report(line, message);
  return violations;
}

function layerOf(path: string): Layer | null {
  return ROOMS.find(([room]) => room.test(path))?.[1] ?? null;
}

function namesIn(path: string): string[] {
  return path
    .replace(/\.[a-z]+$/, '')
    .split(/[/.\-_]/)
    .filter((part) => FORBIDDEN_NAMES.has(part.toLowerCase()));
}

function judgeImport(path: string, from: Layer, target: string): string | null {
  const to = layerOf(target);
  if (from === 'sandbox') return to === 'sandbox' ? null : `sandbox/ never imports ${target}`;
  if (to === 'sandbox')
    return STARTS_TWINS.includes(path) ? null : `only ${STARTS_TWINS.join(' and ')} start the twins`;
  if (to === null) return `${target} is not a room of the house`;
  if ((from === 'connector' || from === 'ports') && target === 'src/errors.ts') return null;
  if (to === 'connector' && from !== 'connector' && from !== 'app')
    return `only app.ts and its connectors file pick a concrete connector (${target})`;
  if (!MAY_IMPORT[from].includes(to)) return `${from} must not import ${to} (${target})`;
  if (isSibling(from, path, target)) return `${from}s are strangers to each other (${target})`;
  return null;
}

/** Stages and connectors each have a folder of their own and know no other one. */
function isSibling(from: Layer, path: string, target: string): boolean {
  if (from !== 'stage' && from !== 'connector') return false;
  if (layerOf(target) !== from) return false;
  const room = (file: string): string => file.split('/').slice(0, 3).join('/');
  return room(path) !== room(target);
}

function judgeLibrary(path: string, { specifier }: Import): string | null {
  if (path.startsWith('sandbox/')) return null;
  return LIBRARIES.find(({ name, where }) => name.test(specifier) && !where.test(path))?.rule ?? null;
}

function findEnvironment(path: string, { tokens, imports }: Scan): { line: number; message: string }[] {
  if (path === 'src/main.ts') return [];
  const message = 'only src/main.ts reads the environment; take what you need as an argument';
  const lines = imports
    .filter(({ specifier }) => /^(node:)?process$/.test(specifier))
    .map(({ line }) => line);
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'word' || token.value !== 'process') continue;
    const [dot, member] = [tokens[index + 1], tokens[index + 2]];
    const isKey = dot?.value === ':' || tokens[index - 1]?.value === '.';
    const reaches = dot?.value === '.' || dot?.value === '?';
    // `process.pid` is no secret; the whole of it in a variable would hide what is read.
    const whole = !reaches && tokens[index - 1]?.value === '=';
    const named = reaches ? tokens.slice(index + 1, index + 4).find(({ kind }) => kind === 'word') : member;
    if (whole || (!isKey && (dot?.value === '[' || named?.value === 'env') && dot?.kind === 'sign'))
      lines.push(token.line);
    else if (tokens[index - 2]?.value === 'globalThis' && named?.value === 'env') lines.push(token.line);
  }
  return lines.map((line) => ({ line, message }));
}

function findSql(path: string, tokens: readonly Token[]): { line: number; message: string }[] {
  // Connectors speak their vendors' languages (SOQL looks like SQL) and have no database at hand.
  if (SPEAKS_SQL.test(path) || /^(src\/connectors|sandbox)\//.test(path)) return [];
  return tokens
    .filter(({ kind, value }) => kind === 'text' && SQL.test(value))
    .map(({ line }) => ({ line, message: 'only the store and its plumbing speak SQL' }));
}
