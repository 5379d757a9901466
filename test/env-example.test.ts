import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { readConfig } from '../src/config.ts';
import { SETTINGS } from '../src/settings.ts';
import { fillPlace, renderEnvExample, renderSettingsTable } from './documents/settings.ts';

const read = (name: string): Promise<string> =>
  readFile(fileURLToPath(new URL(`../${name}`, import.meta.url)), 'utf8');
const STALE = 'run: npx node test/documents/write.ts';

test('.env.example explains every setting as src/settings.ts does', async () => {
  assert.equal(await read('.env.example'), renderEnvExample(SETTINGS), STALE);
});

test("the README's table of settings says what src/settings.ts says", async () => {
  const readme = await read('README.md');
  assert.equal(readme, fillPlace(readme, 'settings', renderSettingsTable(SETTINGS)), STALE);
});

test('.env.example, copied as it is, changes nothing', async () => {
  assert.deepEqual(readConfig(parseEnv(await read('.env.example'))), readConfig({}));
});

test('.env.example, with its defaults uncommented, changes nothing but what a default decides anyway', async () => {
  const spelledOut = (await read('.env.example')).replaceAll(/^#(?=[A-Z_]+=)/gm, '');
  const given = parseEnv(spelledOut);
  for (const { name, default: value } of SETTINGS)
    if (value !== undefined) assert.equal(given[name], value, name);
  assert.deepEqual(readConfig(given), readConfig({}));
});

test('a document without the place for its table is named as such', () => {
  assert.throws(() => fillPlace('no place', 'settings', '|'), /no place between <!-- settings -->/);
  assert.throws(() => fillPlace('<!-- /a --><!-- a -->', 'a', '|'), /no place/);
  assert.equal(fillPlace('x <!-- a -->old<!-- /a --> y', 'a', 'new'), 'x <!-- a -->\nnew\n<!-- /a --> y');
});
