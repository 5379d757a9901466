import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { UserError } from '../errors.ts';
import { SCORING_MODEL, type ScoringModelContent } from './scoring-model-schema.ts';

/** A named, versioned set of weights over signal kinds, with what research asks and how a reader knows each kind. */
export type ScoringModel = ScoringModelContent & {
  /** SHA-256 of the content, hex: comments and layout do not change it. */
  contentHash: string;
  /** `name@version+hash`: two models with one identity score alike. */
  identity: string;
};
export type SignalKind = ScoringModel['kinds'][number];
export type Phrase = SignalKind['phrases'][number];
export type ResearchQuestion = ScoringModel['questions'][number];
export type PersonaRole = ScoringModel['personas'][number];
export type Band = ScoringModel['bands'][number]['band'];

/**
 * Reads a scoring model from a YAML (or JSON) file. A file that cannot be read or is wrong in any place is a UserError with
 * one line per mistake: file, place in the file, what was expected.
 */
export async function loadScoringModel(path: string): Promise<ScoringModel> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new UserError(
      `${path}: the scoring model cannot be read`,
      'Check the path and its permissions.',
      error,
    );
  }
  return parseScoringModel(text, path);
}

/** A shipped model's name, or the path of a file, → the path to load. */
export function shippedModelPath(nameOrPath: string): string {
  if (/[\\/]|\.(?:ya?ml|json)$/.test(nameOrPath)) return nameOrPath;
  return fileURLToPath(
    new URL(`../../scoring-models/${encodeURIComponent(nameOrPath)}.yaml`, import.meta.url),
  );
}

/** The same for text that is already at hand; `origin` names it in messages. */
export function parseScoringModel(text: string, origin: string): ScoringModel {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  // What follows the first mistake in syntax is read from the wrong place; only the first says something.
  const [broken] = document.errors;
  if (broken) refuse([`${origin}: ${firstLine(broken.message)}`]);
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    refuse([`${origin}: ${firstLine(error instanceof Error ? error.message : String(error))}`]);
  }
  const parsed = SCORING_MODEL.safeParse(content);
  if (!parsed.success) {
    const lines = flattenIssues(parsed.error.issues).map(
      ({ path, message }) => `${origin}: ${placeOf(path, content)}: ${message}`,
    );
    refuse([...new Set(lines)]);
  }
  const mistakes = findContradictions(parsed.data);
  if (mistakes.length > 0) refuse(mistakes.map((mistake) => `${origin}: ${mistake}`));
  const contentHash = createHash('sha256').update(canonical(parsed.data)).digest('hex');
  const identity = `${parsed.data.name}@${parsed.data.version}+${contentHash.slice(0, 8)}`;
  return { ...parsed.data, contentHash, identity };
}

/** More than a screen of mistakes helps nobody. */
const SHOWN_MISTAKES = 20;

function refuse(lines: string[]): never {
  const shown = lines.slice(0, SHOWN_MISTAKES);
  if (lines.length > shown.length) shown.push(`… and ${lines.length - shown.length} more`);
  throw new UserError(shown.join('\n'), 'Correct the scoring model and try again.');
}

/** What no single field can know: duplicates, unknown vocabulary, bands that do not cover 0–100 in order. */
function findContradictions(model: ScoringModelContent): string[] {
  const mistakes: string[] = [];
  const lists = { kinds: model.kinds, questions: model.questions, personas: model.personas };
  for (const [name, list] of Object.entries(lists)) {
    for (const [index, item] of list.entries()) {
      const first = list.findIndex((other) => other.key === item.key);
      if (first < index) mistakes.push(`${name}[${index}].key: "${item.key}" is already ${name}[${first}]`);
    }
  }
  for (const [k, kind] of model.kinds.entries()) {
    for (const [p, phrase] of kind.phrases.entries()) {
      for (const word of [...phrase.says, ...phrase.unless, ...phrase.among]) {
        if (typeof word !== 'string' || Object.hasOwn(model.vocabulary, word)) continue;
        mistakes.push(`kinds[${k}] (${kind.key}).phrases[${p}]: "${word}" is not in the vocabulary`);
      }
    }
    if (kind.cap < kind.weight)
      mistakes.push(`kinds[${k}] (${kind.key}).cap: expected at least the weight, ${kind.weight}`);
  }
  const said = model.kinds.flatMap((kind) =>
    kind.phrases.flatMap(({ says, unless, among }) => [...says, ...unless, ...among]),
  );
  for (const name of mistakes.length > 0 ? [] : Object.keys(model.vocabulary)) {
    if (!said.includes(name)) mistakes.push(`vocabulary.${name}: no phrase uses it`);
  }
  const [first, second, third, last] = model.bands;
  const inOrder = [first, second, third, last].map((band) => band?.band).join('') === 'ABCD';
  const falling = model.bands.every(
    (band, index) => index === 0 || band.from < (model.bands[index - 1]?.from ?? 0),
  );
  if (!inOrder || !falling || last?.from !== 0) {
    mistakes.push('bands: expected A, B, C, D with falling "from" values, D from 0');
  }
  return mistakes;
}

/** `kinds[3] (own-models).phrases[2].says`: where in the file, with the key of each listed thing that has one. */
function placeOf(path: readonly PropertyKey[], content: unknown): string {
  let place = '';
  let here: unknown = content;
  for (const step of path) {
    here = typeof here === 'object' && here !== null ? Reflect.get(here, step) : undefined;
    const named = typeof here === 'object' && here !== null ? Reflect.get(here, 'key') : undefined;
    if (typeof step === 'number') place += `[${step}]${typeof named === 'string' ? ` (${named})` : ''}`;
    else place += `${place === '' ? '' : '.'}${String(step)}`;
  }
  return place === '' ? 'the whole file' : place;
}

type Issue = { path: PropertyKey[]; message: string };

/** A choice between shapes fails with the mistakes of each; the shape whose mistakes lie deepest is the one that was meant. */
function flattenIssues(issues: readonly z.core.$ZodIssue[], parent: PropertyKey[] = []): Issue[] {
  return issues.flatMap((issue) => {
    const path = [...parent, ...issue.path];
    if (issue.code !== 'invalid_union') return [{ path, message: issue.message }];
    const depthOf = (branch: readonly z.core.$ZodIssue[]): number =>
      Math.max(0, ...branch.map((each) => each.path.length));
    const meant = issue.errors.toSorted((a, b) => depthOf(b) - depthOf(a))[0] ?? [];
    if (depthOf(meant) === 0)
      return [{ path, message: 'expected a name from the vocabulary or a list of terms' }];
    return flattenIssues(meant, path);
  });
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}

function firstLine(message: string): string {
  return message.split('\n')[0]?.replace(/:$/, '') ?? message;
}
