import type { Tx } from '../db.ts';
import { UserError } from '../errors.ts';
import { listTemplates } from '../pipeline/6-pitch/template-library.ts';
import type { TemplateEntry } from '../pipeline/6-pitch/template-library.ts';
import { findNearest } from '../pipeline/6-pitch/template-shape.ts';
import type { TemplateWords } from './pitch-question.ts';

const MOST_WORDS = 5;
const SHOWN = 60;

/**
 * The template that somebody names, the workspace's own ones too, by its name or its title; null where the words need not mean one.
 * @throws UserError with the nearest name where there is none of that name
 */
export async function findNamedTemplate(tx: Tx, { words, sure }: TemplateWords): Promise<string | null> {
  const templates = await listTemplates(tx);
  const found = templates.find((template) => isCalled(template, words));
  if (found !== undefined) return found.name;
  if (!sure) return null;
  const names = templates.map(({ name }) => name);
  const nearest = findNearest(words.slice(0, SHOWN).toLowerCase().replaceAll(' ', '-'), names);
  throw new UserError(
    `There is no template “${words.slice(0, SHOWN)}”${nearest === null ? '' : `. Did you mean ${nearest}?`}`,
    `Take one of ${names.join(', ')}; or leave it out for the usual one.`,
  );
}

/** "Acme technical" → "Acme" and the template of that name, the longest one first; null where its end names none. */
export async function splitTemplate(
  tx: Tx,
  text: string,
): Promise<{ name: string; template: string } | null> {
  const words = text.split(/\s+/);
  const templates = await listTemplates(tx);
  for (let count = Math.min(MOST_WORDS, words.length - 1); count > 0; count -= 1) {
    const found = templates.find((template) => isCalled(template, words.slice(-count).join(' ')));
    if (found !== undefined) return { name: words.slice(0, -count).join(' '), template: found.name };
  }
  return null;
}

function isCalled({ name, title }: TemplateEntry, words: string): boolean {
  const like = words.toLowerCase().replaceAll(/\s+/g, ' ');
  return name === like.replaceAll(' ', '-') || title.toLowerCase() === like;
}
