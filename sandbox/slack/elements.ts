import { z } from 'zod';
import { listElements } from './blocks.ts';
import type { Block } from './blocks.ts';

const Options = z.array(z.looseObject({ value: z.string() }));
const Groups = z.array(z.looseObject({ options: Options }));

/** What a person chose or typed: a text, or several for what takes several. */
export type Choice = string | readonly string[] | null;

/** The interactive element that a person means. Throws where there is none, or more than one. */
export function findElement(
  blocks: readonly Block[],
  wanted: { actionId: string; blockId?: string | undefined },
): { element: Block & { type: string }; blockId: string } {
  const found = blocks.flatMap((block) =>
    listElements(block)
      .filter(({ element }) => element.action_id === wanted.actionId)
      .map(({ element }) => ({ element, blockId: String(block.block_id) })),
  );
  const meant = found.filter(({ blockId }) => wanted.blockId === undefined || blockId === wanted.blockId);
  const [first] = meant;
  if (first === undefined) throw new Error(`there is no "${wanted.actionId}" to act on`);
  if (meant.length > 1)
    throw new Error(`"${wanted.actionId}" stands in several blocks: say which by block_id`);
  return first;
}

function pickOption(element: Block, value: string): unknown {
  const groups = Groups.safeParse(element.option_groups).data ?? [];
  const options = [
    ...(Options.safeParse(element.options).data ?? []),
    ...groups.flatMap(({ options: held }) => held),
  ];
  const option = options.find((each) => each.value === value);
  if (option !== undefined) return option;
  // An external menu's options are the app's to make up as one types.
  if (String(element.type).includes('external'))
    return { text: { type: 'plain_text', text: value, emoji: true }, value };
  throw new Error(`"${String(element.action_id)}" has no option "${value}"`);
}

/** An element's value in a payload's `actions` and `state.values`. Throws on a choice that it does not offer. */
export function describeChoice(element: Block & { type: string }, choice: Choice): Record<string, unknown> {
  const { type } = element;
  const one = typeof choice === 'string' ? choice : null;
  const many = choice === null ? [] : typeof choice === 'string' ? [choice] : choice;
  if (type === 'button' || type === 'icon_button')
    return { type, text: element.text, ...('value' in element ? { value: element.value } : {}) };
  if (/^multi_.*(static|external)_select$/.test(type) || type === 'checkboxes')
    return { type, selected_options: many.map((value) => pickOption(element, value)) };
  if (/(static|external)_select$|^overflow$|^radio_buttons$/.test(type))
    return { type, selected_option: one === null ? null : pickOption(element, one) };
  const several = /^multi_(user|conversation|channel)s_select$/.exec(type)?.[1];
  if (several !== undefined) return { type, [`selected_${several}s`]: many };
  const single = /^(user|conversation|channel)s_select$/.exec(type)?.[1];
  if (single !== undefined) return { type, [`selected_${single}`]: one };
  if (type === 'datepicker') return { type, selected_date: one };
  if (type === 'timepicker') return { type, selected_time: one };
  if (type === 'datetimepicker') return { type, selected_date_time: one === null ? null : Number(one) };
  return { type, value: one };
}

const Initial = z.looseObject({
  initial_value: z.string().optional(),
  initial_option: z.looseObject({ value: z.string() }).optional(),
  initial_options: Options.optional(),
  initial_date: z.string().optional(),
  initial_time: z.string().optional(),
  initial_user: z.string().optional(),
  initial_conversation: z.string().optional(),
  initial_channel: z.string().optional(),
});

/** What an element holds before anyone touched it. */
export function initialChoice(element: Block): Choice {
  const held: z.infer<typeof Initial> = Initial.safeParse(element).data ?? {};
  if (held.initial_options !== undefined) return held.initial_options.map(({ value }) => value);
  return (
    held.initial_value ??
    held.initial_option?.value ??
    held.initial_date ??
    held.initial_time ??
    held.initial_user ??
    held.initial_conversation ??
    held.initial_channel ??
    null
  );
}

/** `state.values` of a view or message: what each input holds, by block and action. */
export function describeValues(
  blocks: readonly Block[],
  chosen: Readonly<Record<string, Choice>>,
): Record<string, Record<string, unknown>> {
  const values: Record<string, Record<string, unknown>> = {};
  for (const block of blocks)
    for (const { element } of listElements(block)) {
      if (
        typeof element.action_id !== 'string' ||
        /^(button|overflow|icon_button|feedback_buttons)$/.test(element.type)
      )
        continue;
      const id = String(block.block_id);
      const choice =
        chosen[`${id}.${element.action_id}`] ?? chosen[element.action_id] ?? initialChoice(element);
      values[id] = { ...values[id], [element.action_id]: describeChoice(element, choice) };
    }
  return values;
}
