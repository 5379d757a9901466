import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as soon } from 'node:timers/promises';
import fc from 'fast-check';
import type { ProviderCall } from '../../src/connectors/call.ts';
import { createPolicy, noBreaker, noLimits } from '../../src/connectors/resilience.ts';
import type { Policy, PolicyOptions } from '../../src/connectors/resilience.ts';
import { ProviderDownError, ProviderError } from '../../src/errors.ts';
import type { ProviderErrorKind } from '../../src/errors.ts';

const never = new AbortController().signal;

function policyWith(options: Partial<PolicyOptions> = {}): Policy {
  return createPolicy({
    provider: 'hubspot',
    limits: noLimits,
    breaker: noBreaker,
    buckets: [],
    attempts: 3,
    attemptTimeoutMs: 2000,
    totalTimeoutMs: 5000,
    backoffMs: { first: 2, max: 4 },
    ...options,
  });
}

function failure(kind: ProviderErrorKind, rest: { retryAfterMs?: number; maybeApplied?: boolean } = {}) {
  return new ProviderError({ provider: 'hubspot', operation: 'read', kind, message: 'no', ...rest });
}

/** Fails with each error in turn, then answers. */
function failing(...errors: Error[]) {
  const startedAt: number[] = [];
  return {
    startedAt,
    call: async () => {
      const error = errors[startedAt.length];
      startedAt.push(performance.now());
      if (error !== undefined) throw error;
      return 'answer';
    },
  };
}

test('A read that failed for an outage is tried again, and the ledger counts every request', async () => {
  const provider = failing(failure('unavailable', { maybeApplied: true }), failure('unavailable'));
  const ledger: ProviderCall[] = [];
  const answer = await policyWith().run(
    'read',
    provider.call,
    { signal: never, repeatable: true, onCall: (call) => ledger.push(call) },
    () => ({ searchCredits: 2 }),
  );
  assert.equal(answer, 'answer');
  assert.equal(ledger.length, 1);
  const { milliseconds, ...rest } = ledger[0] ?? { milliseconds: -1 };
  assert.ok(milliseconds >= 0);
  assert.deepEqual(rest, { provider: 'hubspot', operation: 'read', ok: true, requests: 3, searchCredits: 2 });
});

test('A call whose time was over when its turn came is not sent, although the timers of a process that stood still are late', async () => {
  const provider = failing();
  const heard: string[] = [];
  const breaker = { ...noBreaker, report: async (_: string, outcome: string) => void heard.push(outcome) };
  const standStill = async (): Promise<number> => {
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
    return 0;
  };
  const policy = policyWith({
    breaker,
    limits: { ...noLimits, reserve: standStill },
    buckets: [{ key: 'hubspot', cost: () => 1 }],
  });
  const options = { signal: AbortSignal.timeout(40), sendBefore: performance.now() + 40, repeatable: false };

  await assert.rejects(
    policy.run('batch update', provider.call, options),
    (error) => error instanceof ProviderError && !error.maybeApplied && error.retryable,
  );

  assert.deepEqual([provider.startedAt, heard], [[], []]);
});

test('After the last attempt the provider error comes out and the ledger says so', async () => {
  const provider = failing(...Array.from({ length: 9 }, () => failure('unavailable')));
  const ledger: ProviderCall[] = [];
  const run = policyWith().run('read', provider.call, {
    signal: never,
    repeatable: true,
    onCall: (call) => ledger.push(call),
  });
  await assert.rejects(run, { name: 'ProviderError', kind: 'unavailable' });
  assert.equal(provider.startedAt.length, 3);
  assert.deepEqual([ledger[0]?.ok, ledger[0]?.requests], [false, 3]);
});

test('A write is not repeated after a reset, because it may have taken effect', async () => {
  const provider = failing(failure('unavailable', { maybeApplied: true }));
  await assert.rejects(policyWith().run('write', provider.call, { signal: never, repeatable: false }), {
    kind: 'unavailable',
    maybeApplied: true,
  });
  assert.equal(provider.startedAt.length, 1);
});

