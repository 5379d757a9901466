import { z } from 'zod';

const Node = z.record(z.string(), z.unknown());
const Button = z.object({
  type: z.literal('button'),
  action_id: z.string(),
  value: z.string().optional(),
  url: z.string().optional(),
  text: z.object({ text: z.string() }),
});

/** Blocks as a person reads them: a line for each text, list entry and quote. */
export function readText(value: unknown): string {
  const lines: string[] = [];
  const walk = (one: unknown): void => {
    if (Array.isArray(one)) return one.forEach(walk);
    const node = Node.safeParse(one).data;
    if (node === undefined) return;
    const { type, text, elements } = node;
    if (type === 'rich_text_section' || type === 'rich_text_quote') lines.push(joinText(elements));
    else if (typeof text === 'string') lines.push(text);
    else Object.values(node).forEach(walk);
  };
  walk(value);
  return lines.join('\n');
}

function joinText(elements: unknown): string {
  // Slack shows a channel by its name, which we do not know.
  const parts = z
    .array(z.object({ text: z.string() }).or(z.object({ channel_id: z.string() })))
    .parse(elements);
  return parts.map((part) => ('text' in part ? part.text : `#${part.channel_id}`)).join('');
}

/** Every address that a click can lead to. */
export function findLinks(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(findLinks);
  const node = Node.safeParse(value).data;
  if (node === undefined) return [];
  const { url } = node;
  return [...(typeof url === 'string' ? [url] : []), ...Object.values(node).flatMap(findLinks)];
}

export function findButtons(value: unknown): { label: string; action: string; value: string | undefined }[] {
  if (Array.isArray(value)) return value.flatMap(findButtons);
  const button = Button.safeParse(value).data;
  if (button !== undefined)
    return [{ label: button.text.text, action: button.action_id, value: button.value }];
  const node = Node.safeParse(value).data;
  return node === undefined ? [] : Object.values(node).flatMap(findButtons);
}
