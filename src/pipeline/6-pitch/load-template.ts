import { readFile } from 'node:fs/promises';
import { UserError } from '../../errors.ts';
import { compileTemplate, type PitchTemplate } from './render-template.ts';

/** The templates that come with Fieldnote. */
export const SHIPPED_TEMPLATES = ['concise', 'standard', 'technical'] as const;
export const DEFAULT_TEMPLATE = 'standard';

const SHIPPED = new URL('../../../templates/', import.meta.url);

/** Name of a shipped template → the template. An unknown name or a broken file is a UserError that says what to do. */
export async function loadTemplate(name: string): Promise<PitchTemplate> {
  if (!SHIPPED_TEMPLATES.some((known) => known === name)) {
    throw new UserError(`There is no template "${name}"`, `Take one of ${SHIPPED_TEMPLATES.join(', ')}.`);
  }
  let source: string;
  try {
    source = await readFile(new URL(`${name}.hbs`, SHIPPED), 'utf8');
  } catch (error) {
    throw new UserError(`templates/${name}.hbs cannot be read`, 'Restore it from the repository.', error);
  }
  return compileTemplate(name, source, `templates/${name}.hbs`);
}
