import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SETTINGS } from '../../src/settings.ts';
import { renderSalesforceMetadata } from './salesforce-metadata.ts';
import { fillPlace, renderEnvExample, renderSettingsTable } from './settings.ts';

// Run by hand after a change of src/settings.ts or of our fields; test/env-example.test.ts and test/crm/salesforce-package.test.ts tell when
// it was forgotten.
const at = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

await writeFile(at('.env.example'), renderEnvExample(SETTINGS));
const readme = await readFile(at('README.md'), 'utf8');
await writeFile(at('README.md'), fillPlace(readme, 'settings', renderSettingsTable(SETTINGS)));
for (const [path, content] of renderSalesforceMetadata()) {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), content);
}
