import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openJournal } from '../../sandbox/kit/journal.ts';

test('a journal whose last line was cut off by a kill goes on behind its last whole line', (context) => {
  const home = mkdtempSync(join(tmpdir(), 'fieldnote-journal-'));
  context.after(() => rmSync(home, { recursive: true }));
  const file = join(home, 'journal.jsonl');
  writeFileSync(file, '{"n":1}\n{"n":2');
  const read = (): unknown[] => {
    const events: unknown[] = [];
    openJournal<unknown>(file, (line) => line).replay((event) => events.push(event));
    return events;
  };
  assert.deepEqual(read(), [{ n: 1 }]);
  openJournal<unknown>(file, (line) => line).append([{ n: 3 }]);
  assert.deepEqual(read(), [{ n: 1 }, { n: 3 }]);
});
