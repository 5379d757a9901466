import { z } from 'zod';
import { initialChoice } from './elements.ts';
import type { Block } from './blocks.ts';
import { html } from '../kit/html.ts';
import type { Html } from '../kit/html.ts';
import { renderMrkdwn } from './mrkdwn.ts';
import type { Names } from './mrkdwn.ts';

/** What a part of the page is drawn with: names, and who can be chosen in a menu of people or channels. */
export type Drawing = Names & {
  people: readonly { id: string; label: string }[];
  channels: readonly { id: string; label: string }[];
};

const Text = z.looseObject({ type: z.string(), text: z.string() });
const Option = z.looseObject({ text: Text, value: z.string().default(''), description: Text.optional() });
const Shown = z.looseObject({
  type: z.string(),
  action_id: z.string().default(''),
  text: Text.optional(),
  placeholder: Text.optional(),
  url: z.string().optional(),
  style: z.string().optional(),
  multiline: z.boolean().optional(),
  options: z.array(Option).optional(),
  option_groups: z.array(z.looseObject({ label: Text, options: z.array(Option) })).optional(),
  confirm: z.looseObject({ title: Text, text: Text }).optional(),
  image_url: z.string().optional(),
  alt_text: z.string().default(''),
});
type Shown = z.infer<typeof Shown>;

/** A text object. */
export function renderText(value: unknown, drawing: Drawing): Html {
  const text = Text.safeParse(value);
  if (!text.success) return html``;
  return text.data.type === 'mrkdwn' ? renderMrkdwn(text.data.text, drawing) : html`${text.data.text}`;
}

/** An element of a block. `inForm`: it is an input that waits for its view's submission. */
export function renderElement(value: unknown, blockId: string, drawing: Drawing, inForm = false): Html {
  const parsed = Shown.safeParse(value);
  if (!parsed.success) return html``;
  const element = parsed.data;
  const { type } = element;
  const hooks = html`data-action="${element.action_id}" data-block="${blockId}" data-type="${type}"
  data-confirm="${element.confirm === undefined ? '' : `${element.confirm.title.text}\n${element.confirm.text.text}`}"
  data-live="${inForm ? '' : 'yes'}"`;
  const words = element.placeholder?.text ?? '';
  switch (type) {
    case 'button':
    case 'icon_button':
      return html`<button
        type="button"
        class="${element.style ?? ''}"
        ${hooks}
        data-url="${element.url ?? ''}"
      >
        ${element.text?.text ?? ''}
      </button>`;
    case 'image':
      return html`<img src="${element.image_url ?? ''}" alt="${element.alt_text}" />`;
    case 'radio_buttons':
    case 'checkboxes':
      return renderMarks(element, hooks, drawing);
    case 'external_select':
    case 'multi_external_select': {
      const list = `${blockId}.${element.action_id}`;
      return html`<input ${hooks} list="${list}" placeholder="${words}" /><datalist id="${list}"></datalist>`;
    }
    case 'plain_text_input':
      return element.multiline === true
        ? html`<textarea ${hooks} rows="4" placeholder="${words}">${first(element)}</textarea>`
        : html`<input ${hooks} value="${first(element)}" placeholder="${words}" />`;
    case 'overflow':
      return renderMenu(element, hooks, '⋯', drawing);
  }
  if (type.endsWith('_select')) return renderMenu(element, hooks, words === '' ? 'Choose…' : words, drawing);
  const kind = { datepicker: 'date', timepicker: 'time', number_input: 'number', email_text_input: 'email' }[
    type
  ];
  return html`<input ${hooks} type="${kind ?? 'text'}" value="${first(element)}" placeholder="${words}" />`;
}

function first(element: Block): string {
  const choice = initialChoice(element);
  return typeof choice === 'string' ? choice : '';
}

function renderMarks(element: Shown, hooks: Html, drawing: Drawing): Html {
  const kind = element.type === 'checkboxes' ? 'checkbox' : 'radio';
  const chosen = [initialChoice(element)].flat();
  const options = (element.options ?? []).map(
    ({ text, value, description }) =>
      html`<label
        ><input
          type="${kind}"
          name="${element.action_id}"
          value="${value}"
          ${html`${chosen.includes(value) ? 'checked' : ''}`}
        />
        ${renderText(text, drawing)} <small>${renderText(description, drawing)}</small></label
      >`,
  );
  return html`<div class="marks" ${hooks}>${options}</div>`;
}

function renderMenu(element: Shown, hooks: Html, words: string, drawing: Drawing): Html {
  const chosen = [initialChoice(element)].flat();
  const draw = (id: string, label: string): Html =>
    html`<option value="${id}" ${html`${chosen.includes(id) ? 'selected' : ''}`}>${label}</option>`;
  const people = element.type.includes('users') ? drawing.people : [];
  const channels = /conversations|channels/.test(element.type) ? drawing.channels : [];
  const groups = (element.option_groups ?? []).map(
    ({ label, options }) =>
      html`<optgroup label="${label.text}">
        ${options.map(({ text, value }) => draw(value, text.text))}
      </optgroup>`,
  );
  const several = element.type.startsWith('multi_');
  return html`<select ${hooks} ${html`${several ? 'multiple' : ''}`}>
    ${several ? null : html`<option value="">${words}</option>`}
    ${(element.options ?? []).map(({ text, value }) => draw(value === '' ? text.text : value, text.text))}${groups}
    ${[...people, ...channels].map(({ id, label }) => draw(id, label))}
  </select>`;
}
