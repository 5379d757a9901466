import { mayRead } from './actors.ts';
import type { Message } from './events.ts';
import { html } from '../kit/html.ts';
import type { Html } from '../kit/html.ts';
import { renderMrkdwn } from './mrkdwn.ts';
import { renderBlocks } from './page-blocks.ts';
import type { Drawing } from './page-elements.ts';
import type { Actor } from './payloads.ts';
import type { Slack } from './slack.ts';
import type { Channel, Team } from './team.ts';

// The page shows the end of a conversation.
const MOST_SHOWN = 200;

/** Names and menus of a workspace, as one person sees it. */
export function drawingOf({ team, person }: Actor): Drawing {
  const mine = [...team.channels.values()].filter(({ members }) => members.has(person.id));
  return {
    user: (id) => team.people.get(id)?.realName ?? id,
    channel: (id) => team.channels.get(id)?.name ?? id,
    people: [...team.people.values()]
      .filter(({ isBot }) => !isBot)
      .map(({ id, realName }) => ({ id, label: realName })),
    channels: mine.filter(({ kind }) => kind !== 'im').map(({ id, name }) => ({ id, label: `#${name}` })),
  };
}

/** What a person sees of a channel: its messages, each with its thread. */
export function renderConversation(slack: Slack, actor: Actor, channel: Channel): Html {
  const drawing = drawingOf(actor);
  const all = slack.state.messages(actor.team.id, channel.id).filter((message) => mayRead(message, actor));
  const draw = (message: Message): Html => renderMessage(slack, actor.team, message, drawing);
  const shown = all.filter(({ threadTs }) => threadTs === null).slice(-MOST_SHOWN);
  if (shown.length === 0) return html`<p class="empty">Nothing here yet. Type a command below.</p>`;
  return html`${shown.map((message) => {
    const replies = all.filter(({ threadTs }) => threadTs === message.ts);
    return html`${draw(message)}${replies.length === 0 ? null : html`<div class="thread">${replies.map(draw)}</div>`}`;
  })}`;
}

function renderMessage(slack: Slack, team: Team, message: Message, drawing: Drawing): Html {
  const author = team.people.get(message.author);
  const isApp = message.author === team.botUser;
  const name = author?.realName ?? message.author;
  const time = new Date(Number(message.ts) * 1000).toISOString().slice(11, 16);
  const { shortcuts } = slack.settings();
  const tools = shortcuts.map(
    (shortcut) =>
      html`<button type="button" data-shortcut="${shortcut.callback_id}">${shortcut.name}</button>`,
  );
  return html`<article data-ts="${message.ts}" class="${message.onlyFor === null ? '' : 'private'}">
    <div class="face ${author?.isBot === true ? 'app' : ''}" aria-hidden="true">${name.slice(0, 1)}</div>
    <div class="words">
      <header>
        <b>${name}</b>${isApp ? html` <span class="tag">APP</span>` : null} <time>${time}</time>
        ${message.onlyFor === null ? null : html`<small>Only visible to you</small>`}
        <span class="tools"
          >${tools}${message.threadTs === null && message.onlyFor === null ? html`<button type="button" data-reply>Reply</button>` : null}</span
        >
      </header>
      ${message.blocks.length > 0 ? renderBlocks(message.blocks, drawing) : html`<div class="block">${renderMrkdwn(message.text, drawing)}</div>`}
      ${message.edited === null || isApp ? null : html`<small>(edited)</small>`}
      ${message.files.map((id) => renderFile(slack, id))}
      ${message.unfurls.map(({ blocks, text }) => html`<div class="unfurl">${blocks.length > 0 ? renderBlocks(blocks, drawing) : renderMrkdwn(text, drawing)}</div>`)}
    </div>
  </article>`;
}

function renderFile(slack: Slack, id: string): Html {
  const file = slack.state.file(id);
  if (file === undefined) return html``;
  const kind = file.name.split('.').at(-1)?.toUpperCase() ?? 'FILE';
  const size = Math.max(1, Math.round((file.base64.length * 3) / 4 / 1024));
  return html`<a
    class="file"
    href="/files/${file.id}/${encodeURIComponent(file.name)}"
    download="${file.name}"
    ><span class="kind">${kind}</span
    ><span><b>${file.title}</b><br /><small>${kind}, ${size} kB</small></span></a
  >`;
}
