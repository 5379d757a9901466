import { z } from 'zod';

type JsonSchema = { [key: string]: unknown };

/** An answer's schema as it goes over the wire, in the two forms that servers take. */
export type WireSchema = {
  name: string;
  /** With every bound. */
  bounded: JsonSchema;
  /** Without bounds on the length of strings, which OpenAI's strict mode refuses. */
  loose: JsonSchema;
};

// What vLLM's xgrammar, llama.cpp and OpenAI's strict mode all take; `pattern`, `format`, `multipleOf`, `uniqueItems` and
// `default` are each refused by one of them. zod checks them all the same when the answer is there.
const KEPT = new Set(['type', 'enum', 'const', 'description', 'minimum', 'maximum', 'minItems', 'maxItems']);
const LENGTHS = new Set(['minLength', 'maxLength']);

const known = new WeakMap<z.ZodType, WireSchema>();

/**
 * A zod schema → the JSON Schema that is sent with a request; the same object each time for the same schema.
 * @throws Error (a programmer's mistake) when the schema is not an object, is unbounded, or has optional properties or transforms
 */
export function toWireSchema(name: string, schema: z.ZodType): WireSchema {
  const ready = known.get(schema);
  if (ready?.name === name) return ready;
  if (!/^[a-z_]{1,64}$/.test(name)) throw new Error(`schema name "${name}" is not [a-z_]+`);
  const json: JsonSchema = z.toJSONSchema(schema, { io: 'output', reused: 'inline', cycles: 'throw' });
  if (json.type !== 'object') throw new Error(`schema ${name} is not an object`);
  const wire = { name, bounded: convert(json, name, true), loose: convert(json, name, false) };
  known.set(schema, wire);
  return wire;
}

function convert(node: JsonSchema, path: string, lengths: boolean): JsonSchema {
  checkBounds(node, path);
  const result: JsonSchema = {};
  for (const [key, value] of Object.entries(node)) {
    // zod's integers carry the bounds of safe integers, which say nothing.
    if (typeof value === 'number' && Math.abs(value) === Number.MAX_SAFE_INTEGER) continue;
    if (KEPT.has(key) || (lengths && LENGTHS.has(key))) result[key] = value;
  }
  const alternatives = node.anyOf ?? node.oneOf;
  if (Array.isArray(alternatives))
    result.anyOf = alternatives.map((each, index) =>
      convert(asSchema(each, path), `${path}|${index}`, lengths),
    );
  if (node.type === 'array') result.items = convert(asSchema(node.items, path), `${path}[]`, lengths);
  if (node.type === 'object') {
    const properties = asSchema(node.properties, path);
    const names = Object.keys(properties);
    const required: unknown = node.required;
    const optional = names.find((each) => !Array.isArray(required) || !required.includes(each));
    if (optional !== undefined)
      throw new Error(`schema ${path}.${optional} is optional: make it nullable instead`);
    result.properties = Object.fromEntries(
      names.map((each) => [each, convert(asSchema(properties[each], path), `${path}.${each}`, lengths)]),
    );
    result.required = names;
    result.additionalProperties = false;
  }
  return result;
}

function checkBounds(node: JsonSchema, path: string): void {
  const types: unknown[] = Array.isArray(node.type) ? node.type : [node.type];
  const listed = node.enum !== undefined || node.const !== undefined;
  if (types.includes('string') && !listed && node.maxLength === undefined)
    throw new Error(`schema ${path} is a string without a maximum length`);
  if (types.includes('array') && node.maxItems === undefined)
    throw new Error(`schema ${path} is an array without a maximum`);
  if (
    types.every((type) => type === undefined) &&
    !listed &&
    node.anyOf === undefined &&
    node.oneOf === undefined
  )
    throw new Error(`schema ${path} takes anything`);
}

function asSchema(value: unknown, path: string): JsonSchema {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`schema ${path} has a part that can't be sent`);
  return { ...value };
}
