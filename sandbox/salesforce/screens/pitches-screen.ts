import type { Request, Response } from 'express';
import { z } from 'zod';
import type { TwinUser } from '../call.ts';
import type { Org } from '../org.ts';
import { ApexRefusal } from './apex.ts';
import type { Apex, ButtonObject, Pitches } from './apex.ts';
import { linkTo, query, readUser, sendScreen } from './frame.ts';
import { findOpening, renderVisualforce } from './visualforce.ts';

// As many as a list view lets tick.
const MOST = 200;

const Options = z.array(z.object({ value: z.string(), label: z.string() })).nullable();
/** What a form sends: the ticked rows, and from the page itself its button, its field and what it carries along. */
const Sent = z.object({
  ids: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .transform((ids) => [ids ?? []].flat()),
  action: z.enum(['ask']).optional(),
  template: z.string().default(''),
  templates: z
    .string()
    .default('null')
    .transform((text) => Options.parse(JSON.parse(text))),
});

/** What FieldnotePitches holds while its page is open. */
type Controller = {
  object: ButtonObject;
  ids: readonly string[];
  templates: z.infer<typeof Options>;
  template: string;
  answer: Pitches | null;
};

/** Its methods, as the page names them. */
const METHODS: Readonly<
  Record<string, (held: Controller, apex: Apex, user: TwinUser) => Promise<Partial<Controller>>>
> = {
  load: async (held, apex, user) => {
    if (!mayAsk(held)) return {};
    const { templates, usual } = await apex.askForTemplates(held.object, user);
    return {
      templates: templates.map(({ name, title }) => ({ value: name, label: title })),
      template: usual,
    };
  },
  ask: async (held, apex, user) => ({ answer: await apex.askForPitches(held.object, held, user) }),
};

/** POST /_twin/pitches: the page behind the list button, with what FieldnotePitches holds; `action=ask` presses its button. */
export async function showPitches(org: Org, apex: Apex, request: Request, response: Response): Promise<void> {
  const user = readUser(org, query(request, 'as'));
  const object: ButtonObject = query(request, 'object') === 'Lead' ? 'Lead' : 'Account';
  const page = `Fieldnote${object}Pitches`;
  const { action, ...sent } = Sent.parse(request.body ?? {});
  let held: Controller = { object, ...sent, answer: null };
  const problems: string[] = [];
  try {
    const run = METHODS[action ?? (await findOpening(page)) ?? ''];
    if (run !== undefined) held = { ...held, ...(await run(held, apex, user)) };
  } catch (error) {
    if (!(error instanceof ApexRefusal)) throw error;
    problems.push(error.message);
  }
  const { ids, templates, template, answer } = held;
  const main = await renderVisualforce(page, {
    names: {
      count: ids.length,
      canAsk: mayAsk(held),
      templates,
      template,
      link: answer?.url ?? null,
      companies: answer?.companies ?? null,
      leftOut: answer?.leftOut ?? null,
    },
    methods: Object.keys(METHODS),
    action: linkTo('pitches', { object, as: user.id }),
    carried: [...ids.map((id) => ['ids', id] as const), ['templates', JSON.stringify(templates)]],
    problems,
  });
  sendScreen(request, response, { org, user, title: 'Fieldnote pitches', main });
}

const mayAsk = ({ ids }: Pick<Controller, 'ids'>): boolean => ids.length > 0 && ids.length <= MOST;
