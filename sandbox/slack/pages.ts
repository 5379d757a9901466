import { fileURLToPath } from 'node:url';
import type { Request, Response } from 'express';
import { findActor, findOwnChannel } from './actors.ts';
import { openIm } from './channels.ts';
import { html } from '../kit/html.ts';
import { sendPage } from './html.ts';
import type { Html } from '../kit/html.ts';
import { renderConversation } from './page-conversation.ts';
import { renderHome, renderModal } from './page-views.ts';
import type { Actor } from './payloads.ts';
import type { TwinKit } from '../kit/twin.ts';
import type { Slack } from './slack.ts';

const CLIENT = fileURLToPath(new URL('client', import.meta.url));
// A comment on the stream now and then, so that a connection that is gone is noticed.
const BEAT_MS = 15_000;

/** Mounts the page on which a person uses Slack: GET /, its parts, and what tells it of changes. */
export function mountPages({ app }: TwinKit, slack: () => Slack): void {
  app.get('/client/style.css', (_request, response) => response.sendFile('style.css', { root: CLIENT }));
  app.get('/client/script.js', (_request, response) => response.sendFile('script.js', { root: CLIENT }));
  app.get('/', (request, response) => {
    const actor = readActor(slack(), request);
    sendPage(response, 200, renderShell(slack(), actor, readPlace(request)));
  });
  app.get('/client/part', (request, response) => {
    const actor = readActor(slack(), request);
    const place = readPlace(request);
    const part = {
      main: renderMain(slack(), actor, place).markup,
      modal: renderModal(slack(), actor).markup,
    };
    response.set('cache-control', 'no-store').json({ ...part, version: slack().state.version() });
  });
  app.get('/client/changes', (_request, response) => streamChanges(slack(), response));
  app.get('/files/:id/:name', (request, response) => {
    const file = slack().state.file(String(request.params.id));
    if (file === undefined) return void response.status(404).type('text/plain').send('no such file');
    // What was uploaded is handed on as a file to keep, never as a page of the twin's own.
    response.attachment(file.name).set('content-security-policy', 'sandbox').type(file.mimetype);
    response.send(Buffer.from(file.base64, 'base64'));
  });
}

type Place = { channel: string; tab: 'messages' | 'home' };

const query = (request: Request, name: string): string | undefined => {
  const value = request.query[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

function readPlace(request: Request): Place {
  const tab = query(request, 'tab') === 'home' ? 'home' : 'messages';
  return { channel: query(request, 'channel') ?? 'sales', tab };
}

/** Who sits before the page: as the address says, or else the first person of the workspace. */
function readActor(slack: Slack, request: Request): Actor {
  const named = query(request, 'team');
  const team = slack.state.teams.find(({ id }) => id === named) ?? slack.state.teams[0];
  if (team === undefined) throw new Error('the Slack twin has no workspace');
  const user = query(request, 'user');
  const known = user !== undefined && team.people.get(user)?.isBot === false;
  const [first = ''] = team.people.keys();
  return findActor(slack, { as: known ? user : first, team: team.id });
}

function renderMain(slack: Slack, actor: Actor, { channel: named, tab }: Place): Html {
  if (named === 'app' && tab === 'home') return renderHome(slack, actor);
  const channel =
    named === 'app' ? openIm(slack, actor.team, actor.person.id) : findOwnChannel(slack, actor, named);
  return renderConversation(slack, actor, channel);
}

function renderShell(slack: Slack, actor: Actor, place: Place): Html {
  const { team, person } = actor;
  const link = (more: Record<string, string>): string =>
    `/?${new URLSearchParams({ team: team.id, user: person.id, channel: place.channel, ...more }).toString()}`;
  const here = (yes: boolean): string => (yes ? 'page' : 'false');
  const channels = [...team.channels.values()].filter(
    ({ kind, members }) => kind !== 'im' && members.has(person.id),
  );
  const isApp = place.channel === 'app';
  const title = isApp
    ? 'Fieldnote'
    : `#${channels.find(({ id }) => id === place.channel)?.name ?? place.channel}`;
  const isPlace = ({ id, name }: { id: string; name: string }): boolean => [id, name].includes(place.channel);
  const people = [...team.people.values()].filter(({ isBot }) => !isBot);
  return html`<div
      class="slack"
      data-team="${team.id}"
      data-user="${person.id}"
      data-channel="${place.channel}"
      data-tab="${place.tab}"
    >
      <nav>
        <h1>${team.name}</h1>
        <p class="note">A sandbox of Slack. Nothing here leaves this machine.</p>
        <form method="get" action="/" data-auto>
          <label
            >Workspace
            <select name="team">
              ${slack.state.teams.map(
                ({ id, name }) =>
                  html`<option value="${id}" ${html`${id === team.id ? 'selected' : ''}`}>${name}</option>`,
              )}
            </select></label
          >
        </form>
        <form method="get" action="/" data-auto>
          <input type="hidden" name="team" value="${team.id}" /><input
            type="hidden"
            name="channel"
            value="${place.channel}"
          />
          <label
            >You are
            <select name="user">
              ${people.map(
                ({ id, realName }) =>
                  html`<option value="${id}" ${html`${id === person.id ? 'selected' : ''}`}>
                    ${realName}
                  </option>`,
              )}
            </select></label
          >
        </form>
        <h2>Channels</h2>
        ${channels.map(
          (channel) =>
            html`<a href="${link({ channel: channel.name })}" aria-current="${here(isPlace(channel))}"
              >${channel.kind === 'private' ? '🔒' : '#'} ${channel.name}</a
            >`,
        )}
        <h2>Apps</h2>
        <a href="${link({ channel: 'app' })}" aria-current="${here(isApp)}">Fieldnote</a>
      </nav>
      <section>
        <header>
          <h2>${title}</h2>
          ${
            isApp
              ? html`<a href="${link({ tab: 'home' })}" aria-current="${here(place.tab === 'home')}">Home</a
                  ><a href="${link({ tab: 'messages' })}" aria-current="${here(place.tab === 'messages')}"
                    >Messages</a
                  >`
              : null
          }
        </header>
        <main id="main" aria-live="polite">${renderMain(slack, actor, place)}</main>
        ${
          isApp && place.tab === 'home'
            ? null
            : html`<form id="composer">
                <p class="replying" hidden>Replying in a thread <button type="button">cancel</button></p>
                <input
                  name="text"
                  autocomplete="off"
                  placeholder="Message ${title}, a command such as /score, or @Fieldnote"
                  aria-label="Message"
                  autofocus
                /><button class="primary">Send</button>
              </form>`
        }
      </section>
    </div>
    <dialog id="modal">${renderModal(slack, actor)}</dialog>
    <p id="toast" role="status" hidden></p>
    <script src="/client/script.js"></script>`;
}

/** Server-sent events: the count of changes whenever it grows. */
function streamChanges(slack: Slack, response: Response): void {
  response.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).flushHeaders();
  const tell = (): void => void response.write(`data: ${slack.state.version()}\n\n`);
  const stop = slack.state.onChange(tell);
  const beat = setInterval(() => response.write(': still here\n\n'), BEAT_MS);
  response.once('close', () => {
    stop();
    clearInterval(beat);
  });
  tell();
}
