import Handlebars from 'handlebars';
import { UserError } from '../../errors.ts';
import { findNearest, followPath, listNames, PITCH_SHAPE, type Shape } from './template-shape.ts';

/** Characters of a template: the shipped ones have under 3,000; compiling more is where hanging begins. */
const LONGEST_TEMPLATE = 16_384;
/** Lists inside lists inside lists multiply without bound. */
const DEEPEST_EACH = 2;
const DEEPEST_BLOCK = 8;

const INLINE: ReadonlySet<string> = new Set(['list', 'date', 'truncate', 'round']);
const BLOCKS: ReadonlySet<string> = new Set([
  'if',
  'unless',
  'each',
  'ifEquals',
  'write',
  'keyPoint',
  'callToAction',
]);

type Place = { origin: string; shapes: readonly Shape[]; eachDepth: number; depth: number };

/**
 * Text of a template → its syntax tree, after everything in it was found harmless and known. Allowed are text, comments, variables of
 * PitchData, the helpers above, and nothing else: no raw output, partials, decorators, log, lookup or `with`. Throws UserError with
 * file, line and column, and the nearest known name.
 */
export function checkTemplate(text: unknown, origin: string): hbs.AST.Program {
  // compile() takes a syntax tree as well, and a tree from outside is a way to run code.
  if (typeof text !== 'string') throw new UserError(`${origin}: a template is text`);
  if (text.length > LONGEST_TEMPLATE) {
    throw new UserError(`${origin}: ${text.length} characters; a template has at most ${LONGEST_TEMPLATE}`);
  }
  let tree: hbs.AST.Program;
  try {
    tree = Handlebars.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const line = /line (\d+)/.exec(message)?.[1] ?? '1';
    const detail = /Expecting .*$/m.exec(message)?.[0] ?? message.split('\n')[0] ?? '';
    throw new UserError(`${origin}:${line}: ${detail}`, 'Correct the template and try again.', error);
  }
  checkProgram(tree, { origin, shapes: [PITCH_SHAPE], eachDepth: 0, depth: 0 });
  return tree;
}

function checkProgram(program: hbs.AST.Program | undefined, place: Place): void {
  if (!program) return;
  if (program.blockParams && program.blockParams.length > 0)
    refuse(program, place, '"as |name|" is not allowed');
  for (const statement of program.body) checkStatement(statement, place);
}

function checkStatement(node: hbs.AST.Statement, place: Place): void {
  if (node.type === 'ContentStatement' || node.type === 'CommentStatement') return;
  if (isMustache(node)) checkMustache(node, place);
  else if (isBlock(node)) checkBlock(node, place);
  else refuse(node, place, `${describeKind(node.type)} are not allowed in a template`);
}

function checkMustache(node: hbs.AST.MustacheStatement, place: Place): void {
  if (!node.escaped) refuse(node, place, 'raw output ({{{…}}} or {{&…}}) is not allowed');
  if (!isPath(node.path)) refuse(node, place, 'a value stands where a name is expected');
  else if (node.params.length === 0 && !hasHash(node)) checkPath(node.path, place);
  else checkCall(node.path, node.params, node, place);
}

function checkCall(
  path: hbs.AST.PathExpression,
  params: hbs.AST.Expression[],
  node: hbs.AST.Node,
  place: Place,
): void {
  if (!INLINE.has(path.original)) {
    const nearest = findNearest(path.original, [...INLINE]);
    refuse(node, place, `"${path.original}" is no helper${nearest ? `; did you mean "${nearest}"?` : ''}`);
  }
  if (hasHash(node)) refuse(node, place, `"${path.original}" takes no named arguments`);
  for (const param of params) checkParameter(param, place);
}

