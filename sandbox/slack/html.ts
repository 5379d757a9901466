import type { Response } from 'express';

/** Markup that is safe to send. */
export type Html = { readonly markup: string };

type Part = Html | string | number | null | readonly Part[];

const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

function render(part: Part): string {
  if (part === null) return '';
  if (typeof part === 'object') return 'markup' in part ? part.markup : part.map(render).join('');
  return escapeHtml(String(part));
}

/** Builds markup; whatever is filled in is escaped, but for markup that was built the same way. */
export function html(pieces: TemplateStringsArray, ...parts: Part[]): Html {
  return { markup: pieces.map((piece, index) => piece + render(parts[index] ?? null)).join('') };
}

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
