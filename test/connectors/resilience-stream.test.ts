import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { readBody } from '../../src/connectors/resilience-stream.ts';
import { ProviderError } from '../../src/errors.ts';

const CHUNK = new TextEncoder().encode('x');
const read = { provider: 'salesforce', operation: 'bulk results', signal: new AbortController().signal };

test(
  'an answer that drips for ever is given up, though each chunk comes in time',
  { timeout: 60_000 },
  async () => {
    let cancelled = false;
    const drip = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await wait(5);
        controller.enqueue(CHUNK);
      },
      cancel: () => {
        cancelled = true;
      },
    });
    const readAll = async (): Promise<void> => {
      for await (const chunk of readBody(drip, { ...read, idleMs: 60_000, longestMs: 200 }))
        assert.equal(chunk.length, 1);
    };
    await assert.rejects(readAll(), (error) => {
      assert.ok(error instanceof ProviderError && error.kind === 'unavailable');
      assert.match(error.message, /did not end in 200 ms of waiting/);
      return true;
    });
    assert.ok(cancelled, 'the connection is closed');
  },
);

test('the time that the reader takes is not counted', async () => {
  let left = 5;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      left -= 1;
      if (left === 0) controller.close();
      else controller.enqueue(CHUNK);
    },
  });
  let chunks = 0;
  for await (const chunk of readBody(body, { ...read, idleMs: 20_000, longestMs: 20_000 })) {
    chunks += chunk.length;
    await wait(10);
  }
  assert.equal(chunks, 4);
});