function checkBlock(node: hbs.AST.BlockStatement, place: Place): void {
  const name = node.path.original;
  if (!BLOCKS.has(name)) {
    const nearest = findNearest(name, [...BLOCKS]);
    refuse(node, place, `"#${name}" is no block${nearest ? `; did you mean "#${nearest}"?` : ''}`);
  }
  if (place.depth >= DEEPEST_BLOCK)
    refuse(node, place, `blocks lie deeper than ${DEEPEST_BLOCK} in each other`);
  if (hasHash(node)) refuse(node, place, `"#${name}" takes no named arguments`);
  const wanted = { ifEquals: 2, keyPoint: 0, callToAction: 0 }[name] ?? 1;
  if (node.params.length !== wanted)
    refuse(node, place, `"#${name}" takes ${wanted} argument${wanted === 1 ? '' : 's'}`);
  for (const param of node.params) checkParameter(param, place);
  const inside = { ...place, depth: place.depth + 1 };
  const [first] = node.params;
  if (name === 'write' && (!first || first.type !== 'StringLiteral'))
    refuse(node, place, '"#write" takes an instruction in quotes');
  if (name === 'each') {
    if (place.eachDepth >= DEEPEST_EACH)
      refuse(node, place, `lists lie deeper than ${DEEPEST_EACH} in each other`);
    const shape = first && isPath(first) ? resolvePath(first, place) : null;
    if (shape === null || shape === 'value' || !('each' in shape))
      refuse(node, place, '"#each" takes a list');
    else
      checkProgram(node.program, {
        ...inside,
        eachDepth: place.eachDepth + 1,
        shapes: [...place.shapes, shape.each],
      });
  } else checkProgram(node.program, inside);
  checkProgram(node.inverse, inside);
}

function checkParameter(node: hbs.AST.Expression, place: Place): void {
  if (isPath(node)) checkPath(node, place);
  else if (isSubExpression(node)) {
    if (isPath(node.path)) checkCall(node.path, node.params, node, place);
    else refuse(node, place, 'a value stands where a helper is expected');
  } else if (!/^(?:String|Number|Boolean)Literal$/.test(node.type))
    refuse(node, place, `${describeKind(node.type)} are not allowed here`);
}

function checkPath(path: hbs.AST.PathExpression, place: Place): void {
  if (resolvePath(path, place) !== null) return;
  const here = place.shapes.at(-1);
  const known = [...(here ? listNames(here) : []), ...listNames(PITCH_SHAPE)];
  const nearest = findNearest(path.parts.join('.'), [...new Set(known)]);
  refuse(path, place, `"${path.original}" is not known here${nearest ? `; did you mean "${nearest}"?` : ''}`);
}

function resolvePath(path: hbs.AST.PathExpression, place: Place): Shape | null {
  if (path.parts.some((part) => typeof part !== 'string')) return null;
  if (path.data) {
    const [name, ...rest] = path.parts;
    if (name === 'root') return followPath(PITCH_SHAPE, rest);
    return place.eachDepth > 0 && rest.length === 0 && /^(?:index|first|last)$/.test(name ?? '')
      ? 'value'
      : null;
  }
  const shape = place.shapes.at(-1 - path.depth);
  return shape === undefined ? null : followPath(shape, path.parts);
}

function describeKind(type: string): string {
  const names: Record<string, string> = {
    PartialStatement: 'partials ({{> …}})',
    PartialBlockStatement: 'partials ({{#> …}})',
    Decorator: 'decorators ({{* …}})',
    DecoratorBlock: 'decorators ({{#* …}})',
  };
  return names[type] ?? `${type}s`;
}

function refuse(node: hbs.AST.Node, place: Place, why: string): never {
  const { line, column } = node.loc.start;
  throw new UserError(`${place.origin}:${line}:${column + 1}: ${why}`, 'Correct the template and try again.');
}

const isMustache = (node: hbs.AST.Node): node is hbs.AST.MustacheStatement =>
  node.type === 'MustacheStatement';
const isBlock = (node: hbs.AST.Node): node is hbs.AST.BlockStatement => node.type === 'BlockStatement';
const isPath = (node: hbs.AST.Node): node is hbs.AST.PathExpression => node.type === 'PathExpression';
const isSubExpression = (node: hbs.AST.Node): node is hbs.AST.SubExpression => node.type === 'SubExpression';

function hasHash(node: hbs.AST.Node): boolean {
  return (isMustache(node) || isBlock(node) || isSubExpression(node)) && (node.hash?.pairs.length ?? 0) > 0;
}
