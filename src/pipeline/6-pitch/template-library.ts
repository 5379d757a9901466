import { createHash } from 'node:crypto';
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
import { NOTHING_STORED } from '../store/seen.ts';
import type { Seen } from '../store/seen.ts';
import { checkTemplate } from './check-template.ts';
import { findNearest } from './template-shape.ts';

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

/** One that is kept somewhere, with its version: another one after each change. */
export type KeptTemplate = TemplateEntry & { version: string };

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
const LONGEST_NAME = 40;
const MOST_CUSTOM = 100;

/** Those that come with Fieldnote and the workspace's own, each name once: its own goes before one that came with Fieldnote. */
export async function listTemplates(tx: Tx): Promise<KeptTemplate[]> {
  const custom = (await listCustomTemplates(tx)).map(describeCustom);
  const shipped = await Promise.all(SHIPPED_TEMPLATES.map(readShippedTemplate));
  return [
    ...shipped.map((entry) => custom.find(({ name }) => name === entry.name) ?? entry),
    ...custom.filter(({ name }) => !isShipped(name)),
  ];
}

/** The template of that name, the workspace's own before one that came with Fieldnote; null: there is none. */
export async function findTemplate(tx: Tx, name: string): Promise<KeptTemplate | null> {
  const custom = await findCustomTemplate(tx, name);
  if (custom !== null) return describeCustom(custom);
  return isShipped(name) ? readShippedTemplate(name) : null;
}

/** The same; throws UserError with the nearest name and all that there are. */
export async function requireTemplate(tx: Tx, name: string): Promise<KeptTemplate> {
  const found = await findTemplate(tx, name);
  if (found !== null) return found;
  const names = (await listTemplates(tx)).map((entry) => entry.name);
  const nearest = findNearest(name.slice(0, LONGEST_NAME).toLowerCase(), names);
  throw new UserError(
    `There is no template "${name}"${nearest === null ? '' : `. Did you mean ${nearest}?`}`,
    `Take one of ${names.join(', ')}.`,
  );
}

/**
 * Stores a template of the workspace's own, or replaces it.
 * @param request `seen`: what its writer saw under that name; unset: it goes over whatever stands
 * @returns as it is stored; null: what stands is none that its writer saw, and nothing was stored
 * @throws TemplateError with every problem; UserError for a bad name, or one too many
 */
export async function saveTemplate(
  tx: Tx,
  workspaceId: string,
  { name, source, seen = null }: { name: string; source: string; seen?: Seen },
): Promise<KeptTemplate | null> {
  if (!NAME.test(name))
    throw new UserError(
      `"${cleanLine(name).slice(0, 60)}" cannot be the name of a template`,
      'Take 1 to 40 small letters, digits and hyphens.',
    );
  checkTemplate(source, name);
  const mayMake = seen === null || (await sawNone(seen, name));
  const saved = await saveCustomTemplate(tx, workspaceId, { name, source, most: MOST_CUSTOM, seen, mayMake });
  if (saved !== null) return describeCustom(saved);
  const isTaken = mayMake && (await findCustomTemplate(tx, name)) === null;
  if (seen !== null && !isTaken) return null;
  throw new UserError(
    `A workspace has at most ${MOST_CUSTOM} templates of its own`,
    'Remove one first: fieldnote templates reset NAME',
  );
}

/** Did somebody see that the workspace has none of its own by that name? */
async function sawNone(seen: readonly string[], name: string): Promise<boolean> {
  if (!isShipped(name)) return seen.includes(NOTHING_STORED);
  return seen.includes('*') || seen.includes((await readShippedTemplate(name)).version);
}

/**
 * Removes a template of the workspace's own; one that came with Fieldnote by that name shows again.
 * @returns false: there was none; null: it is none that whoever removes it saw, and it stays
 */
export async function removeTemplate(tx: Tx, name: string, seen: Seen = null): Promise<boolean | null> {
  if (await removeCustomTemplate(tx, name, seen)) return true;
  return seen !== null && (await findCustomTemplate(tx, name)) !== null ? null : false;
}

/** A template that comes with Fieldnote, as it came. */
export async function readShippedTemplate(name: ShippedName): Promise<KeptTemplate> {
  let source: string;
  try {
    source = await readFile(new URL(`${name}.hbs`, SHIPPED), 'utf8');
  } catch (error) {
    throw new UserError(`templates/${name}.hbs cannot be read`, 'Restore it from the repository.', error);
  }
  // Another release may bring another text.
  const version = createHash('sha256').update(source).digest('hex').slice(0, 16);
  return { name, ...describeSource(name, source), source, origin: 'shipped', updatedAt: null, version };
}

type ShippedName = (typeof SHIPPED_TEMPLATES)[number];
const isShipped = (name: string): name is ShippedName => SHIPPED_TEMPLATES.some((known) => known === name);

function describeCustom({ name, source, ...kept }: CustomTemplate): KeptTemplate {
  return { name, ...describeSource(name, source), source, origin: 'custom', ...kept };
}

/** The comment at the front, `{{! Title: what it is for }}`. */
function describeSource(name: string, source: string): { title: string; description: string } {
  const comment = /^\s*\{\{!(?:--)?([^}]{0,400}?)(?:--)?\}\}/.exec(source)?.[1] ?? '';
  const [title = '', ...rest] = cleanLine(comment).split(': ');
  return { title: title.slice(0, 60) || name, description: rest.join(': ').slice(0, 200) };
}
