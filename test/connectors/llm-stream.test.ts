import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { startLlmTwin } from '../../sandbox/llm/twin.ts';
import type { ProviderCall } from '../../src/connectors/call.ts';
import { createHedger } from '../../src/connectors/llm/hedge.ts';
import { createLlm, llmBuckets } from '../../src/connectors/llm/llm.ts';
import { CutShort, readStream } from '../../src/connectors/llm/read-stream.ts';
import { createPolicy, noBreaker, noLimits } from '../../src/connectors/resilience.ts';
import type { TextModel } from '../../src/connectors/text-model.ts';
import { ProviderError } from '../../src/errors.ts';

const signal = new AbortController().signal;
const KEY = 'sandbox-key';
const request = {
  system: 'You read documents. Answer with JSON.',
  prompt: 'Company: Larkfield',
  schemaName: 'reading',
  schema: z.object({ note: z.string().max(400) }),
  maxTokens: 200,
  temperature: 0,
};

type Times = { attemptTimeoutMs: number; longestAttemptMs?: number };

const model = (baseUrl: string, attempts = 1, times: Times = { attemptTimeoutMs: 20_000 }): TextModel =>
  createLlm({
    label: 'llm',
    baseUrl,
    apiKey: KEY,
    model: 'sandbox-reader',
    hedge: { floorMs: 20 },
    policy: createPolicy({
      provider: 'llm',
      limits: noLimits,
      breaker: noBreaker,
      buckets: llmBuckets('llm'),
      attempts,
      ...times,
      totalTimeoutMs: 40_000,
      backoffMs: { first: 5, max: 20 },
    }),
  });

const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const piece = (content: string, finish: string | null = null): string =>
  event({ choices: [{ index: 0, delta: { content }, finish_reason: finish }] });

async function* inPieces(text: string, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  let from = 0;
  for (const to of places) {
    yield bytes.subarray(from, to);
    from = to;
  }
}

test('A streamed answer is the same wherever the network cuts it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme', minLength: 1 })),
      fc.array(fc.nat()),
      async (parts, cuts) => {
        let pieces = 0;
        const text = `: a gateway's comment\r\n\r\n${parts.map((part) => piece(part)).join('')}${piece('', 'stop')}${event({ choices: [], usage: { total_tokens: 3 } })}data: [DONE]\n\n`;

        const answer = await readStream(inPieces(text, cuts), () => (pieces += 1));

        assert.deepEqual(answer, {
          ok: true,
          content: parts.join(''),
          refusal: null,
          finish: 'stop',
          usage: { total_tokens: 3 },
        });
        // Each part, the end and the usage: a comment is no sign of life.
        assert.equal(pieces, parts.length + 2);
      },
    ),
  );
});

test('An answer that stops midway, or that the server breaks off, is never taken for a whole one', async () => {
  await assert.rejects(
    readStream(inPieces(piece('{"note": "half'), []), () => undefined),
    CutShort,
  );
  await assert.rejects(
    readStream(inPieces('data: {"choices": [{"del\n\n', []), () => undefined),
    SyntaxError,
  );
  const broken = await readStream(
    inPieces(piece('{"note"') + event({ error: { message: 'the engine died', code: 500 } }), []),
    () => undefined,
  );
  assert.deepEqual(broken, { ok: false, message: 'the engine died' });
});

test('A call that stays silent is hedged while a whole answer would still be far from overdue', async () => {
  const answerMs = 3_000;
  const twin = await startLlmTwin({ apiKey: KEY });
  try {
    // What is asked first in a process takes longer to begin, on a busy machine by most of a second: it is asked of another model.
    const before = model(`${twin.url}/v1`);
    for (let call = 0; call < 8; call += 1) await before.ask(request, { signal });
    const faults = { latencyMs: answerMs, firstByteShare: 0.02 };
    twin.kit.faults.set(faults);
    const asked = model(`${twin.url}/v1`);
    await Promise.all(Array.from({ length: 8 }, () => asked.ask(request, { signal })));
    twin.kit.calls.clear();
    twin.kit.faults.set({ ...faults, rateHang: 1, limit: 1 });
    const ledger: ProviderCall[] = [];

    await asked.ask(request, { signal, onCall: (call) => ledger.push(call) });

    // The twin notes the hung call when its connection closes.
    while (twin.kit.calls.list().length < 2) await new Promise((resolve) => setImmediate(resolve));
    const [first, second] = twin.kit.calls
      .list()
      .map(({ at }) => at)
      .toSorted((a, b) => a - b);
    assert.equal(ledger[0]?.hedges, 1);
    // By the time that whole answers take (twice the median) it would have been sent after 6 s.
    assert.ok(first !== undefined && second !== undefined);
    assert.ok(second - first < 1.5 * answerMs, `hedged after ${second - first} ms`);
  } finally {
    await twin.close();
  }
});

