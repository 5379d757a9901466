import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../src/config.ts';
import { UserError } from '../src/errors.ts';

const trust = (text: string) => readConfig({ TRUST_PROXY: text }).trustProxy;

test('nobody’s word on who asks counts unless TRUST_PROXY says how many proxies there are, or which', () => {
  assert.equal(readConfig({}).trustProxy, 0);
  assert.deepEqual([trust(''), trust('0'), trust('1'), trust(' 2 ')], [0, 0, 1, 2]);
  assert.deepEqual(trust('10.0.0.0/8, 2001:db8::/32 203.0.113.7,loopback'), [
    '10.0.0.0/8',
    '2001:db8::/32',
    '203.0.113.7',
    'loopback',
  ]);
});

test('a TRUST_PROXY that would let everybody name themselves, or says nothing, is refused with what to write', () => {
  for (const wrong of [
    'true',
    '*',
    '-1',
    '1.5',
    '11',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    'proxy.example',
    ',',
  ])
    assert.throws(
      () => trust(wrong),
      (error: unknown) =>
        error instanceof UserError &&
        error.message.startsWith('TRUST_PROXY: ') &&
        /how many proxies.*1 on Heroku/.test(error.fix ?? ''),
      wrong,
    );
});
