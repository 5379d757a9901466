import type { Tx } from '../../db.ts';
import { findMainTemplate } from '../../pipeline/6-pitch/prepare-pitch.ts';
import { listTemplates } from '../../pipeline/6-pitch/template-library.ts';
import { readPitchSettings } from '../../pipeline/store/pitch-settings.ts';
import type { Card } from './card-shape.ts';

/** What a person may choose a pitch's template from; `usual`: the name of the one that the workspace's settings ask for. */
export type TemplateChoice = { templates: Card['templates']; usual: string };

export async function readTemplateChoice(tx: Tx): Promise<TemplateChoice> {
  const usual = await findMainTemplate(tx, await readPitchSettings(tx));
  return { templates: await listChoices(tx), usual: usual.name };
}

/** Names and titles, in the order in which they are shown. */
export async function listChoices(tx: Tx): Promise<Card['templates']> {
  return (await listTemplates(tx)).map(({ name, title }) => ({ name, title }));
}
