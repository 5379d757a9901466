import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PACKAGE, renderSalesforceMetadata } from '../documents/salesforce-metadata.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('the Salesforce package holds the fields and permission sets that connect --install makes, to the letter', () => {
  const files = renderSalesforceMetadata();
  assert.equal(files.size, 22);
  for (const [path, content] of files) {
    assert.ok(existsSync(join(ROOT, path)), `${path} is missing: npx node test/documents/write.ts`);
    assert.equal(
      readFileSync(join(ROOT, path), 'utf8'),
      content,
      `${path}: npx node test/documents/write.ts`,
    );
  }
  const kept = globSync(`${PACKAGE}/objects/{Account,Lead}/fields/*`, { cwd: ROOT });
  assert.deepEqual(
    kept.filter((path) => !files.has(path.replaceAll('\\', '/'))),
    [],
    'no field beside these',
  );
});
