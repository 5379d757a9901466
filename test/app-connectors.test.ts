import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { openConnectors } from '../src/app-connectors.ts';
import { readConfig } from '../src/config.ts';
import { noLimits } from '../src/connectors/resilience.ts';

const Sent = z.looseObject({ model: z.string(), max_tokens: z.int().optional() });

/** An endpoint that serves two models, of which `strict` takes no max_tokens. */
let server: Server;
let baseUrl: string;
const sent: string[] = [];
before(async () => {
  server = createServer((request, response) => {
    void json(request).then((body) => {
      const { model, max_tokens: tokens } = Sent.parse(body);
      const isRefused = model === 'strict' && tokens !== undefined;
      sent.push(`${model} ${tokens === undefined ? 'max_completion_tokens' : 'max_tokens'}`);
      response.writeHead(isRefused ? 400 : 200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(
          isRefused
            ? { error: { message: "Use 'max_completion_tokens' instead." } }
            : { choices: [{ finish_reason: 'stop', message: { content: '{"said":"yes"}' } }] },
        ),
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  baseUrl = `http://127.0.0.1:${address.port}/v1`;
});
after(() => server.close());

test('each model of an endpoint is asked in its own dialect, and has a breaker of its own', async () => {
  const entered = new Set<string>();
  const breaker = {
    enter: async (name: string) => {
      entered.add(name);
      return 'call' as const;
    },
    report: async (name: string) => void entered.add(name),
  };
  const config = readConfig({ LLM_BASE_URL: baseUrl, LLM_MODEL: 'plain', LLM_MODELS: 'strict' });
  const { textModel } = openConnectors(config, { limits: noLimits, breaker });
  const strict = textModel?.others?.get('strict');
  assert.ok(textModel && strict);
  const request = {
    system: 'Answer.',
    prompt: 'Say yes.',
    schemaName: 'answer',
    schema: z.object({ said: z.string().max(10) }),
    maxTokens: 20,
    temperature: 0,
  };
  for (const model of [strict, textModel, strict]) {
    const { provider, model: answered } = await model.ask(request, { signal: AbortSignal.timeout(30_000) });
    assert.deepEqual([provider, answered], ['llm', model.model]);
  }
  assert.deepEqual(sent, [
    'strict max_tokens',
    'strict max_completion_tokens',
    'plain max_tokens',
    'strict max_completion_tokens',
  ]);
  assert.deepEqual([...entered].toSorted(), ['llm', 'llm strict']);
});
