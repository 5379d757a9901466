import type { Request, Response } from 'express';
import { z } from 'zod';
import { html } from '../../kit/html.ts';
import type { Org } from '../org.ts';
import { linkTo, query, readUser, sendScreen } from './frame.ts';

const Form = z.object({
  address: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '')),
  key: z.string().trim().max(255),
});

/** GET and POST /_twin/setup: what an administrator enters: the named credential's address and the custom setting's key. */
export function showSetup(org: Org, request: Request, response: Response): void {
  const user = readUser(org, query(request, 'as'));
  const form = request.method === 'POST' ? Form.safeParse(request.body) : null;
  if (form?.success === true) org.record([{ type: 'button', ...form.data }]);
  const { address, key } = org.button();
  const main = html`<h1>Setup</h1>
    ${form === null ? null : html`<p role="status">${form.success ? 'Saved.' : z.prettifyError(form.error)}</p>`}
    <form method="post" action="${linkTo('setup', { as: user.id })}" class="setup">
      <label>Named Credentials, Fieldnote: URL <input name="address" required value="${address}" /></label>
      <label
        >Custom Settings, Fieldnote Button: Key
        <input name="key" type="password" autocomplete="off" value="${key}"
      /></label>
      <button>Save</button>
    </form>
    <p>The key is what <code>fieldnote connect salesforce --button-key</code> prints.</p>`;
  sendScreen(request, response, { org, user, title: 'Setup', main });
}
