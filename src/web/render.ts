import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';

const FOLDER = new URL('./pages/', import.meta.url);
const PARTIALS = [
  'layout',
  'bare',
  'run-progress',
  'run-undone',
  'run-take-back',
  'run-rehearsal',
  'quote',
  'field-value',
  'write-cells',
  'pager',
  'cost',
  'one-pitch',
  'pitch-head',
  'pitch-said',
  'pitch-cuts',
  'pitch-why',
  'pitch-edit',
  'sides',
  'pitch-ask',
  'pitch-versions',
] as const;
const PAGES = [
  'companies',
  'company',
  'runs',
  'run',
  'writes',
  'connections',
  'settings',
  'status',
  'error',
  'open-link',
  'waiting',
  'sign-in',
  'account',
  'pitch',
  'pitch-version',
  'pitch-setup',
  'template',
  'no-pitch',
  'embed',
  'embed-over',
] as const;
export type PageName = (typeof PAGES)[number];

// An instance of our own: nothing that pitch templates register can reach these pages.
const handlebars = Handlebars.create();
for (const unused of ['log', 'lookup', 'with']) handlebars.unregisterHelper(unused);
for (const name of PARTIALS) handlebars.registerPartial(name, readTemplate(name));

// Compiled once, on first use: a command that serves no page does not pay for them.
const compiled = new Map<PageName, (view: Record<string, unknown>) => string>();

/** A page from its view. Everything in the view is escaped; strict, so that a misspelt name fails instead of showing nothing. */
export function renderPage(name: PageName, view: { title: string } & Record<string, unknown>): string {
  let template = compiled.get(name);
  if (template === undefined) {
    template = handlebars.compile(readTemplate(name), { strict: true, preventIndent: true });
    compiled.set(name, template);
  }
  return template(view);
}

function readTemplate(name: string): string {
  return readFileSync(new URL(`${name}.hbs`, FOLDER), 'utf8');
}