test('An answer that has begun is left to finish, however long the others took to begin', async () => {
  const hedger = createHedger({ floorMs: 1 });
  const pass = async (milliseconds: number): Promise<void> => {
    const end = performance.now() + milliseconds;
    while (performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
  };
  const ask = (silence: number, writing: number): Promise<string> =>
    hedger.race('reading', signal, (lane) =>
      lane.watch(async (onData) => {
        await pass(silence);
        onData();
        await pass(writing);
        return lane.hedge ? 'hedge' : 'first';
      }),
    );
  for (let call = 0; call < 8; call += 1) await ask(1, 200);

  assert.equal(await ask(1, 250), 'first');
});

/** A server of the protocol's simplest kind: answers each chat by `answer`. */
async function serve(
  answer: (body: { stream?: boolean }) => { status: number; type: string; text: string; cut?: boolean },
): Promise<{ url: string; seen: boolean[]; close(): Promise<void> }> {
  const seen: boolean[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = z
        .object({ stream: z.boolean().optional() })
        .parse(JSON.parse(String(Buffer.concat(chunks))));
      seen.push(body.stream === true);
      const { status, type, text, cut } = answer(body);
      response.writeHead(status, { 'content-type': type });
      if (cut === true) response.write(text, () => response.destroy());
      else response.end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port }: AddressInfo = z.custom<AddressInfo>((at) => at !== null && typeof at === 'object').parse(server.address()); // prettier-ignore
  return {
    url: `http://127.0.0.1:${port}/v1`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const whole = JSON.stringify({
  choices: [{ finish_reason: 'stop', message: { content: '{"note": "whole"}' } }],
});

test('A server that does not stream is asked for whole answers, and from then on at once', async () => {
  const server = await serve((body) =>
    body.stream === true
      ? {
          status: 400,
          type: 'application/json',
          text: JSON.stringify({ error: { message: 'stream is not supported by this model' } }),
        }
      : { status: 200, type: 'application/json', text: whole },
  );
  try {
    const asked = model(server.url);
    for (let call = 0; call < 2; call += 1)
      assert.deepEqual((await asked.ask(request, { signal })).value, { note: 'whole' });
    assert.deepEqual(server.seen, [true, false, false]);
  } finally {
    await server.close();
  }
});

test('A gateway that answers whole whatever it is asked for is understood', async () => {
  const server = await serve(() => ({ status: 200, type: 'application/json; charset=utf-8', text: whole }));
  try {
    assert.deepEqual((await model(server.url).ask(request, { signal })).value, { note: 'whole' });
  } finally {
    await server.close();
  }
});

/** A server that writes a piece of its answer every 100 ms: so many, or for ever. */
async function serveSlowly(pieces: number): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((_incoming, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let written = 0;
    const timer = setInterval(() => {
      written += 1;
      if (written < pieces) response.write(piece(written === 1 ? '{"note": "' : 'a'));
      else {
        clearInterval(timer);
        response.end(piece('"}', 'stop'));
      }
    }, 100);
    response.once('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port }: AddressInfo = z.custom<AddressInfo>((at) => at !== null && typeof at === 'object').parse(server.address()); // prettier-ignore
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${port}/v1`, close };
}

test('An answer that keeps arriving is waited for beyond the time that silence is given, but not for ever', async () => {
  const times = { attemptTimeoutMs: 1_000, longestAttemptMs: 10_000 };
  const slow = await serveSlowly(20);
  try {
    const { value } = await model(slow.url, 1, times).ask(request, { signal });
    assert.deepEqual(value, { note: 'a'.repeat(18) });
  } finally {
    await slow.close();
  }
  const endless = await serveSlowly(Number.POSITIVE_INFINITY);
  try {
    await assert.rejects(
      model(endless.url, 1, { ...times, longestAttemptMs: 2_000 }).ask(request, { signal }),
      {
        kind: 'unavailable',
        message: /its answer was not at its end after 2000 ms/,
      },
    );
  } finally {
    await endless.close();
  }
});

test('A connection that breaks in the middle of an answer is an outage that is tried again', async () => {
  let asked = 0;
  const server = await serve(() => {
    asked += 1;
    const text = piece('{"note": "streamed"}', asked === 1 ? null : 'stop');
    return { status: 200, type: 'text/event-stream', text, cut: asked === 1 };
  });
  try {
    assert.deepEqual((await model(server.url, 2).ask(request, { signal })).value, { note: 'streamed' });
    asked = 0;
    await assert.rejects(
      model(server.url, 1).ask(request, { signal }),
      (error) => error instanceof ProviderError && error.kind === 'unavailable' && error.retryable,
    );
  } finally {
    await server.close();
  }
});
