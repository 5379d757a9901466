import { html } from '../kit/html.ts';
import type { Html } from '../kit/html.ts';
import { renderLink } from './mrkdwn.ts';
import type { Names } from './mrkdwn.ts';

const TOKEN =
  /`(?<code>[^`\n]+)`|\[(?<label>[^\]\n]+)\]\((?<url>[^)\s]+)\)|\*\*(?<bold>[^*\n]+)\*\*|<(?<reference>[@!][^<>\s]+)>/g;

/** A markdown block: headings, lists, bold, code and links; everything else as it stands. */
export function renderMarkdown(text: string, names: Names): Html {
  const lines = text.split('\n').map((line) => {
    const heading = /^#{1,6} (.*)$/.exec(line)?.[1];
    if (heading !== undefined) return html`<p><b>${renderLine(heading, names)}</b></p>`;
    const item = /^\s*(?:[-*]|\d+\.) (.*)$/.exec(line)?.[1];
    if (item !== undefined) return html`<li>${renderLine(item, names)}</li>`;
    return html`<div>${renderLine(line, names)}</div>`;
  });
  return html`${lines}`;
}

function renderLine(line: string, names: Names): Html[] {
  const parts: Html[] = [];
  let end = 0;
  for (const match of line.matchAll(TOKEN)) {
    parts.push(html`${line.slice(end, match.index)}`);
    end = match.index + match[0].length;
    const { code, label, url, bold, reference } = match.groups ?? {};
    if (code !== undefined) parts.push(html`<code>${code}</code>`);
    else if (url !== undefined) parts.push(renderLink(url, label ?? url));
    else if (bold !== undefined) parts.push(html`<b>${bold}</b>`);
    else if (reference !== undefined) {
      const name = reference.startsWith('@') ? names.user(reference.slice(1)) : reference.slice(1);
      parts.push(html`<span class="mention">@${name}</span>`);
    }
  }
  parts.push(html`${line.slice(end)}`);
  return parts;
}
