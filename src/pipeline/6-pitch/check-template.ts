import Handlebars from 'handlebars';
import { UserError } from '../../errors.ts';
import { walkTemplate } from './walk-template.ts';

/** Characters of a template: the shipped ones have under 4,000; compiling more is where hanging begins. */
const LONGEST_TEMPLATE = 16_384;
/** After as many, the rest follows from the first. */
const MOST_PROBLEMS = 20;

/** Lines and columns count from 1. */
export type TemplateProblem = { message: string; line: number; column: number };

export type TemplateCheck = {
  /** Why it cannot be used; empty: it can. */
  problems: TemplateProblem[];
  /** What is allowed and probably not meant. */
  hints: TemplateProblem[];
  /** What it shows or asks for, as `company.name`, `reasons.quote`, sorted. */
  variables: string[];
};

/** A template that cannot be used, with every problem and its place. */
export class TemplateError extends UserError {
  override name = 'TemplateError';
  readonly problems: readonly TemplateProblem[];

  constructor(origin: string, problems: readonly TemplateProblem[]) {
    const lines = problems.map(({ message, line, column }) => `${origin}:${line}:${column}: ${message}`);
    super(lines.join('\n'), 'Correct the template and try again.');
    this.problems = problems;
  }
}

/**
 * Looks through the text of a template and finds every problem at once; only a template that is not even well-formed has just one. Allowed are
 * text, comments, variables of PitchData and our helpers, and nothing else: no raw output, partials, decorators, log, lookup or `with`.
 */
export function checkTemplateSource(source: unknown): TemplateCheck {
  const refuse = (message: string, line = 1, column = 1): TemplateCheck => ({
    problems: [{ message, line, column }],
    hints: [],
    variables: [],
  });
  // compile() takes a syntax tree as well, and a tree from outside is a way to run code.
  if (typeof source !== 'string') return refuse('a template is text');
  if (source.length > LONGEST_TEMPLATE)
    return refuse(`${source.length} characters; a template has at most ${LONGEST_TEMPLATE}`);
  const strange = findStrange(source);
  if (strange !== null) return refuse(strange.message, ...placeOf(source, strange.index));
  let tree: hbs.AST.Program;
  try {
    tree = Handlebars.parse(source);
  } catch (error) {
    const { message, line, column } = describeParseError(error, source);
    return refuse(message, line, column);
  }
  const { problems, hints, variables } = walkTemplate(tree);
  return { problems: problems.slice(0, MOST_PROBLEMS), hints, variables };
}

/** The same for a template that must be right: throws TemplateError. `origin` says which one it is. */
export function checkTemplate(source: unknown, origin: string): void {
  const { problems } = checkTemplateSource(source);
  if (problems.length > 0) throw new TemplateError(origin, problems);
}

/** Characters that nobody sees, or that mark the passages of a rendered template. */
function findStrange(source: string): { index: number; message: string } | null {
  const found = /[^\P{Cc}\n\r\t]|[\p{Co}\p{Cs}\u{202A}-\u{202E}\u{2066}-\u{2069}]/u.exec(source);
  if (found === null) return null;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return { index: found.index, message: `the character U+${code} is not allowed: nobody can see it` };
}

function placeOf(source: string, index: number): [line: number, column: number] {
  const before = source.slice(0, index).split('\n');
  return [before.length, (before.at(-1) ?? '').length + 1];
}

/**
 * What Handlebars says of a text that it cannot read. Its grammar gives a line, an excerpt of the text up to there and, below it, a caret;
 * its own checks end with "- line:column".
 */
function describeParseError(error: unknown, source: string): TemplateProblem {
  const said = error instanceof Error ? error.message : String(error);
  const own = / - (\d+):(\d+)$/.exec(said);
  if (own !== null)
    return { message: said.slice(0, own.index), line: Number(own[1]), column: Number(own[2]) + 1 };
  const line = Number(/line (\d+)/.exec(said)?.[1] ?? 1);
  const rows = said.split('\n');
  const caret = rows.findIndex((row) => /^-*\^$/.test(row));
  const before = caret < 1 ? '' : (rows[caret - 1] ?? '').slice(0, (rows[caret] ?? '').length - 1);
  const message = rows.find((row) => row.startsWith('Expecting')) ?? rows[0] ?? said;
  return {
    message: sayExpected(message),
    line,
    column: findColumn(source.split('\n')[line - 1] ?? '', before),
  };
}

/** The excerpt has no line breaks and may begin on an earlier line: its longest end that stands in this line tells the column. */
function findColumn(row: string, before: string): number {
  for (let from = 0; from < before.length; from += 1) {
    const tail = before.slice(from);
    const at = row.lastIndexOf(tail);
    if (at >= 0) return at + tail.length + 1;
  }
  return 1;
}

/** "Expecting 'ID', 'STRING', got 'EOF'" in the words of those who write templates. */
function sayExpected(message: string): string {
  const got = /got '(\w+)'/.exec(message)?.[1];
  if (got === undefined) return message;
  const names: Record<string, string> = {
    EOF: 'the template ends here, and something is still open',
    OPEN_ENDBLOCK: 'this closes a block that is not open',
    INVALID: 'a character that does not belong in {{…}}',
    CLOSE: '"}}" comes too early',
    INVERSE: '"else" belongs inside a block',
  };
  return names[got] ?? `not understood from here on (${message})`;
}
