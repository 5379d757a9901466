import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Package = z.object({ version: z.string() });
const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');

/** What `fieldnote --version` prints: the version that package.json names. */
export const VERSION = Package.parse(JSON.parse(file)).version;