test('A write is repeated when the connection was refused or a 429 turned it away', async () => {
  const provider = failing(
    failure('unavailable', { maybeApplied: false }),
    failure('rate-limited', { retryAfterMs: 20 }),
  );
  assert.equal(
    await policyWith().run('write', provider.call, { signal: never, repeatable: false }),
    'answer',
  );
  assert.equal(provider.startedAt.length, 3);
});

test('What waiting cannot help is never repeated', async () => {
  for (const kind of ['unauthorized', 'refused', 'not-found', 'malformed', 'quota'] as const) {
    const provider = failing(failure(kind));
    await assert.rejects(policyWith().run('read', provider.call, { signal: never, repeatable: true }), {
      kind,
    });
    assert.equal(provider.startedAt.length, 1, kind);
  }
});

test('No call goes out before Retry-After, whichever of many concurrent calls was told', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ fails: fc.integer({ min: 0, max: 2 }), after: fc.integer({ min: 5, max: 40 }) }), {
        minLength: 1,
        maxLength: 8,
      }),
      async (plans) => {
        const policy = policyWith({
          totalTimeoutMs: 60_000,
          limits: { reserve: async () => 1, pause: async () => {}, pausedFor: async () => 0 },
          buckets: [{ key: 'hubspot', cost: () => 1 }],
        });
        let openAt = 0;
        const early: number[] = [];
        const runs = plans.map((plan) => {
          let seen = 0;
          return policy.run(
            'read',
            async () => {
              if (performance.now() < openAt) early.push(openAt - performance.now());
              seen += 1;
              if (seen > plan.fails) return seen;
              openAt = Math.max(openAt, performance.now() + plan.after);
              throw failure('rate-limited', { retryAfterMs: plan.after });
            },
            { signal: never, repeatable: false },
          );
        });
        await Promise.all(runs);
        assert.deepEqual(early, []);
      },
    ),
    { numRuns: 25 },
  );
});

test('A Retry-After closes every bucket for everyone, and one that is too long is passed on', async () => {
  const paused: [string, number][] = [];
  const policy = policyWith({
    totalTimeoutMs: 500,
    limits: {
      reserve: async () => 0,
      pause: async (bucket, until) => void paused.push([bucket, until.getTime() - Date.now()]),
      pausedFor: async () => 0,
    },
    buckets: [
      { key: 'llm-requests', interactiveKey: 'llm-requests:interactive', cost: ({ requests }) => requests },
      { key: 'llm-tokens', cost: ({ tokens }) => tokens },
    ],
  });
  const provider = failing(failure('rate-limited', { retryAfterMs: 60_000 }));
  await assert.rejects(policy.run('ask', provider.call, { signal: never, repeatable: true }), {
    kind: 'rate-limited',
    retryAfterMs: 60_000,
  });
  assert.deepEqual(
    paused.map(([bucket]) => bucket),
    ['llm-requests', 'llm-requests:interactive', 'llm-tokens'],
  );
  assert.ok(paused.every(([, left]) => left > 59_000 && left < 61_000));
  assert.equal(provider.startedAt.length, 1);
});

test('Buckets are charged for every attempt, and a person who waits takes turns of their own, at the expense of batch work', async () => {
  const charged: [string, number][] = [];
  const policy = policyWith({
    limits: {
      // Batch work has queued up for a minute.
      reserve: async (bucket, units) => (
        charged.push([bucket, units]),
        bucket === 'requests' && charged.length > 4 ? 60_000 : 0
      ),
      pause: async () => {},
      pausedFor: async () => 0,
    },
    buckets: [
      { key: 'requests', interactiveKey: 'requests:interactive', cost: ({ requests }) => requests },
      { key: 'tokens', cost: ({ tokens }) => tokens },
    ],
  });
  await policy.run('ask', failing(failure('unavailable')).call, {
    signal: never,
    repeatable: true,
    tokens: 70,
  });
  await policy.run('ask', failing().call, { signal: never, repeatable: true, interactive: true });
  assert.deepEqual(charged, [
    ['requests', 1],
    ['tokens', 70],
    ['requests', 1],
    ['tokens', 70],
    ['requests:interactive', 1],
    ['tokens', 0],
    ['requests', 1],
  ]);
});

