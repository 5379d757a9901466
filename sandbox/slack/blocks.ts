import { z } from 'zod';
import { block, mayStand } from './blocks-layout.ts';
import type { Surface } from './blocks-layout.ts';

/** A block as it came over the wire, known to be of Slack's form. */
export type Block = Record<string, unknown>;

/** Why blocks are refused: Slack's name for the error, and its messages, each with a JSON pointer. */
export type BlocksRefusal = { error: string; messages: string[] };

const MOST_BLOCKS: Record<Surface, number> = { message: 50, modal: 100, home: 100 };
// Not documented: messages of about 13,200 characters of blocks are refused (slackapi/bolt-js#2509). Counted here as JSON, the most
// cautious reading of that report.
const MOST_CHARACTERS = 13_200;

const Blocks = z.array(z.looseObject({ type: z.string() }));

/** Checks blocks as Slack does. `at` is where they stand in the request. Null: they are fine. */
export function refuseBlocks(value: unknown, surface: Surface, at = '/blocks'): BlocksRefusal | null {
  const parsed = Blocks.safeParse(value);
  if (!parsed.success) return refusal('invalid_blocks_format', parsed.error.issues, at);
  const blocks = parsed.data;
  const messages: string[] = [];
  if (blocks.length > MOST_BLOCKS[surface])
    messages.push(`no more than ${MOST_BLOCKS[surface]} items allowed [json-pointer:${at}]`);
  for (const [index, one] of blocks.entries()) {
    const here = `${at}/${index}`;
    const checked = block.safeParse(one);
    if (!checked.success) messages.push(...explain(checked.error.issues, here));
    else if (!mayStand(one.type, surface))
      messages.push(`block of type "${one.type}" is not allowed here [json-pointer:${here}/type]`);
  }
  messages.push(...findRepeats(blocks, at));
  if (blocks.filter(({ type }) => type === 'table').length > 1)
    messages.push(`only_one_table_allowed [json-pointer:${at}]`);
  if (messages.length > 0) return { error: 'invalid_blocks', messages };
  if (surface === 'message' && JSON.stringify(blocks).length > MOST_CHARACTERS)
    return { error: 'msg_blocks_too_long', messages: [] };
  return null;
}

function refusal(error: string, issues: readonly z.core.$ZodIssue[], at: string): BlocksRefusal {
  return { error, messages: explain(issues, at) };
}

/** A checker's findings in Slack's own words where these are known. */
export function explain(issues: readonly z.core.$ZodIssue[], at: string): string[] {
  return issues.map((issue) => {
    const pointer = [at, ...issue.path.map(String)].join('/');
    return `${say(issue)} [json-pointer:${pointer}]`;
  });
}

function say(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_big':
      return issue.origin === 'array'
        ? `no more than ${issue.maximum} items allowed`
        : `must be less than ${Number(issue.maximum) + 1} characters`;
    case 'too_small':
      return issue.origin === 'array'
        ? `no fewer than ${issue.minimum} items allowed`
        : `must be more than ${Number(issue.minimum) - 1} characters`;
    case 'unrecognized_keys':
      return `invalid additional property: ${issue.keys.join(', ')}`;
    case 'invalid_union':
      return 'note' in issue && issue.note === 'No matching discriminator'
        ? 'unsupported type'
        : 'failed to match all allowed schemas';
    case 'invalid_type':
      return issue.message.endsWith('received undefined')
        ? 'missing required field'
        : `must be a valid ${issue.expected}`;
    default:
      return issue.message;
  }
}

/** Ids that stand twice: of blocks in the whole payload, of actions within one block. */
function findRepeats(blocks: readonly Block[], at: string): string[] {
  const messages: string[] = [];
  const seen = new Set<string>();
  for (const [index, one] of blocks.entries()) {
    const { block_id: id } = one;
    if (typeof id === 'string') {
      if (seen.has(id))
        messages.push(`block_id already exists: ${id} [json-pointer:${at}/${index}/block_id]`);
      seen.add(id);
    }
    const actions = new Set<string>();
    for (const { element, pointer } of listElements(one)) {
      const { action_id: action } = element;
      if (typeof action !== 'string') continue;
      if (actions.has(action))
        messages.push(
          `action_id already exists: ${action} [json-pointer:${at}/${index}/${pointer}/action_id]`,
        );
      actions.add(action);
    }
  }
  return messages;
}

const Element = z.looseObject({ type: z.string() });

/** The interactive parts of a block, each with where it stands in it. */
export function listElements(one: Block): { element: Block & { type: string }; pointer: string }[] {
  const places: [unknown, string][] = [
    [one.accessory, 'accessory'],
    [one.element, 'element'],
  ];
  for (const name of ['elements', 'actions'] as const) {
    const held = one[name];
    if (Array.isArray(held))
      for (const [index, part] of held.entries()) places.push([part, `${name}/${index}`]);
  }
  return places.flatMap(([value, pointer]) => {
    const parsed = Element.safeParse(value);
    if (!parsed.success) return [];
    // A carousel's cards hold the buttons.
    const inner = listElements(parsed.data).map((found) => ({
      ...found,
      pointer: `${pointer}/${found.pointer}`,
    }));
    return [{ element: parsed.data, pointer }, ...inner];
  });
}

/** The same blocks with the ids that Slack gives where the app gave none. */
export function fillIds(blocks: readonly Block[], makeId: () => string): Block[] {
  const fill = (value: unknown): unknown => {
    const parsed = Element.safeParse(value);
    if (!parsed.success) return value;
    const { type } = parsed.data;
    const acts =
      /^(button|overflow|.*_select|.*picker|radio_buttons|checkboxes|.*_input|feedback_buttons|icon_button)$/;
    const inner = fillInside(parsed.data);
    return acts.test(type) ? { ...inner, action_id: inner.action_id ?? makeId() } : inner;
  };
  const fillInside = (one: Block): Block => {
    const filled: Block = { ...one };
    for (const name of ['accessory', 'element']) if (name in filled) filled[name] = fill(filled[name]);
    for (const name of ['elements', 'actions']) {
      const held = filled[name];
      if (Array.isArray(held)) filled[name] = held.map(fill);
    }
    return filled;
  };
  return blocks.map((one) => ({ ...fillInside(one), block_id: one.block_id ?? makeId() }));
}
