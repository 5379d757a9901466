import { z } from 'zod';
import { NOTHING } from './route.ts';
import type { Route } from './route.ts';
import { NAMED } from './shapes.ts';

type Schema = Record<string, unknown>;

const REFUSALS: Record<number, string> = {
  400: 'The request is not as described here; "fields" names each place',
  401: 'A token is missing, unknown, revoked or expired',
  403: 'The token may not do this; the scope that is missing is named',
  404: 'There is nothing of that name or id in the workspace',
  409: 'It can not be done as things stand; "fix" says what would change that',
  412: 'What stands is not of the version that If-Match names; nothing was changed',
  413: 'The body is too large',
  415: 'The body is not application/json',
  429: 'Too many requests; Retry-After says when to come back',
  500: 'Something went wrong on our side',
};
const WITHOUT_BODY = new Set(['409', '413', '415']);

/** The routes → an OpenAPI 3.1 document. `version`: the product's. */
export function describeApi(routes: readonly Route[], publicUrl: string): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const each of routes) (paths[each.path] ??= {})[each.method] = describeRoute(each);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Fieldnote',
      version: '1',
      summary:
        'Companies, scores with their reasons, pitches, runs and the ledger of writes of one workspace',
      description:
        'Every error is application/problem+json (RFC 9457) and says in "fix" what to do. Lists are pages: pass "next" as "cursor" until it is null.',
    },
    servers: [{ url: `${publicUrl}/api/v1` }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'Made by "fieldnote token create". Programs on the same machine need none while the server is bound to loopback.',
        },
      },
      schemas: describeSchemas(),
    },
  };
}

function describeRoute(each: Route): Schema {
  const hasBody = each.body !== NOTHING;
  const hearsMatch = each.versioned === true && each.method !== 'get';
  const tellsVersion = each.versioned === true;
  const success = Object.entries(each.answers).map(([status, description]) => [
    status,
    {
      description,
      ...(tellsVersion ? { headers: VERSION_HEADER } : {}),
      content:
        each.media === undefined
          ? { 'application/json': { schema: refer(each.answer) } }
          : { [each.media]: {} },
    },
  ]);
  const refusals = Object.entries(REFUSALS)
    .filter(([status]) => (status === '412' ? hearsMatch : hasBody || !WITHOUT_BODY.has(status)))
    .map(([status, description]) => [
      status,
      {
        description,
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]);
  return {
    operationId: each.id,
    summary: each.summary,
    description: [each.description, `Takes the scope "${each.scope}".`].filter(Boolean).join(' '),
    parameters: [
      ...describeParameters('path', each.params),
      ...describeParameters('query', each.query),
      ...(each.starts ? WORK_HEADERS : []),
      ...(hearsMatch ? [IF_MATCH] : []),
    ],
    ...(hasBody ? { requestBody: describeBody(each) } : {}),
    responses: Object.fromEntries([...success, ...refusals]),
  };
}

const WORK_HEADERS = [
  {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'Asked again under the same key within 24 hours, it is not done again.',
    schema: { type: 'string', minLength: 1, maxLength: 200 },
  },
  {
    name: 'Prefer',
    in: 'header',
    description: '"wait=N": answer when it is over, within N seconds, 25 at most.',
    schema: { type: 'string' },
  },
];

const VERSION_HEADER = {
  ETag: { description: 'Its version: another one after each change.', schema: { type: 'string' } },
};

const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  description:
    'The ETag that was read: 412 where it changed since. Unset: the change goes over whatever stands.',
  schema: { type: 'string' },
};

function describeBody({ body, example }: Route): Schema {
  return {
    required: true,
    content: { 'application/json': { schema: refer(body), ...(example === undefined ? {} : { example }) } },
  };
}

function describeParameters(place: 'path' | 'query', schema: z.ZodObject): Schema[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' });
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function refer(schema: z.ZodType): Schema {
  const name = Object.entries(NAMED).find(([, named]) => named === schema)?.[0];
  if (name === undefined) throw new Error('a body or an answer has no name in the document');
  return { $ref: `#/components/schemas/${name}` };
}

function describeSchemas(): Schema {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, io: 'input' });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $id: _id, $schema: _schema, ...schema }]) => [name, schema]),
  );
}