test('A database that cannot be reached fails the call of a person who waits, and nothing beyond it', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', note);
  try {
    const policy = policyWith({
      limits: {
        // The turn is told first, what it costs the others a moment later: both fail.
        reserve: async (bucket) => {
          if (bucket === 'requests') await soon();
          throw new Error('no connection');
        },
        pause: async () => {},
        pausedFor: async () => 0,
      },
      buckets: [
        { key: 'requests', interactiveKey: 'requests:interactive', cost: ({ requests }) => requests },
      ],
    });
    const asked = policy.run('ask', failing().call, { signal: never, repeatable: true, interactive: true });
    await assert.rejects(asked, /no connection/);
    await soon();
    await soon();
    assert.deepEqual(unhandled, []);
  } finally {
    process.off('unhandledRejection', note);
  }
});

test('Waiting for a turn does not eat into the time that the call may take', async () => {
  const policy = policyWith({
    totalTimeoutMs: 100,
    limits: { reserve: async () => 250, pause: async () => {}, pausedFor: async () => 0 },
    buckets: [{ key: 'slow', cost: () => 1 }],
  });
  const began = performance.now();
  assert.equal(await policy.run('read', failing().call, { signal: never, repeatable: true }), 'answer');
  assert.ok(performance.now() - began >= 250);
});

test('A turn that is too far away is handed back to the queue instead of waited for', async () => {
  const provider = failing();
  const policy = policyWith({
    longestTurnMs: 1000,
    limits: { reserve: async () => 5000, pause: async () => {}, pausedFor: async () => 0 },
    buckets: [{ key: 'busy', cost: () => 1 }],
  });
  await assert.rejects(policy.run('read', provider.call, { signal: never, repeatable: true }), {
    kind: 'rate-limited',
    retryAfterMs: 5000,
  });
  assert.equal(provider.startedAt.length, 0);
});

test('An open breaker sends nothing and takes from no bucket', async () => {
  const openUntil = new Date(Date.now() + 30_000);
  const reserved: string[] = [];
  const ledger: ProviderCall[] = [];
  const provider = failing();
  const policy = policyWith({
    breaker: { enter: async () => ({ openUntil }), report: async () => {} },
    limits: {
      reserve: async (bucket) => (reserved.push(bucket), 0),
      pause: async () => {},
      pausedFor: async () => 0,
    },
    buckets: [{ key: 'requests', cost: () => 1 }],
  });
  const run = policy.run('read', provider.call, {
    signal: never,
    repeatable: true,
    onCall: (call) => ledger.push(call),
  });
  await assert.rejects(run, (error) => error instanceof ProviderDownError && error.until === openUntil);
  assert.deepEqual([provider.startedAt, reserved, ledger], [[], [], []]);
});

test('A breaker that opens while a call waits for its turn stops that call too', async () => {
  const openUntil = new Date(Date.now() + 30_000);
  let asked = 0;
  const provider = failing();
  const policy = policyWith({
    breaker: { enter: async () => ((asked += 1) === 1 ? 'call' : { openUntil }), report: async () => {} },
    limits: { reserve: async () => 10, pause: async () => {}, pausedFor: async () => 0 },
    buckets: [{ key: 'requests', cost: () => 1 }],
  });
  await assert.rejects(
    policy.run('read', provider.call, { signal: never, repeatable: true }),
    ProviderDownError,
  );
  assert.equal(provider.startedAt.length, 0);
});

