import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transformSync } from '@lwc/compiler';
import { JSDOM } from 'jsdom';
import { PACKAGE } from '../documents/salesforce-metadata.ts';

const COMPONENTS = fileURLToPath(new URL(`../../${PACKAGE}/lwc`, import.meta.url));
const IN_PACKAGE = pathToFileURL(COMPONENTS).href;

/** What a component calls of the platform: the test's stand-ins for Apex, and what it was told. */
export type Platform = {
  apex: Record<string, (about: Record<string, unknown>) => Promise<string>>;
  /** Records whose fields it said have changed. */
  refreshed: string[];
};

// What the platform gives to components, as modules.
const PLATFORM: Record<string, string> = {
  'lightning/uiRecordApi':
    'export const notifyRecordUpdateAvailable = async (records) => { globalThis.platform.refreshed.push(...records.map((one) => one.recordId)); };',
  'lightning/platformShowToastEvent':
    "export class ShowToastEvent extends CustomEvent { constructor(toast) { super('lightning__showtoast', { detail: toast, bubbles: true, composed: true }); } }",
  '@salesforce/i18n/locale': "export default 'en-US';",
};

/** Opens a browser's window for the package's components, which run as the platform's own compiler makes them. */
export function openWindow(): { window: JSDOM['window']; platform: Platform } {
  const { window } = new JSDOM('<!doctype html><body></body>', { url: 'https://org.lightning.force.com/' });
  const platform: Platform = { apex: {}, refreshed: [] };
  for (const name of Object.getOwnPropertyNames(window))
    if (!(name in globalThis))
      Object.defineProperty(globalThis, name, { configurable: true, get: () => Reflect.get(window, name) });
  for (const name of ['Event', 'CustomEvent', 'EventTarget', 'Node'])
    Object.defineProperty(globalThis, name, { configurable: true, value: Reflect.get(window, name) });
  Object.assign(globalThis, { platform });
  registerHooks({ resolve, load });
  return { window, platform };
}

type Resolve = Parameters<typeof registerHooks>[0]['resolve'];
type Load = Parameters<typeof registerHooks>[0]['load'];

const resolve: Resolve = (specifier, context, next) => {
  if (specifier in PLATFORM || specifier.startsWith('@salesforce/apex/'))
    return { url: `platform:${specifier}`, shortCircuit: true };
  if (specifier === 'lwc' || specifier === '@lwc/engine-dom') return next('@lwc/engine-dom', context);
  if (specifier.startsWith('c/')) {
    const name = specifier.slice(2);
    return { url: pathToFileURL(join(COMPONENTS, name, `${name}.js`)).href, shortCircuit: true };
  }
  if (context.parentURL?.startsWith(IN_PACKAGE) === true && specifier.startsWith('.')) {
    const url = new URL(specifier, context.parentURL);
    if (!/\.\w+$/.test(url.pathname)) url.pathname += '.js';
    return { url: url.href, shortCircuit: true };
  }
  return next(specifier, context);
};

const load: Load = (url, context, next) => {
  if (url.startsWith('platform:')) {
    const name = url.slice('platform:'.length);
    const method = name.split('.').at(-1) ?? '';
    const source =
      PLATFORM[name] ??
      `export default (about) => globalThis.platform.apex[${JSON.stringify(method)}](about);`;
    return { format: 'module', source, shortCircuit: true };
  }
  if (!url.startsWith(IN_PACKAGE)) return next(url, context);
  const path = fileURLToPath(new URL(url.replace(/\?.*$/, '')));
  // A component without styles of its own has none to load.
  if (!existsSync(path) && path.endsWith('.css'))
    return { format: 'module', source: 'export default undefined;', shortCircuit: true };
  const options = { name: basename(dirname(path)), namespace: 'c', apiVersion: 68 };
  const { code } = transformSync(readFileSync(path, 'utf8'), path, options);
  return { format: 'module', source: code, shortCircuit: true };
};
