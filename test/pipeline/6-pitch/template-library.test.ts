import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { UserError } from '../../../src/errors.ts';
import { TemplateError } from '../../../src/pipeline/6-pitch/check-template.ts';
import {
  findTemplate,
  listTemplates,
  removeTemplate,
  requireTemplate,
  saveTemplate,
  SHIPPED_TEMPLATES,
} from '../../../src/pipeline/6-pitch/template-library.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';

let here: TestDatabase;
let workspaceId: string;
before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db, 'templates');
});
after(() => here.close());

test('a workspace begins with the templates that come with Fieldnote, each with its title', async () => {
  const entries = await here.db.inWorkspace(workspaceId, listTemplates);
  assert.deepEqual(
    entries.map(({ name, origin }) => [name, origin]),
    SHIPPED_TEMPLATES.map((name) => [name, 'shipped']),
  );
  for (const { title, description } of entries) assert.ok(title !== '' && description !== '');
});

test('a template of its own is found, changed and removed, in its own workspace alone', async () => {
  const other = await ensureWorkspace(here.db, 'other');
  await here.db.inWorkspace(workspaceId, async (tx) => {
    const saved = await saveTemplate(tx, workspaceId, {
      name: 'ours',
      source: '{{! Ours: for us. }}{{date}}',
    });
    assert.deepEqual([saved?.title, saved?.description, saved?.origin], ['Ours', 'for us.', 'custom']);
    const again = await saveTemplate(tx, workspaceId, { name: 'ours', source: 'v2 {{date}}' });
    assert.deepEqual([again?.title, (await findTemplate(tx, 'ours'))?.source], ['ours', 'v2 {{date}}']);
  });
  assert.equal(await here.db.inWorkspace(other, (tx) => findTemplate(tx, 'ours')), null);
  await here.db.inWorkspace(workspaceId, async (tx) => {
    assert.deepEqual([await removeTemplate(tx, 'ours'), await removeTemplate(tx, 'ours')], [true, false]);
    await assert.rejects(requireTemplate(tx, 'ours'), /There is no template "ours"/);
  });
});

test('a template of its own goes before the one that came with Fieldnote, which shows again when it is removed', async () => {
  await here.db.inWorkspace(workspaceId, async (tx) => {
    const shipped = await requireTemplate(tx, 'standard');
    await saveTemplate(tx, workspaceId, { name: 'standard', source: 'ours' });
    assert.equal((await requireTemplate(tx, 'standard')).source, 'ours');
    const names = (await listTemplates(tx)).map(({ name }) => name);
    assert.deepEqual(names, [...SHIPPED_TEMPLATES]);
    await removeTemplate(tx, 'standard');
    assert.deepEqual(await requireTemplate(tx, 'standard'), shipped);
  });
});

test('what is wrong is not stored: a bad name, a bad template, one too many', async () => {
  await here.db.inWorkspace(workspaceId, async (tx) => {
    await assert.rejects(saveTemplate(tx, workspaceId, { name: '../x', source: 'a' }), UserError);
    await assert.rejects(
      saveTemplate(tx, workspaceId, { name: 'bad', source: '{{company.nmae}}' }),
      (error) => error instanceof TemplateError && error.problems[0]?.column === 3,
    );
    for (let index = 0; index < 100; index += 1)
      await saveTemplate(tx, workspaceId, { name: `t-${index}`, source: 'a' });
    await assert.rejects(saveTemplate(tx, workspaceId, { name: 'more', source: 'a' }), /at most 100/);
    await saveTemplate(tx, workspaceId, { name: 't-7', source: 'changed' });
    assert.equal(await findTemplate(tx, 'bad'), null);
  });
});
