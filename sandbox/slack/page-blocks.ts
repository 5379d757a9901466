import { z } from 'zod';
import type { Block } from './blocks.ts';
import { html } from '../kit/html.ts';
import type { Html } from '../kit/html.ts';
import { renderMarkdown } from './markdown.ts';
import { emoji, renderLink } from './mrkdwn.ts';
import { renderElement, renderText } from './page-elements.ts';
import type { Drawing } from './page-elements.ts';

const Parts = z.looseObject({
  type: z.string(),
  block_id: z.string().default(''),
  text: z.unknown().optional(),
  title: z.unknown().optional(),
  label: z.unknown().optional(),
  hint: z.unknown().optional(),
  element: z.unknown().optional(),
  accessory: z.unknown().optional(),
  subtitle: z.unknown().optional(),
  body: z.unknown().optional(),
  subtext: z.unknown().optional(),
  hero_image: z.unknown().optional(),
  optional: z.boolean().default(false),
  dispatch_action: z.boolean().default(false),
  image_url: z.string().default(''),
  alt_text: z.string().default(''),
  fields: z.array(z.unknown()).default([]),
  elements: z.array(z.unknown()).default([]),
  actions: z.array(z.unknown()).default([]),
  rows: z.array(z.array(z.unknown())).default([]),
});
type Parts = z.infer<typeof Parts>;

/** Blocks as Slack shows them. `errors` stand beside the inputs of their block. */
export function renderBlocks(
  blocks: readonly Block[],
  drawing: Drawing,
  errors: Readonly<Record<string, string>> = {},
): Html {
  return html`${blocks.map((one) => renderBlock(one, drawing, errors))}`;
}

function renderBlock(value: unknown, drawing: Drawing, errors: Readonly<Record<string, string>>): Html {
  const parsed = Parts.safeParse(value);
  if (!parsed.success) return html``;
  const block = parsed.data;
  const id = block.block_id;
  const text = (part: unknown): Html => renderText(part, drawing);
  const elements = (parts: readonly unknown[]): Html[] =>
    parts.map((part) => renderElement(part, id, drawing));
  switch (block.type) {
    case 'section':
      return html`<div class="block section">
        <div>
          ${block.text === undefined ? null : html`<div>${text(block.text)}</div>`}
          ${block.fields.length === 0 ? null : html`<div class="fields">${block.fields.map((field) => html`<div>${text(field)}</div>`)}</div>`}
        </div>
        ${block.accessory === undefined ? null : html`<div class="accessory">${renderElement(block.accessory, id, drawing)}</div>`}
      </div>`;
    case 'header':
      return html`<h3 class="block">${text(block.text)}</h3>`;
    case 'divider':
      return html`<hr class="block" />`;
    case 'image':
      return html`<figure class="block">
        ${text(block.title)}<img src="${block.image_url}" alt="${block.alt_text}" />
      </figure>`;
    case 'context':
      return html`<div class="block context">
        ${block.elements.map((part) => html`<span>${isImage(part) ? renderElement(part, id, drawing) : text(part)}</span>`)}
      </div>`;
    case 'actions':
    case 'context_actions':
      return html`<div class="block actions">${elements(block.elements)}</div>`;
    case 'input':
      return html`<div class="block input">
        <label>${text(block.label)}${block.optional ? html` <small>(optional)</small>` : null}</label>
        ${renderElement(block.element, id, drawing, !block.dispatch_action)}
        ${errors[id] === undefined ? null : html`<p class="error" role="alert">${errors[id]}</p>`}
        ${block.hint === undefined ? null : html`<small>${text(block.hint)}</small>`}
      </div>`;
    case 'markdown':
      return html`<div class="block">
        ${renderMarkdown(typeof block.text === 'string' ? block.text : '', drawing)}
      </div>`;
    case 'rich_text':
      return html`<div class="block">${block.elements.map((part) => renderRich(part, drawing))}</div>`;
    case 'table':
      return html`<table class="block">
        ${block.rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell) => html`<td>${renderCell(cell, drawing)}</td>`)}
            </tr>`,
        )}
      </table>`;
    case 'alert':
      return html`<div class="block alert">${text(block.text)}</div>`;
    case 'card':
      return renderCard(block, drawing);
    case 'carousel':
      return html`<div class="block carousel">
        ${block.elements.map((card) => renderBlock(card, drawing, {}))}
      </div>`;
    default:
      return html``;
  }
}

const isImage = (value: unknown): boolean =>
  z.looseObject({ type: z.literal('image') }).safeParse(value).success;

function renderCard(card: Parts, drawing: Drawing): Html {
  const text = (part: unknown): Html => renderText(part, drawing);
  return html`<div class="card">
    ${card.hero_image === undefined ? null : renderElement(card.hero_image, card.block_id, drawing)}
    <b>${text(card.title)}</b>
    <div>${text(card.subtitle)}</div>
    <div>${text(card.body)}</div>
    <small>${text(card.subtext)}</small>
    <div class="actions">${card.actions.map((part) => renderElement(part, card.block_id, drawing))}</div>
  </div>`;
}

function renderCell(cell: unknown, drawing: Drawing): Html {
  const parsed = z.looseObject({ type: z.string(), text: z.string().default('') }).safeParse(cell);
  if (!parsed.success) return html``;
  return parsed.data.type === 'raw_text' ? html`${parsed.data.text}` : renderBlock(cell, drawing, {});
}

const Rich = z.looseObject({
  type: z.string(),
  elements: z.array(z.unknown()).default([]),
  style: z.unknown().optional(),
  text: z.string().default(''),
  url: z.string().default(''),
  name: z.string().default(''),
  user_id: z.string().default(''),
  channel_id: z.string().default(''),
  range: z.string().default(''),
  fallback: z.string().default(''),
});
const Style = z
  .object({ bold: z.boolean(), italic: z.boolean(), strike: z.boolean(), code: z.boolean() })
  .partial();

function renderRich(value: unknown, drawing: Drawing): Html {
  const parsed = Rich.safeParse(value);
  if (!parsed.success) return html``;
  const part = parsed.data;
  const inner = part.elements.map((one) => renderRich(one, drawing));
  switch (part.type) {
    case 'rich_text_list':
      return html`<ul>
        ${inner.map((item) => html`<li>${item}</li>`)}
      </ul>`;
    case 'rich_text_quote':
      return html`<blockquote>${inner}</blockquote>`;
    case 'rich_text_preformatted':
      return html`<pre>${inner}</pre>`;
    case 'rich_text_section':
      return html`<div>${inner}</div>`;
    case 'link':
      return renderLink(part.url, part.text === '' ? part.url : part.text);
    case 'emoji':
      return html`${emoji(part.name)}`;
    case 'user':
      return html`<span class="mention">@${drawing.user(part.user_id)}</span>`;
    case 'channel':
      return html`<span class="mention">#${drawing.channel(part.channel_id)}</span>`;
    case 'broadcast':
      return html`<span class="mention all">@${part.range}</span>`;
    case 'date':
      return html`${part.fallback}`;
  }
  const style: z.infer<typeof Style> = Style.safeParse(part.style).data ?? {};
  const { bold, italic, strike, code } = style;
  let shown = html`<span class="typed">${part.text}</span>`;
  if (code === true) shown = html`<code>${shown}</code>`;
  if (bold === true) shown = html`<b>${shown}</b>`;
  if (italic === true) shown = html`<i>${shown}</i>`;
  return strike === true ? html`<s>${shown}</s>` : shown;
}
