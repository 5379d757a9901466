import { BLOCK_HELPERS, INLINE_HELPERS } from './template-functions.ts';
import type { Signature } from './template-functions.ts';
import type { TemplateCheck } from './check-template.ts';
import { findNearest, followPath, listNames, PITCH_SHAPE } from './template-shape.ts';
import type { Shape } from './template-shape.ts';

/** Lists inside lists inside lists multiply without bound. */
const DEEPEST_EACH = 2;
const DEEPEST_BLOCK = 8;
const DEEPEST_CALL = 3;
/** An instruction is part of a paid question. */
const LONGEST_INSTRUCTION = 1_000;

/** What a name leads to. Null: nobody knows, and that was said already. */
type Scope = { shape: Shape | null; name: string };
type Place = { scopes: readonly Scope[]; eachDepth: number; depth: number };
type Walk = TemplateCheck & { names: Set<string>; blocks: Set<string> };

/** The syntax tree of a template → what is wrong with it, what is probably not meant, and the variables it uses. */
export function walkTemplate(tree: hbs.AST.Program): TemplateCheck {
  const walk: Walk = { problems: [], hints: [], variables: [], names: new Set(), blocks: new Set() };
  walkProgram(walk, tree, { scopes: [{ shape: PITCH_SHAPE, name: '' }], eachDepth: 0, depth: 0 });
  const { problems, hints, names, blocks } = walk;
  if (!blocks.has('keyPoint'))
    hints.push({
      message: 'no {{#keyPoint}}…{{/keyPoint}}: the pitch has no key points',
      line: 1,
      column: 1,
    });
  if (!blocks.has('callToAction'))
    hints.push({
      message: 'no {{#callToAction}}…{{/callToAction}}: the pitch asks for nothing',
      line: 1,
      column: 1,
    });
  return { problems, hints, variables: [...names].toSorted() };
}

function walkProgram(walk: Walk, program: hbs.AST.Program | undefined, place: Place): void {
  if (!program) return;
  if (program.blockParams && program.blockParams.length > 0)
    refuse(walk, program, '"as |name|" is not allowed');
  for (const statement of program.body) walkStatement(walk, statement, place);
}

function walkStatement(walk: Walk, node: hbs.AST.Statement, place: Place): void {
  if (node.type === 'CommentStatement') return;
  if (isContent(node)) {
    if (/\[\d+\]/.test(node.value))
      note(walk.hints, node, 'a number in brackets reads as the number of a source: write [{{number}}]');
  } else if (isMustache(node)) walkMustache(walk, node, place);
  else if (isBlock(node)) walkBlock(walk, node, place);
  else refuse(walk, node, `${describeKind(node.type)} are not allowed in a template`);
}

function walkMustache(walk: Walk, node: hbs.AST.MustacheStatement, place: Place): void {
  if (!node.escaped) refuse(walk, node, 'raw output ({{{…}}} or {{&…}}) is not allowed');
  if (!isPath(node.path)) refuse(walk, node, 'a value stands where a name is expected');
  else if (node.params.length === 0 && !hasHash(node)) {
    const shape = walkPath(walk, node.path, place);
    if (shape !== null && shape !== 'value')
      refuse(walk, node, `"${node.path.original}" is ${describeShape(shape, node.path.original)}`);
  } else walkCall(walk, node, node.path, place);
}

type Call = hbs.AST.MustacheStatement | hbs.AST.SubExpression;

function walkCall(walk: Walk, node: Call, path: hbs.AST.PathExpression, place: Place, depth = 1): void {
  const signature = INLINE_HELPERS.get(path.original);
  if (signature === undefined)
    return refuseUnknown(walk, node, `"${path.original}" is no helper`, path.original, INLINE_HELPERS.keys());
  if (depth > DEEPEST_CALL)
    return refuse(walk, node, `helpers lie deeper than ${DEEPEST_CALL} in each other`);
  walkArguments(walk, node, { name: path.original, signature, place, depth });
}

function walkBlock(walk: Walk, node: hbs.AST.BlockStatement, place: Place): void {
  const name = isPath(node.path) ? node.path.original : '';
  const signature = BLOCK_HELPERS.get(name);
  if (place.depth >= DEEPEST_BLOCK)
    return refuse(walk, node, `blocks lie deeper than ${DEEPEST_BLOCK} in each other`);
  const inside: Place = { ...place, depth: place.depth + 1 };
  if (signature === undefined)
    refuseUnknown(walk, node, `"#${name}" is no block`, name, BLOCK_HELPERS.keys(), '#');
  else {
    walk.blocks.add(name);
    const scope = walkArguments(walk, node, { name: `#${name}`, signature, place, depth: 0 });
    if (name === 'each') {
      if (place.eachDepth >= DEEPEST_EACH)
        return refuse(walk, node, `lists lie deeper than ${DEEPEST_EACH} in each other`);
      const { shape } = scope;
      const item = shape !== null && shape !== 'value' && 'each' in shape ? shape.each : null;
      const scopes = [...place.scopes, { shape: item, name: scope.name }];
      walkProgram(walk, node.program, { scopes, eachDepth: place.eachDepth + 1, depth: inside.depth });
      return walkProgram(walk, node.inverse, inside);
    }
  }
  walkProgram(walk, node.program, inside);
  walkProgram(walk, node.inverse, inside);
}

