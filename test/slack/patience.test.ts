import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProviderError } from '../../src/errors.ts';
import type { ProviderErrorKind } from '../../src/errors.ts';
import { waitAfter, waitBriefly } from '../../src/slack/patience.ts';

const failure = (kind: ProviderErrorKind, retryAfterMs?: number): ProviderError =>
  new ProviderError({
    provider: 'slack',
    operation: 'chat.postMessage',
    kind,
    message: kind,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
const DAY_MS = 86_400_000;
const aged = (days: number, attempt = 1): { attempt: number; plannedAt: Date } => ({
  attempt,
  plannedAt: new Date(Date.now() - days * DAY_MS),
});

test('what Slack did not take is tried ever later, every ten minutes in the end, and not after three days', () => {
  const waits = [1, 2, 3, 4, 20, 4_000].map(
    (attempt) => waitAfter(failure('unavailable'), aged(1, attempt))?.againInMs,
  );
  assert.deepEqual(waits, [5_000, 10_000, 20_000, 40_000, 600_000, 600_000]);
  assert.equal(waitAfter(failure('unavailable'), aged(0), 2_000)?.againInMs, 2_000);
  assert.equal(waitAfter(failure('unavailable'), aged(3.1)), null);
  assert.equal(waitAfter(failure('refused'), aged(0)), null);
});

test('a time that Slack itself sets is kept to', () => {
  assert.equal(waitAfter(failure('rate-limited', 30_000), aged(0, 9))?.againInMs, 30_000);
  assert.equal(waitAfter(failure('unavailable', 900_000), aged(0, 1))?.againInMs, 900_000);
});

test('a Home tab or a preview is tried ever later, too, and given up after a quarter of an hour', () => {
  const after = (seconds: number): number =>
    Math.round((waitBriefly(failure('unavailable'), Date.now() - seconds * 1_000)?.againInMs ?? 0) / 1_000);
  assert.deepEqual([0, 2, 20, 600].map(after), [1, 2, 20, 60]);
  assert.equal(waitBriefly(failure('unavailable'), Date.now() - 901_000), null);
  assert.equal(waitBriefly(failure('unavailable'), undefined), null);
  assert.equal(waitBriefly(failure('refused'), Date.now()), null);
  assert.equal(waitBriefly(failure('rate-limited', 90_000), Date.now())?.againInMs, 90_000);
});
