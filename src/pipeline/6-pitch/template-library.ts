import { readFile } from 'node:fs/promises';
import type { Tx } from '../../db.ts';
import { UserError } from '../../errors.ts';
import { cleanLine } from '../plain-text.ts';
import {
  findCustomTemplate,
  listCustomTemplates,
  removeCustomTemplate,
  saveCustomTemplate,
} from '../store/pitch-templates.ts';
import type { CustomTemplate } from '../store/pitch-templates.ts';
import { checkTemplate } from './check-template.ts';

export type TemplateEntry = {
  name: string;
  title: string;
  /** One line; empty: its author wrote none. */
  description: string;
  source: string;
  origin: 'shipped' | 'custom';
  /** Null: it comes with Fieldnote. */
  updatedAt: Date | null;
};

/** The templates that come with Fieldnote, in the order in which they are shown. */
export const SHIPPED_TEMPLATES = [
  'concise',
  'standard',
  'technical',
  'executive',
  'email-sequence',
  'linkedin-message',
  'call-script',
  'ad-copy',
  'battlecard',
] as const;
export const DEFAULT_TEMPLATE = 'standard';

const SHIPPED = new URL('../../../templates/', import.meta.url);
const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
const MOST_CUSTOM = 100;

/** Those that come with Fieldnote and the workspace's own, each name once: its own goes before one that came with Fieldnote. */
export async function listTemplates(tx: Tx): Promise<TemplateEntry[]> {
  const custom = (await listCustomTemplates(tx)).map(describeCustom);
  const shipped = await Promise.all(SHIPPED_TEMPLATES.map(readShippedTemplate));
  return [
    ...shipped.map((entry) => custom.find(({ name }) => name === entry.name) ?? entry),
    ...custom.filter(({ name }) => !isShipped(name)),
  ];
}

/** The template of that name, the workspace's own before one that came with Fieldnote; null: there is none. */
export async function findTemplate(tx: Tx, name: string): Promise<TemplateEntry | null> {
  const custom = await findCustomTemplate(tx, name);
  if (custom !== null) return describeCustom(custom);
  return isShipped(name) ? readShippedTemplate(name) : null;
}

/** The same; throws UserError with the names that there are. */
export async function requireTemplate(tx: Tx, name: string): Promise<TemplateEntry> {
  const found = await findTemplate(tx, name);
  if (found !== null) return found;
  const names = (await listTemplates(tx)).map((entry) => entry.name);
  throw new UserError(`There is no template "${name}"`, `Take one of ${names.join(', ')}.`);
}

/** Stores a template of the workspace's own, or replaces it. Throws TemplateError with every problem, UserError for a bad name. */
export async function saveTemplate(
  tx: Tx,
  workspaceId: string,
  { name, source }: { name: string; source: string },
): Promise<TemplateEntry> {
  if (!NAME.test(name))
    throw new UserError(
      `"${cleanLine(name).slice(0, 60)}" cannot be the name of a template`,
      'Take 1 to 40 small letters, digits and hyphens.',
    );
  checkTemplate(source, name);
  const saved = await saveCustomTemplate(tx, workspaceId, { name, source, most: MOST_CUSTOM });
  if (saved === null)
    throw new UserError(
      `A workspace has at most ${MOST_CUSTOM} templates of its own`,
      'Remove one first: fieldnote templates reset NAME',
    );
  return describeCustom(saved);
}

/** Removes a template of the workspace's own; one that came with Fieldnote by that name shows again. False: there was none. */
export async function removeTemplate(tx: Tx, name: string): Promise<boolean> {
  return removeCustomTemplate(tx, name);
}

/** A template that comes with Fieldnote, as it came. */
export async function readShippedTemplate(name: ShippedName): Promise<TemplateEntry> {
  let source: string;
  try {
    source = await readFile(new URL(`${name}.hbs`, SHIPPED), 'utf8');
  } catch (error) {
    throw new UserError(`templates/${name}.hbs cannot be read`, 'Restore it from the repository.', error);
  }
  return { name, ...describeSource(name, source), source, origin: 'shipped', updatedAt: null };
}

type ShippedName = (typeof SHIPPED_TEMPLATES)[number];
const isShipped = (name: string): name is ShippedName => SHIPPED_TEMPLATES.some((known) => known === name);

function describeCustom({ name, source, updatedAt }: CustomTemplate): TemplateEntry {
  return { name, ...describeSource(name, source), source, origin: 'custom', updatedAt };
}

/** The comment at the front, `{{! Title: what it is for }}`. */
function describeSource(name: string, source: string): { title: string; description: string } {
  const comment = /^\s*\{\{!(?:--)?([^}]{0,400}?)(?:--)?\}\}/.exec(source)?.[1] ?? '';
  const [title = '', ...rest] = cleanLine(comment).split(': ');
  return { title: title.slice(0, 60) || name, description: rest.join(': ').slice(0, 200) };
}
