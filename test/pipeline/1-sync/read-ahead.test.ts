import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChangePage } from '../../../src/connectors/crm.ts';
import { readAhead } from '../../../src/pipeline/1-sync/read-ahead.ts';
import { crmRecord } from '../../harness/crm-record.ts';

const pageOf = (page: number, rows = 1): ChangePage => ({
  records: Array.from({ length: rows }, (_, index) => crmRecord('Account', `a${page}-${index}`, {})),
  cursor: { page },
});
const NEVER = new AbortController().signal;

/** Pages as a CRM sends them; tells which were asked for. A number in place of a page: the call fails. */
function createPages(pages: (ChangePage | number)[]) {
  const asked: number[] = [];
  let ended = false;
  async function* open(): AsyncGenerator<ChangePage> {
    try {
      for (const [index, page] of pages.entries()) {
        asked.push(index);
        await Promise.resolve();
        if (typeof page === 'number') throw new Error(`call ${page} failed`);
        yield page;
      }
    } finally {
      ended = true;
    }
  }
  return { open, asked, hasEnded: () => ended };
}

test('the next page is under way while its reader is busy with the one before', async () => {
  const { open, asked } = createPages([pageOf(1), pageOf(2), pageOf(3)]);
  const seen: unknown[] = [];
  for await (const { cursor } of readAhead(open, NEVER)) seen.push([cursor.page, asked.length]);
  assert.deepEqual(seen, [
    [1, 2],
    [2, 3],
    [3, 3],
  ]);
});

test('behind a page without rows nothing is asked for before its reader comes back', async () => {
  const { open, asked } = createPages([pageOf(1, 0), pageOf(2)]);
  for await (const { cursor } of readAhead(open, NEVER)) if (cursor.page === 1) assert.deepEqual(asked, [0]);
  assert.deepEqual(asked, [0, 1]);
});

test('a page that was read before a failure reaches its reader first', async () => {
  const { open, hasEnded } = createPages([pageOf(1), 7]);
  const seen: unknown[] = [];
  await assert.rejects(async () => {
    for await (const { cursor } of readAhead(open, NEVER)) seen.push(cursor.page);
  }, /call 7 failed/);
  assert.deepEqual([seen, hasEnded()], [[1], true]);
});

test('a reader that gives up stops the call under way, and leaves when that has ended', async () => {
  let stopped = 0;
  async function* open(signal: AbortSignal): AsyncGenerator<ChangePage> {
    yield pageOf(1);
    await new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        stopped += 1;
        reject(new Error('stopped'));
      });
    });
  }
  await assert.rejects(async () => {
    for await (const page of readAhead(open, NEVER))
      assert.equal(page.records.length, 0, 'the database is down');
  }, /the database is down/);
  assert.equal(stopped, 1);
});

test('whoever stops the reading is heard in the middle of a call', async () => {
  const controller = new AbortController();
  async function* open(signal: AbortSignal): AsyncGenerator<ChangePage> {
    yield pageOf(1);
    signal.throwIfAborted();
    await new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('stopped')));
    });
  }
  await assert.rejects(async () => {
    for await (const page of readAhead(open, controller.signal))
      if (page.records.length > 0) controller.abort();
  }, /stopped/);
});
