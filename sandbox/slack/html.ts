import type { Response } from 'express';
import { html } from '../kit/html.ts';
import type { Html } from '../kit/html.ts';

/** Sends a whole page. Only the twin's own script and style may run in it. */
export function sendPage(response: Response, status: number, body: Html): void {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Slack (sandbox)</title>
        <link rel="stylesheet" href="/client/style.css" />
      </head>
      <body>
        ${body}
      </body>
    </html>`;
  response
    .status(status)
    .set({
      'content-security-policy': "default-src 'self'; img-src 'self' https: data:; frame-ancestors 'none'",
      'cache-control': 'no-store',
    })
    .type('html')
    .send(page.markup);
}
