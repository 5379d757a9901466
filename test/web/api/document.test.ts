import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { ROUTES } from '../../../src/web/api/routes.ts';
import { openApi } from './api-fixture.ts';
import type { TestApi } from './api-fixture.ts';

let api: TestApi;
before(async () => {
  api = await openApi();
});
after(() => api.web.close());

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(api.document));
  assert.ok(result.valid, JSON.stringify(result));
  assert.equal(validator.version, '3.1');
});

test('it names every route of the server, each once, and no other', async () => {
  const named = Object.entries(api.document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  );
  assert.deepEqual(
    named.toSorted((a, b) => a.localeCompare(b)),
    ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted((a, b) => a.localeCompare(b)),
  );
  const ids = ROUTES.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { method, path } of ROUTES) {
    const answer = await api.ask(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'x'), { body: ['post', 'put', 'patch'].includes(method) ? {} : undefined }); // prettier-ignore
    const kind = answer.body instanceof Buffer ? '' : JSON.stringify(answer.body);
    assert.doesNotMatch(kind, /no-such-route/, `${method} ${path} is served`);
  }
});

test('every example is valid', () => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  ajv.addSchema(api.document, 'api');
  let examples = 0;
  for (const [path, operations] of Object.entries(api.document.paths))
    for (const [method, operation] of Object.entries(operations))
      for (const [media, { example }] of Object.entries(operation.requestBody?.content ?? {})) {
        const place = ['paths', path, method, 'requestBody', 'content', media, 'schema'];
        const pointer = place.map((part) =>
          encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')),
        );
        assert.ok(
          ajv.validate({ $ref: `api#/${pointer.join('/')}` }, example),
          `${path}: ${ajv.errorsText()}`,
        );
        examples += 1;
      }
  assert.ok(examples >= 2);
});
