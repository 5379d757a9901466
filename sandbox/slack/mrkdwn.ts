import { html } from '../kit/html.ts';
import type { Html } from '../kit/html.ts';

/** How people and channels are called, by their ids. */
export type Names = { user(id: string): string; channel(id: string): string };

const EMOJI: Record<string, string> = {
  alarm_clock: '⏰',
  arrow_down: '⬇️',
  arrow_right: '➡️',
  arrow_up: '⬆️',
  bar_chart: '📊',
  bell: '🔔',
  bulb: '💡',
  chart_with_downwards_trend: '📉',
  chart_with_upwards_trend: '📈',
  eyes: '👀',
  fire: '🔥',
  hourglass_flowing_sand: '⏳',
  information_source: 'ℹ️',
  large_blue_circle: '🔵',
  large_green_circle: '🟢',
  large_orange_circle: '🟠',
  large_red_circle: '🔴',
  large_yellow_circle: '🟡',
  link: '🔗',
  mag: '🔍',
  no_entry: '⛔',
  page_facing_up: '📄',
  red_circle: '🔴',
  star: '⭐',
  thumbsdown: '👎',
  thumbsup: '👍',
  warning: '⚠️',
  white_check_mark: '✅',
  x: '❌',
  zap: '⚡',
};

export const emoji = (name: string): string => EMOJI[name] ?? `:${name}:`;

const TOKEN = new RegExp(
  [
    '```(?<pre>[^]+?)```',
    '`(?<code>[^`\\n]+)`',
    '<(?<reference>[^<>\\s][^<>\\n]*)>',
    '(?<bare>https?:\\/\\/[^\\s<>|"\']+)',
    ':(?<emoji>[a-z0-9_+-]+):',
    '(?<![\\w*])\\*(?=\\S)(?<bold>[^*\\n]+?)(?<=\\S)\\*(?![\\w*])',
    '(?<![\\w_])_(?=\\S)(?<italic>[^_\\n]+?)(?<=\\S)_(?![\\w_])',
    '(?<![\\w~])~(?=\\S)(?<strike>[^~\\n]+?)(?<=\\S)~(?![\\w~])',
  ].join('|'),
  'g',
);

/** The three characters that an app must write as entities ("Formatting text", Escaping text). */
const decode = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/** A mrkdwn text as Slack shows it. */
export function renderMrkdwn(text: string, names: Names): Html {
  const lines: Html[] = [];
  let quote: string[] = [];
  const endQuote = (): void => {
    if (quote.length > 0) lines.push(html`<blockquote>${renderInline(quote.join('\n'), names)}</blockquote>`);
    quote = [];
  };
  for (const [index, line] of splitOutsidePre(text).entries()) {
    const quoted = /^(?:&gt;|>) ?([^]*)$/.exec(line);
    if (quoted !== null) {
      quote.push(quoted[1] ?? '');
      continue;
    }
    const afterQuote = quote.length > 0;
    endQuote();
    if (index > 0 && !afterQuote) lines.push(html`<br />`);
    lines.push(html`${renderInline(line, names)}`);
  }
  endQuote();
  return html`${lines}`;
}

/** Lines; a block of code is in one line, however many it has. */
function splitOutsidePre(text: string): string[] {
  const lines: string[] = [''];
  for (const [index, piece] of text.split('```').entries()) {
    const last = lines.length - 1;
    if (index % 2 === 1) lines[last] = `${lines[last] ?? ''}\`\`\`${piece}\`\`\``;
    else {
      const [first = '', ...more] = piece.split('\n');
      lines[last] = (lines[last] ?? '') + first;
      lines.push(...more);
    }
  }
  return lines;
}

function renderInline(text: string, names: Names): Html[] {
  const parts: Html[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    parts.push(html`${decode(text.slice(end, match.index))}`);
    end = match.index + match[0].length;
    const { pre, code, reference, bare, emoji: name, bold, italic, strike } = match.groups ?? {};
    if (pre !== undefined) parts.push(html`<pre>${decode(pre.replace(/^\n/, ''))}</pre>`);
    else if (code !== undefined) parts.push(html`<code>${decode(code)}</code>`);
    else if (reference !== undefined) parts.push(renderReference(reference, names));
    else if (bare !== undefined) parts.push(renderLink(bare, bare));
    else if (name !== undefined) parts.push(html`${emoji(name)}`);
    else if (bold !== undefined) parts.push(html`<b>${renderInline(bold, names)}</b>`);
    else if (italic !== undefined) parts.push(html`<i>${renderInline(italic, names)}</i>`);
    else if (strike !== undefined) parts.push(html`<s>${renderInline(strike, names)}</s>`);
  }
  parts.push(html`${decode(text.slice(end))}`);
  return parts;
}

function renderReference(reference: string, names: Names): Html {
  const [target = '', label] = reference.split('|');
  if (target.startsWith('@')) return html`<span class="mention">@${names.user(target.slice(1))}</span>`;
  if (target.startsWith('#'))
    return html`<span class="mention">#${label ?? names.channel(target.slice(1))}</span>`;
  if (target.startsWith('!date^')) return html`${label ?? ''}`;
  if (target.startsWith('!')) return html`<span class="mention all">@${label ?? target.slice(1)}</span>`;
  return renderLink(decode(target), decode(label ?? target));
}

/** A link; what leads to nothing that a browser may open stays text. */
export function renderLink(url: string, label: string): Html {
  if (!/^(https?|mailto):/.test(url)) return html`${label}`;
  return html`<a href="${url}" target="_blank" rel="noopener noreferrer">${label}</a>`;
}
