import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMPONENTS = fileURLToPath(
  new URL('../../../crm/salesforce/force-app/main/default/lwc', import.meta.url),
);
const DESIGN = fileURLToPath(new URL('client/design.css', import.meta.url));
const BASE = '/_twin/lwc';

/** Where a browser finds what components import: the package's own, the engine, and what the platform gives them. */
export const IMPORTS: Readonly<Record<string, string>> = {
  lwc: `${BASE}/engine.js`,
  'lightning/': `${BASE}/platform/lightning/`,
  '@salesforce/': `${BASE}/platform/@salesforce/`,
  ...Object.fromEntries(
    ['fieldnoteCard', 'fieldnoteLink', 'fieldnotePitch'].map((name) => [
      `c/${name}`,
      `${BASE}/c/${name}/${name}.js`,
    ]),
  ),
};

// What of the platform the package's components import.
const PLATFORM: Readonly<Record<string, string>> = {
  'lightning/uiRecordApi': `export const notifyRecordUpdateAvailable = async (records) => {
    for (const { recordId } of records)
      document.dispatchEvent(new CustomEvent('record-changed', { detail: recordId }));
  };`,
  'lightning/platformShowToastEvent': `export class ShowToastEvent extends CustomEvent {
    constructor(toast) { super('lightning__showtoast', { detail: toast, bubbles: true, composed: true }); }
  }`,
  '@salesforce/i18n/locale': `export default 'en-US';`,
};

/**
 * The JavaScript of a module below /_twin/lwc; null where there is none. The package's components are made by the platform's own
 * compiler, when first asked for.
 */
export async function loadModule(path: string): Promise<string | null> {
  if (path === '/engine.js') return loadEngine();
  if (path.startsWith('/platform/')) return loadPlatform(path.slice('/platform/'.length));
  const [, name = '', file = ''] = /^\/c\/(\w+)\/([\w.]+)$/.exec(path) ?? [];
  const source = join(COMPONENTS, name, file.includes('.') ? file : `${file}.js`);
  if (name === '' || !/\.(js|html|css)$/.test(source)) return null;
  // Salesforce lays its own design into every component.
  if (source.endsWith(`${name}.css`)) return compile(await readFile(DESIGN, 'utf8'), source);
  if (source.endsWith('.scoped.css')) return 'export default undefined;';
  return existsSync(source) ? compile(await readFile(source, 'utf8'), source) : null;
}

async function compile(source: string, path: string): Promise<string> {
  // A development dependency that takes a moment to load: for whoever looks at these screens.
  const { transformSync } = await import('@lwc/compiler');
  const { code } = transformSync(source, path, {
    name: basename(dirname(path)),
    namespace: 'c',
    apiVersion: 68,
  });
  return code;
}

async function loadEngine(): Promise<string> {
  const engine = createRequire(import.meta.url).resolve('@lwc/engine-dom');
  const source = await readFile(engine.replace(/\.cjs$/, '.js'), 'utf8');
  return source.replaceAll('process.env.NODE_ENV', '"production"');
}

function loadPlatform(name: string): string | null {
  const known = PLATFORM[name];
  if (known !== undefined) return known;
  const method = /^@salesforce\/apex\/(\w+\.\w+)$/.exec(name)?.[1];
  if (method === undefined) return null;
  return `export default async (about) => {
    const response = await fetch('/_twin/apex', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ method: ${JSON.stringify(method)}, about, as: document.body.dataset.user }),
    });
    const said = await response.text();
    if (response.ok) return said;
    throw Object.assign(new Error(said), { body: { message: said } });
  };`;
}
