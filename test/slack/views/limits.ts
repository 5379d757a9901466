import assert from 'node:assert/strict';
import { z } from 'zod';
import { safeLink } from '../../../src/pipeline/link.ts';
import type { CardData, Home, Message, Modal } from '../../../src/slack/views/types.ts';

// Numbers: docs.slack.dev/reference/block-kit; the total: slackapi/bolt-js#2509.
const TOTAL = 13_000;
const ROOM: Readonly<Record<string, number>> = {
  header: 150,
  button: 75,
  option: 75,
  section: 3000,
  modal: 24,
};
const COUNTS: Readonly<Record<string, number>> = {
  actions: 25,
  context: 10,
  radio_buttons: 10,
  checkboxes: 10,
  static_select: 100,
};
const TYPES = new Set(
  `header section context actions divider input rich_text plain_text button rich_text_section rich_text_quote rich_text_list
   text link channel static_select radio_buttons checkboxes conversations_select plain_text_input modal home`.split(
    /\s+/,
  ),
);

// Nothing that a reader does not see, or that turns the text around it.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]|\p{Default_Ignorable_Code_Point}/u;

const Node = z.record(z.string(), z.unknown());
const Acting = z.looseObject({ action_id: z.string() });
const Typed = z.looseObject({ type: z.string() });

/** A message within Slack's limits that calls nobody, and links to nothing but what may be linked to. */
export function checkMessage({ text, blocks }: Message, links: ReadonlySet<string>): void {
  assert.ok(text.length > 0 && text.length <= 3000, `text of ${text.length} characters`);
  assert.doesNotMatch(text, /[<>]|&(?!(amp|lt|gt);)|https?:\/\/|[*~`]/, 'the text is plain');
  assert.doesNotMatch(text, UNSEEN);
  checkBlocks(blocks, links, 50);
  assert.ok(JSON.stringify(blocks).length <= TOTAL, `${JSON.stringify(blocks).length} characters`);
}

/** The same for a view. */
export function checkView(view: Home | Modal, links: ReadonlySet<string>): void {
  assert.ok((view.private_metadata ?? '').length <= 3000);
  checkBlocks([view], links, 1);
  checkBlocks(view.blocks, links, 100);
}

export function checkBlocks(blocks: readonly unknown[], links: ReadonlySet<string>, most: number): void {
  assert.ok(blocks.length > 0 && blocks.length <= most, `${blocks.length} blocks`);
  for (const block of blocks) walk(block, 'message', links);
}

/** The addresses that a message about these companies may link to. */
export function linksOf(...cards: readonly CardData[]): ReadonlySet<string> {
  const told = cards.flatMap((card) => [
    card.ours,
    ...card.records.map(({ url }) => url),
    ...card.competitors.map(({ url }) => url),
    ...card.reasons.map(({ url }) => url ?? ''),
  ]);
  return new Set(told.map((url) => (url.length > 3000 ? '' : withoutFragment(safeLink(url) ?? ''))));
}

function withoutFragment(url: string): string {
  return url.split('#', 1)[0] ?? '';
}

function walk(value: unknown, inside: string, links: ReadonlySet<string>): void {
  if (Array.isArray(value)) return value.forEach((one) => walk(one, inside, links));
  const node = Node.safeParse(value).data;
  if (node === undefined) return;
  const typed = Typed.safeParse(value).data;
  // Options have no type of their own.
  const type = typed?.type ?? ('value' in node && 'text' in node ? 'option' : inside);
  if (typed !== undefined) assert.ok(TYPES.has(type), `unexpected ${type}`);
  for (const [key, one] of Object.entries(node)) {
    if (typeof one === 'string') checkString(key, one, { type, inside }, links);
    else walk(one, type === 'plain_text' ? inside : type, links);
  }
  const parts = node['elements'] ?? node['options'];
  if (Array.isArray(parts)) checkParts(type, parts);
}

function checkParts(type: string, parts: readonly unknown[]): void {
  assert.ok(parts.length > 0, `${type} holds nothing`);
  assert.ok(parts.length <= (COUNTS[type] ?? 1000), `${type} holds ${parts.length}`);
  const ids = parts.flatMap((part) => Acting.safeParse(part).data?.action_id ?? []);
  assert.equal(new Set(ids).size, ids.length, `ids repeat: ${ids.join()}`);
}

function checkString(
  key: string,
  value: string,
  { type, inside }: { type: string; inside: string },
  links: ReadonlySet<string>,
): void {
  assert.ok(value.isWellFormed());
  if (key === 'text') {
    assert.notEqual(value, '', `${inside} without text`);
    assert.doesNotMatch(value.replaceAll('\n', ''), UNSEEN);
    const room = type === 'plain_text' ? ROOM[inside] : undefined;
    if (room !== undefined) assert.ok(value.length <= room, `${value.length} characters in a ${inside}`);
  } else if (key === 'url') {
    assert.match(value, /^https?:\/\//);
    assert.ok(value.length <= 3000, `an address of ${value.length} characters`);
    assert.ok(links.has(withoutFragment(value)), `a foreign link: ${value}`);
  } else if (key === 'value') assert.ok(value.length > 0 && value.length <= (type === 'option' ? 150 : 2000));
  else if (key.endsWith('_id')) assert.ok(value.length > 0 && value.length <= 255);
}
