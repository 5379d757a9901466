import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { openEmbeddedDatabase } from '../src/embedded/database.ts';

const ask = async (url: string): Promise<unknown> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query('select 1 as one')).rows[0];
  } finally {
    await client.end();
  }
};

test('the embedded database serves several at once and stops with the last of them', async () => {
  const home = await mkdtemp(join(tmpdir(), 'fieldnote-embedded-'));
  const [first, second] = await Promise.all([openEmbeddedDatabase(home), openEmbeddedDatabase(home)]);
  assert.equal(first.url, second.url);

  await first.release();
  assert.deepEqual(await ask(second.url), { one: 1 });

  await second.release();
  await assert.rejects(ask(second.url), /ECONNREFUSED/);
  await rm(home, { recursive: true, force: true });
});

test('what was stored is found again after the server was killed', async () => {
  const home = await mkdtemp(join(tmpdir(), 'fieldnote-embedded-'));
  const before = await openEmbeddedDatabase(home);
  const client = new pg.Client({ connectionString: before.url });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('create table kept as select 42 as answer');
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_stat_activity where backend_type = 'checkpointer'`,
  );
  const gone = new Promise((resolve) => client.once('end', resolve));
  // Killing one of its own processes makes PostgreSQL drop everyone and recover from its log, as after a power cut.
  process.kill(rows[0]?.pid ?? assert.fail('no checkpointer'), 'SIGKILL');
  await gone;

  const after = await openEmbeddedDatabase(home);
  const again = new pg.Client({ connectionString: after.url });
  await again.connect();
  assert.deepEqual((await again.query('select answer from kept')).rows, [{ answer: 42 }]);
  await again.end();

  await before.release();
  await after.release();
  await rm(home, { recursive: true, force: true });
});
