import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { SETTINGS } from '../../src/settings.ts';
import { fillPlace, renderEnvExample, renderSettingsTable } from './settings.ts';

// Run by hand after a change of src/settings.ts; test/env-example.test.ts tells when it was forgotten.
const at = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

await writeFile(at('.env.example'), renderEnvExample(SETTINGS));
const readme = await readFile(at('README.md'), 'utf8');
await writeFile(at('README.md'), fillPlace(readme, 'settings', renderSettingsTable(SETTINGS)));
