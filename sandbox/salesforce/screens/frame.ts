import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import { html } from '../../kit/html.ts';
import type { Html } from '../../kit/html.ts';
import type { TwinUser } from '../call.ts';
import type { Org } from '../org.ts';
import { IMPORTS } from './components.ts';

const IMPORT_MAP = JSON.stringify({ imports: IMPORTS });
const IMPORT_MAP_TAG: Html = { markup: `<script type="importmap">${IMPORT_MAP}</script>` };
const MAP_HASH = createHash('sha256').update(IMPORT_MAP).digest('base64');

/** One value of the address; empty where there is none. */
export function query(request: Request, name: string): string {
  const value = request.query[name];
  return typeof value === 'string' ? value : '';
}

/** Who sits before the screen, by their id; without one the administrator. */
export function readUser(org: Org, id: string): TwinUser {
  return org.people.byId(id) ?? org.people.administrator;
}

/** The address of a screen as the same person sees it. */
export function linkTo(path: string, parameters: Readonly<Record<string, string>>): string {
  return `/_twin/${path}?${new URLSearchParams(parameters).toString()}`;
}

/** Sends a screen of the org. Only the twin's own script may run in it; styles as well where components set them. */
export function sendScreen(
  request: Request,
  response: Response,
  screen: { org: Org; user: TwinUser; title: string; main: Html; script?: Html },
): void {
  const { org, user, title, main, script } = screen;
  const people = [...new Set([org.people.administrator, user, ...org.people.list()])].filter(
    ({ role }) => role !== 'integration',
  );
  const hidden = Object.keys(request.query).filter((name) => name !== 'as');
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title} | Salesforce (sandbox)</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/_twin/client/screens.css" />
        ${IMPORT_MAP_TAG}
      </head>
      <body data-user="${user.id}">
        <header>
          <strong>${org.name}</strong>
          <nav>
            <a href="${linkTo('list', { object: 'Account', as: user.id })}">Accounts</a>
            <a href="${linkTo('list', { object: 'Lead', as: user.id })}">Leads</a>
            <a href="${linkTo('setup', { as: user.id })}">Setup</a>
          </nav>
          <form method="get">
            ${hidden.map((name) => html`<input type="hidden" name="${name}" value="${query(request, name)}" />`)}
            <label
              >You are
              <select name="as">
                ${people.map(
                  ({ id, name }) =>
                    html`<option value="${id}" ${html`${id === user.id ? 'selected' : ''}`}>${name}</option>`,
                )}
              </select></label
            >
            <button>Change</button>
          </form>
          <p>A sandbox of Salesforce. Nothing here leaves this machine.</p>
        </header>
        <main>${main}</main>
        <div id="toasts" role="status"></div>
        ${script ?? null}
      </body>
    </html>`;
  response
    .set({
      'content-security-policy': `default-src 'self'; script-src 'self' 'sha256-${MAP_HASH}'; style-src 'self' 'unsafe-inline'; img-src data:; frame-ancestors 'none'`,
      'cache-control': 'no-store',
    })
    .type('html')
    .send(page.markup);
}
