import type { Request, Response } from 'express';
import { html } from '../../kit/html.ts';
import type { Html } from '../../kit/html.ts';
import type { TwinUser } from '../call.ts';
import { normalizeId } from '../ids.ts';
import type { SalesforceValue } from '../options.ts';
import type { Org } from '../org.ts';
import { linkTo, query, readUser, sendScreen } from './frame.ts';

const SHOWN = {
  Account: ['Name', 'Website', 'Industry', 'NumberOfEmployees', 'BillingCountry', 'OwnerId'],
  Lead: ['Name', 'Title', 'Company', 'Email', 'Website', 'Status', 'OwnerId'],
} as const;

/** GET /_twin/record?id=…: the record's page with the package's card on it, and its action "Pitch PDF". */
export function showRecord(org: Org, request: Request, response: Response): void {
  const user = readUser(org, query(request, 'as'));
  const row = org.find(normalizeId(query(request, 'id')) ?? '');
  const object = row?.object;
  if (row === undefined || row.deleted || (object !== 'Account' && object !== 'Lead')) {
    const main = html`<h1>No such record</h1>
      <p>
        It was deleted, or never there.
        <a href="${linkTo('list', { object: 'Account', as: user.id })}">All accounts</a>
      </p>`;
    return sendScreen(request, response.status(404), { org, user, title: 'No such record', main });
  }
  const ours = [...org.fields(object).values()].filter(({ custom }) => custom);
  const names = [...SHOWN[object], ...ours.map(({ name }) => name)];
  const main = html`<header class="record">
      <div>
        <p>${object}</p>
        <h1>${String(org.value(row, 'Name') ?? row.id)}</h1>
      </div>
      <button type="button" id="action">Pitch PDF</button>
    </header>
    <div class="columns">
      <section aria-label="Details">
        <h2>Details</h2>
        <dl>${names.map((name) => renderField(org, object, name, org.value(row, name)))}</dl>
      </section>
      <aside id="components" data-record="${row.id}"></aside>
    </div>`;
  const script = html`<script type="module" src="/_twin/client/record.js"></script>`;
  sendScreen(request, response, { org, user, title: String(org.value(row, 'Name')), main, script });
}

function renderField(org: Org, object: keyof typeof SHOWN, name: string, value: SalesforceValue): Html {
  const label = org.fields(object).get(name.toLowerCase())?.label.replace(/ ID$/, '') ?? name;
  return html`<div>
    <dt>${label}</dt>
    <dd data-field="${name}">${describe(org, name, value)}</dd>
  </div>`;
}

function describe(org: Org, name: string, value: SalesforceValue): string {
  if (value === null) return '';
  const owner: TwinUser | undefined = name === 'OwnerId' ? org.people.byId(String(value)) : undefined;
  return owner?.name ?? String(value);
}
