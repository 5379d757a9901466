import type { Request, Response } from 'express';
import { html } from '../../kit/html.ts';
import type { Org } from '../org.ts';
import type { Row } from '../rows.ts';
import type { ButtonObject } from './apex.ts';
import { linkTo, query, readUser, sendScreen } from './frame.ts';

// A list view of the platform shows 50 at first, and lets 200 be ticked.
const PER_PAGE = 50;

/** GET /_twin/list?object=Account: rows to tick, and the list button "Pitch PDFs" above them. */
export function showList(org: Org, request: Request, response: Response): void {
  const user = readUser(org, query(request, 'as'));
  const object: ButtonObject = query(request, 'object') === 'Lead' ? 'Lead' : 'Account';
  const rows = org.rows(object).filter((row) => !row.deleted);
  const last = Math.max(0, Math.ceil(rows.length / PER_PAGE) - 1);
  const page = Math.min(last, Math.max(0, Math.trunc(Number(query(request, 'page'))) || 0));
  const at = (to: number): string => linkTo('list', { object, as: user.id, page: String(to) });
  const main = html`<form method="post" action="${linkTo('pitches', { object, as: user.id })}">
    <header class="record">
      <h1>${object}s</h1>
      <button>Pitch PDFs</button>
    </header>
    <table>
      <thead>
        <tr>
          <th></th>
          <th>Name</th>
          <th>${object === 'Lead' ? 'Company' : 'Website'}</th>
          <th>Score</th>
          <th>Band</th>
        </tr>
      </thead>
      <tbody>
        ${rows.slice(page * PER_PAGE, (page + 1) * PER_PAGE).map((row) => {
          const value = (name: string): string => String(org.value(row, name) ?? '');
          return html`<tr>
            <td>
              <input type="checkbox" name="ids" value="${row.id}" aria-label="Tick ${value('Name')}" />
            </td>
            <td><a href="${recordLink(row, user.id)}">${value('Name')}</a></td>
            <td>${value(object === 'Lead' ? 'Company' : 'Website')}</td>
            <td>${value('Fieldnote_Score__c')}</td>
            <td>${value('Fieldnote_Band__c')}</td>
          </tr>`;
        })}
      </tbody>
    </table>
    <p>
      ${rows.length} records ${page > 0 ? html`<a href="${at(page - 1)}">Previous</a>` : null}
      ${page < last ? html`<a href="${at(page + 1)}">Next</a>` : null}
    </p>
  </form>`;
  sendScreen(request, response, { org, user, title: `${object}s`, main });
}

const recordLink = ({ id, object }: Row, as: string): string => linkTo('record', { object, id, as });
