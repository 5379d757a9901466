import type {
  ActionsBlock,
  ActionsBlockElement,
  Button,
  ContextBlock,
  HeaderBlock,
  PlainTextElement,
  RichTextBlock,
  RichTextBlockElement,
  RichTextElement,
  RichTextList,
  RichTextQuote,
  RichTextSection,
  SectionBlock,
} from '@slack/types';
import { safeLink } from '../../pipeline/link.ts';
import type { Action } from './actions.ts';
import { cutLine } from './text.ts';

// Lengths that Slack's documentation gives: https://docs.slack.dev/reference/block-kit/blocks
const HEADER_LENGTH = 150;
const BUTTON_LENGTH = 75;
const SECTION_LENGTH = 3000;
/** A button's url may have 3000 characters; no limit is documented for links in rich text. */
const LINK_LENGTH = 2000;

// Text of ours and of others goes into plain_text and rich_text, where Slack reads no markup: neither mentions nor links nor emphasis.

/** Plain text on one line; "–" where nothing is left of it, as Slack refuses an empty one. */
export function plain(text: string, length: number = SECTION_LENGTH): PlainTextElement {
  return { type: 'plain_text', text: cutLine(text, length) || '–', emoji: false };
}

export function header(text: string): HeaderBlock {
  return { type: 'header', text: plain(text, HEADER_LENGTH) };
}

/** A paragraph, each of whose lines is cut on its own. */
export function section(...lines: readonly string[]): SectionBlock {
  const [first, ...rest] = lines.map((one) => plain(one, Math.floor(SECTION_LENGTH / lines.length) - 1));
  const text = [first?.text ?? '–', ...rest.map((one) => one.text)].join('\n');
  return { type: 'section', text: { type: 'plain_text', text, emoji: false } };
}

/** Small grey text: parts that are not empty, with dots between. */
export function context(parts: readonly string[], length: number = SECTION_LENGTH): ContextBlock {
  return { type: 'context', elements: [plain(parts.filter((part) => part !== '').join(' · '), length)] };
}

export function actions(elements: readonly ActionsBlockElement[]): ActionsBlock {
  return { type: 'actions', elements: [...elements] };
}

/** A button; `number` tells buttons of one message apart that do the same. */
export function button(
  label: string,
  action: Action,
  rest: { value?: string; url?: string; style?: 'primary' | 'danger'; number?: number } = {},
): Button {
  const { number, ...others } = rest;
  const actionId = number === undefined ? action : `${action}:${number}`;
  return { type: 'button', text: plain(label, BUTTON_LENGTH), action_id: actionId, ...others };
}

/** A button that opens an address; none where the address is not one to link to. */
export function linkButton(label: string, action: Action, url: string): Button[] {
  const href = linkable(url);
  return href === null ? [] : [button(label, action, { url: href })];
}

export function text(content: string, style?: 'bold' | 'italic'): RichTextElement {
  return style === undefined
    ? { type: 'text', text: content }
    : { type: 'text', text: content, style: { [style]: true } };
}

/** A link that reads as told; only the words, where the address is not http(s) or longer than `length`. */
export function link(url: string | null, words: string, length: number = LINK_LENGTH): RichTextElement {
  const href = url === null ? null : linkable(url, length);
  return href === null ? text(words) : { type: 'link', url: href, text: words };
}

/** http(s) without credentials and not too long; else null. */
export function linkable(url: string, length: number = LINK_LENGTH): string | null {
  // Before parsing: a megabyte of address is none.
  const href = url.length > LINK_LENGTH ? null : safeLink(url);
  return href === null || href.length > length ? null : href;
}

export function line(...elements: RichTextElement[]): RichTextSection {
  return { type: 'rich_text_section', elements: withText(elements) };
}

/** Lines below each other. One section: how Slack sets several of them apart is nowhere documented. */
export function paragraph(lines: readonly RichTextSection[]): RichTextSection {
  return line(
    ...lines.flatMap(({ elements }, index) => (index === 0 ? elements : [text('\n'), ...elements])),
  );
}

export function quote(...elements: RichTextElement[]): RichTextQuote {
  return { type: 'rich_text_quote', elements: withText(elements) };
}

export function list(lines: readonly RichTextSection[]): RichTextList[] {
  return lines.length === 0 ? [] : [{ type: 'rich_text_list', style: 'bullet', elements: [...lines] }];
}

export function rich(...elements: RichTextBlockElement[]): RichTextBlock {
  return { type: 'rich_text', elements };
}

/** Slack refuses empty text. */
function withText(elements: readonly RichTextElement[]): RichTextElement[] {
  return elements.filter((element) => !('text' in element) || element.text !== '');
}