/** Checks what a helper is given and returns what its first argument is. */
function walkArguments(
  walk: Walk,
  node: Call | hbs.AST.BlockStatement,
  call: { name: string; signature: Signature; place: Place; depth: number },
): Scope {
  const { name, signature, place, depth } = call;
  const { least, most, first } = signature;
  if (hasHash(node)) refuse(walk, node, `"${name}" takes no named arguments`);
  if (node.params.length < least || node.params.length > most) {
    const count = least === most ? String(least) : `${least} to ${most}`;
    refuse(walk, node, `"${name}" takes ${count} argument${count === '1' ? '' : 's'}`);
  }
  const given = node.params.map((param) => walkArgument(walk, param, place, depth));
  for (const [index, { shape, name: said }] of given.entries()) {
    const wanted = index === 0 || first === 'any' ? first : 'value';
    const param = node.params[index] ?? node;
    if (wanted === 'text') {
      if (param.type !== 'StringLiteral') refuse(walk, node, `"${name}" takes an instruction in quotes`);
      else if (said.length > LONGEST_INSTRUCTION)
        refuse(walk, node, `an instruction has at most ${LONGEST_INSTRUCTION} characters`);
    } else if (shape === null || wanted === 'any') continue;
    else if (wanted === 'list' && (shape === 'value' || !('each' in shape)))
      refuse(walk, param, `"${name}" takes a list`);
    else if (wanted === 'value' && shape !== 'value')
      refuse(walk, param, `"${name}" takes a value; "${said}" is ${describeShape(shape, said)}`);
  }
  return given[0] ?? { shape: null, name: '' };
}

function walkArgument(walk: Walk, node: hbs.AST.Expression, place: Place, depth: number): Scope {
  if (isPath(node)) {
    const found = resolvePath(node, place);
    return { shape: walkPath(walk, node, place), name: found?.name ?? '' };
  }
  if (isSubExpression(node)) {
    if (isPath(node.path)) walkCall(walk, node, node.path, place, depth + 1);
    else refuse(walk, node, 'a value stands where a helper is expected');
    return { shape: 'value', name: '' };
  }
  if (!/^(?:String|Number|Boolean)Literal$/.test(node.type))
    refuse(walk, node, `${describeKind(node.type)} are not allowed here`);
  return { shape: 'value', name: 'value' in node && typeof node.value === 'string' ? node.value : '' };
}

function walkPath(walk: Walk, path: hbs.AST.PathExpression, place: Place): Shape | null {
  const found = resolvePath(path, place);
  if (found !== null) {
    if (found.name !== '') walk.names.add(found.name);
    return found.shape;
  }
  const here = place.scopes.at(-1)?.shape ?? null;
  const local = here === null || place.eachDepth === 0 ? [] : listNames(here);
  const parts = path.data && path.parts[0] === 'root' ? path.parts.slice(1) : path.parts;
  const wrong = parts.join('.');
  const known = path.data ? listNames(PITCH_SHAPE) : [...local, ...listNames(PITCH_SHAPE)];
  const nearest = findNearest(wrong, [...new Set(known)]);
  const shown =
    nearest !== null && place.eachDepth > 0 && !local.includes(nearest) ? `@root.${nearest}` : nearest;
  refuse(walk, path, `"${path.original}" is not known here${shown ? `; did you mean "${shown}"?` : ''}`);
  return null;
}

function resolvePath(path: hbs.AST.PathExpression, place: Place): Scope | null {
  if (path.parts.some((part) => typeof part !== 'string')) return null;
  if (!path.data) {
    const scope = place.scopes.at(-1 - path.depth);
    return scope === undefined ? null : follow(scope, path.parts);
  }
  const [name = '', ...rest] = path.parts;
  if (name === 'root' && path.depth === 0) return follow({ shape: PITCH_SHAPE, name: '' }, rest);
  const isLoop = place.eachDepth > 0 && rest.length === 0 && /^(?:index|first|last)$/.test(name);
  return isLoop ? { shape: 'value', name: '' } : null;
}

function follow({ shape, name }: Scope, parts: readonly string[]): Scope | null {
  if (shape === null) return { shape, name: '' };
  const end = followPath(shape, parts);
  return end === null ? null : { shape: end, name: [name, ...parts].filter((part) => part !== '').join('.') };
}

function describeShape(shape: Shape, said: string): string {
  if (shape !== 'value' && 'each' in shape) return 'a list: use "#each" or "list"';
  const [example] = listNames(shape, said);
  return `several values: name one of them${example === undefined ? '' : `, as "${example}"`}`;
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

function refuseUnknown(
  walk: Walk,
  node: hbs.AST.Node,
  what: string,
  name: string,
  known: Iterable<string>,
  sign = '',
): void {
  const nearest = findNearest(name, [...known]);
  refuse(walk, node, `${what}${nearest ? `; did you mean "${sign}${nearest}"?` : ''}`);
}

function refuse(walk: Walk, node: hbs.AST.Node, message: string): void {
  note(walk.problems, node, message);
}

function note(list: TemplateCheck['problems'], node: hbs.AST.Node, message: string): void {
  const { line, column } = node.loc.start;
  list.push({ message, line, column: column + 1 });
}

const isContent = (node: hbs.AST.Node): node is hbs.AST.ContentStatement => node.type === 'ContentStatement';
const isMustache = (node: hbs.AST.Node): node is hbs.AST.MustacheStatement =>
  node.type === 'MustacheStatement';
const isBlock = (node: hbs.AST.Node): node is hbs.AST.BlockStatement => node.type === 'BlockStatement';
const isPath = (node: hbs.AST.Node): node is hbs.AST.PathExpression => node.type === 'PathExpression';
const isSubExpression = (node: hbs.AST.Node): node is hbs.AST.SubExpression => node.type === 'SubExpression';

function hasHash(node: Call | hbs.AST.BlockStatement): boolean {
  return (node.hash?.pairs.length ?? 0) > 0;
}
