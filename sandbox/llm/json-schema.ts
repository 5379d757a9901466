export type JsonSchema = { [key: string]: unknown };

// Refused by vLLM's xgrammar backend (has_xgrammar_unsupported_json_features) or by OpenAI's strict mode.
const NEVER = [
  'multipleOf',
  'uniqueItems',
  'contains',
  'patternProperties',
  'propertyNames',
  'oneOf',
  'allOf',
  'not',
  'default',
];

/** Why a server would refuse this schema as a response_format; null: it would take it. */
export function findUnsupported(schema: JsonSchema, strict: boolean, path = 'schema'): string | null {
  const refused = NEVER.find((key) => key in schema);
  if (refused !== undefined) return `${path}: '${refused}' is not supported`;
  const bounded = 'minLength' in schema || 'maxLength' in schema;
  if (bounded && ('pattern' in schema || 'format' in schema))
    return `${path}: 'pattern' or 'format' together with length bounds is not supported`;
  if (schema.type === 'object') {
    const names = Object.keys(partOf(schema.properties));
    const required: unknown[] = Array.isArray(schema.required) ? schema.required : [];
    if (strict && schema.additionalProperties !== false)
      return `${path}: 'additionalProperties' is required to be supplied and to be false`;
    const missing = names.find((name) => !required.includes(name));
    if (strict && missing !== undefined)
      return `${path}: 'required' must include every key; missing '${missing}'`;
  } else if (path === 'schema') return `${path}: the root must be an object`;
  for (const [name, part] of partsOf(schema)) {
    const problem = findUnsupported(part, strict, `${path}.${name}`);
    if (problem !== null) return problem;
  }
  return null;
}

/** True when some string in the schema has bounds on its length. */
export function hasLengthBounds(schema: JsonSchema): boolean {
  return (
    'minLength' in schema ||
    'maxLength' in schema ||
    partsOf(schema).some(([, part]) => hasLengthBounds(part))
  );
}

/** The nearest value to `draft` that the schema allows: keys dropped or filled in, texts and lists cut, numbers clamped. */
export function conform(schema: JsonSchema, draft: unknown): unknown {
  const alternatives = listOf(schema.anyOf);
  if (alternatives.length > 0) {
    const fitting =
      alternatives.find((each) => matchesType(each, draft)) ??
      alternatives.find((each) => each.type === 'null');
    return conform(fitting ?? alternatives[0] ?? {}, draft);
  }
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum.includes(draft) ? draft : schema.enum[0];
  const types: unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type];
  const type = types.find((each) => matchesType({ type: each }, draft)) ?? types[0];
  switch (type) {
    case 'object': {
      const given = partOf(draft);
      const properties = Object.entries(partOf(schema.properties));
      return Object.fromEntries(properties.map(([name, part]) => [name, conform(partOf(part), given[name])]));
    }
    case 'array': {
      const items: unknown[] = Array.isArray(draft) ? draft : [];
      const padded = [...items];
      while (padded.length < numberOr(schema.minItems, 0)) padded.push(undefined);
      return padded
        .slice(0, numberOr(schema.maxItems, padded.length))
        .map((each) => conform(partOf(schema.items), each));
    }
    case 'string': {
      const text = typeof draft === 'string' ? draft : '';
      return text
        .slice(0, numberOr(schema.maxLength, text.length))
        .toWellFormed()
        .padEnd(numberOr(schema.minLength, 0), '.');
    }
    case 'number':
    case 'integer': {
      const number = typeof draft === 'number' && Number.isFinite(draft) ? draft : 0;
      const clamped = Math.min(
        Math.max(number, numberOr(schema.minimum, number)),
        numberOr(schema.maximum, number),
      );
      return type === 'integer' ? Math.round(clamped) : clamped;
    }
    case 'boolean':
      return draft === true;
    default:
      return null;
  }
}

function matchesType(schema: JsonSchema, value: unknown): boolean {
  if ('const' in schema) return schema.const === value;
  if (Array.isArray(schema.enum)) return schema.enum.includes(value);
  switch (schema.type) {
    case 'null':
      return value === null || value === undefined;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === schema.type;
  }
}

function partsOf(schema: JsonSchema): [string, JsonSchema][] {
  const parts: [string, JsonSchema][] = Object.entries(partOf(schema.properties)).map(([name, part]) => [
    name,
    partOf(part),
  ]);
  if (typeof schema.items === 'object') parts.push(['items', partOf(schema.items)]);
  return [...parts, ...listOf(schema.anyOf).map((part): [string, JsonSchema] => ['anyOf', part])];
}

function partOf(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function listOf(value: unknown): JsonSchema[] {
  return Array.isArray(value) ? value.map(partOf) : [];
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