test('Only outages count against the breaker, never a refusal of one request', async () => {
  const outcomes: string[] = [];
  const breaker = {
    enter: async () => 'call' as const,
    report: async (_: string, o: string) => void outcomes.push(o),
  };
  const policy = policyWith({ breaker, attempts: 1 });
  for (const kind of ['refused', 'unauthorized', 'rate-limited', 'not-found', 'unavailable'] as const) {
    await assert.rejects(
      policy.run('read', failing(failure(kind)).call, { signal: never, repeatable: true }),
    );
  }
  await policy.run('read', failing().call, { signal: never, repeatable: true });
  assert.deepEqual(outcomes, ['success', 'success', 'success', 'success', 'failure', 'success']);
});

test('A call that is deaf to its signal is cut off by the timeout and counts as maybe applied', async () => {
  const policy = policyWith({ attempts: 1, attemptTimeoutMs: 60 });
  const began = performance.now();
  const deaf = policy.run('write', () => new Promise<never>(() => {}), { signal: never, repeatable: false });
  await assert.rejects(deaf, { kind: 'unavailable', maybeApplied: true, message: /no answer within 60 ms/ });
  assert.ok(performance.now() - began < 1000);
});

test('All attempts together end within the total timeout', async () => {
  const policy = policyWith({ attempts: 50, attemptTimeoutMs: 60, totalTimeoutMs: 200 });
  const began = performance.now();
  const hung = policy.run('read', () => new Promise<never>(() => {}), { signal: never, repeatable: true });
  await assert.rejects(hung, { kind: 'unavailable' });
  assert.ok(performance.now() - began < 1000);
});

test('An abort ends everything at once with its own reason, is no outage, and is still counted', async () => {
  const reason = new Error('the job was cancelled');
  const outcomes: string[] = [];
  const ledger: ProviderCall[] = [];
  const breaker = {
    enter: async () => 'call' as const,
    report: async (_: string, o: string) => void outcomes.push(o),
  };
  const policy = policyWith({
    breaker,
    backoffMs: { first: 60_000, max: 60_000 },
    totalTimeoutMs: 120_000,
    random: () => 1,
  });
  const inFlight = new AbortController();
  const deaf = policy.run(
    'read',
    () => new Promise<never>(() => setImmediate(() => inFlight.abort(reason))),
    {
      signal: inFlight.signal,
      repeatable: true,
      onCall: (call) => ledger.push(call),
    },
  );
  await assert.rejects(deaf, reason);
  assert.deepEqual(outcomes, []);
  assert.deepEqual([ledger[0]?.ok, ledger[0]?.requests], [false, 1]);

  const waiting = new AbortController();
  const backingOff = policy.run(
    'read',
    async () => {
      setTimeout(() => waiting.abort(reason), 20);
      throw failure('unavailable');
    },
    { signal: waiting.signal, repeatable: true },
  );
  await assert.rejects(backingOff, reason);
  await assert.rejects(
    policy.run('read', failing().call, { signal: waiting.signal, repeatable: true }),
    reason,
  );
});

test('An answer that was paid for is kept when the breaker cannot be told of it', async (t) => {
  const warnings: string[] = [];
  t.mock.method(process, 'emitWarning', (text: string) => void warnings.push(text));
  const breaker = {
    enter: async () => 'call' as const,
    report: async () => {
      throw new Error('database is gone');
    },
  };
  assert.equal(
    await policyWith({ breaker }).run('read', failing().call, { signal: never, repeatable: true }),
    'answer',
  );
  assert.match(warnings.join(), /database is gone/);
});

test('a call whose turn falls into a pause that another process was told of takes a new turn behind it', async () => {
  const asked: (readonly string[])[] = [];
  const policy = policyWith({
    limits: {
      reserve: async () => (asked.length === 0 ? 20 : 60),
      pause: async () => {},
      pausedFor: async (buckets) => (asked.push(buckets), asked.length === 1 ? 60 : 0),
    },
    buckets: [{ key: 'search', cost: () => 1 }],
  });
  const began = performance.now();
  let calledAfter = 0;
  await policy.run('ask', async () => void (calledAfter = performance.now() - began), {
    signal: never,
    repeatable: true,
  });
  assert.ok(calledAfter >= 80, `called after ${calledAfter} ms`);
  assert.deepEqual(asked, [['search'], ['search']]);
});
