import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { runHere } from './run-here.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const beyondLoopback = (): Record<string, string> => ({
  DATABASE_URL: here.url,
  HOST: '0.0.0.0',
  PORT: '0',
  SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
});

test('no process that serves, or plans links for the CRM, starts beyond this machine without an address for others', async () => {
  for (const command of ['start', 'web', 'worker', 'run']) {
    const { code, err } = await runHere([command], beyondLoopback());
    assert.equal(code, 1, command);
    assert.match(err, /links in the CRM would lead to http:\/\/127\.0\.0\.1/, command);
    assert.match(err, /fix: Set PUBLIC_URL/, command);
  }
});

test('doctor says so before anything is started', async () => {
  const { code, out } = await runHere(['doctor'], beyondLoopback());
  assert.equal(code, 1);
  assert.match(out, /✘ PUBLIC_URL: HOST is 0\.0\.0\.0.*Set PUBLIC_URL/);
  const set = await runHere(['doctor'], { ...beyondLoopback(), PUBLIC_URL: 'https://notes.example' });
  assert.match(
    set.out,
    /✔ PUBLIC_URL: links in the CRM lead to https:\/\/notes\.example; TRUST_PROXY is not set/,
  );
  const told = { ...beyondLoopback(), PUBLIC_URL: 'https://notes.example', TRUST_PROXY: '1' };
  assert.match((await runHere(['doctor'], told)).out, /lead to https:\/\/notes\.example\n/);
});
