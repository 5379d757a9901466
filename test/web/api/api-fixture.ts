import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import { mintToken } from '../../../src/pipeline/api-token.ts';
import { saveToken } from '../../../src/pipeline/store/api-tokens.ts';
import type { Scope } from '../../../src/pipeline/store/api-tokens.ts';
import { openWeb } from '../web-fixture.ts';
import type { TestWeb } from '../web-fixture.ts';

const Operation = z.looseObject({
  operationId: z.string(),
  requestBody: z
    .looseObject({ content: z.record(z.string(), z.looseObject({ example: z.unknown().optional() })) })
    .optional(),
  responses: z.record(z.string(), z.looseObject({ content: z.record(z.string(), z.unknown()) })),
});
export const OpenApi = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
});
export type Asked = { status: number; headers: Headers; body: unknown };

export type Asker = {
  document: z.infer<typeof OpenApi>;
  /** Asks, and checks the answer against what the document promises for it. */
  ask(
    method: string,
    path: string,
    options?: { token?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<Asked>;
};

export type TestApi = Asker & {
  web: TestWeb;
  makeToken(
    scope: Scope,
    options?: { workspaceId?: string; days?: number },
  ): Promise<{ id: string; token: string }>;
};

/** A server whose every JSON answer is held to its own document. */
export async function openApi(...options: Parameters<typeof openWeb>): Promise<TestApi> {
  const web = await openWeb(...options);
  return {
    web,
    ...(await openAsker(web.base)),
    makeToken: async (scope, { workspaceId = web.workspaceId, days = 1 } = {}) => {
      const { token, ...minted } = mintToken(workspaceId);
      await web.database.db.inWorkspace(workspaceId, (tx) =>
        saveToken(tx, workspaceId, { ...minted, name: `for ${scope}`, scope, days }),
      );
      return { id: minted.id, token };
    },
  };
}

/** Asks the server at that address, and holds its answers to its document. */
export async function openAsker(base: string): Promise<Asker> {
  const document = OpenApi.parse(await (await fetch(`${base}/api/v1/openapi.json`)).json());
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  ajv.addSchema(document, 'api');
  const check = (name: string, value: unknown): void => {
    const valid = ajv.validate({ $ref: `api#/components/schemas/${name}` }, value);
    assert.ok(valid, `${name}: ${ajv.errorsText()} in ${JSON.stringify(value)}`);
  };
  return {
    document,
    ask: async (method, path, { token, body, headers = {} } = {}) => {
      const response = await fetch(`${base}/api/v1${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const type = response.headers.get('content-type') ?? '';
      if (!type.includes('json')) {
        const bytes = Buffer.from(await response.arrayBuffer());
        return { status: response.status, headers: response.headers, body: bytes };
      }
      const answered: unknown = await response.json();
      if (response.status >= 400) {
        assert.match(type, /^application\/problem\+json/);
        check('Problem', answered);
      } else check(schemaOf(document, method, path, response.status), answered);
      return { status: response.status, headers: response.headers, body: answered };
    },
  };
}

function schemaOf({ paths }: TestApi['document'], method: string, path: string, status: number): string {
  const [bare = ''] = path.split('?');
  const found = Object.entries(paths)
    .filter(([pattern]) => new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(bare))
    .flatMap(([, operations]) => operations[method.toLowerCase()] ?? []);
  const content = found[0]?.responses[String(status)]?.content['application/json'];
  const { schema } = z.object({ schema: z.object({ $ref: z.string() }) }).parse(content);
  return schema.$ref.replace('#/components/schemas/', '');
}
