import { html } from '../kit/html.ts';
import type { Html } from '../kit/html.ts';
import { renderBlocks } from './page-blocks.ts';
import { drawingOf } from './page-conversation.ts';
import type { Actor } from './payloads.ts';
import type { Slack } from './slack.ts';

/** The app's Home of a person. */
export function renderHome(slack: Slack, actor: Actor): Html {
  const home = slack.state.home(actor.team.id, actor.person.id);
  if (home === undefined) return html`<p class="empty">The app has not published a Home yet.</p>`;
  const { blocks } = home.view;
  return html`<div class="home" data-view>${renderBlocks(asBlocks(blocks), drawingOf(actor))}</div>`;
}

/** The modal that a person has open; nothing where there is none. */
export function renderModal(slack: Slack, actor: Actor): Html {
  const open = slack.modals.top(actor.team.id, actor.person.id);
  if (open === undefined || open.view.type !== 'modal') return html``;
  const { title, submit, close, blocks } = open.view;
  return html`<form data-view data-modal="${open.id}" aria-label="${title.text}">
    <header>
      <h2>${title.text}</h2>
      <button type="button" data-close aria-label="Close">×</button>
    </header>
    <div class="inside">
      ${renderBlocks(blocks, drawingOf(actor))}
      <p class="error" role="alert" data-trouble></p>
    </div>
    <footer>
      <button type="button" data-close>${close?.text ?? 'Close'}</button>
      ${submit === undefined ? null : html`<button class="primary">${submit.text}</button>`}
    </footer>
  </form>`;
}

function asBlocks(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map((one: unknown) => ({ ...Object(one) })) : [];
}
