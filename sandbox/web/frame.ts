import type { WebDocument } from './state.ts';

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** A small stable number from a host, so that one site always looks the same. */
function looksOf(host: string): number {
  let hash = 2166136261;
  for (const character of host) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619) >>> 0;
  return hash;
}

type FrameParts = {
  site: string;
  title: string;
  body: string;
  date: string;
  menu: string;
  hidden: string;
};

const COOKIES =
  'We use cookies to remember your settings and to count visits. You can accept all of them or only those that the site needs.';

/** Blocks of text → paragraphs, list items where lines begin with a dash, headings where a short line stands alone. */
function textToHtml(text: string): string {
  return text
    .split(/\n\s*\n/)
    .map((block) => block.trim())
    .filter((block) => block !== '')
    .map((block) => {
      const lines = block.split('\n').map((line) => line.trim());
      if (lines.every((line) => /^[-*•]\s/.test(line)))
        return `<ul>${lines.map((line) => `<li>${escapeHtml(line.slice(1).trim())}</li>`).join('')}</ul>`;
      const [only = ''] = lines;
      if (lines.length === 1 && only.length < 60 && !/[.!?:;,]$/.test(only))
        return `<h2>${escapeHtml(only)}</h2>`;
      return `<p>${lines.map(escapeHtml).join('<br>\n')}</p>`;
    })
    .join('\n');
}

// Four layouts in the manner of real company sites: semantic tags, classes only, tables, a page builder's nested blocks.
const LAYOUTS: readonly ((parts: FrameParts) => string)[] = [
  ({
    site,
    title,
    body,
    date,
    menu,
    hidden,
  }) => `<header><a class="logo" href="/">${site}</a><nav>${menu}</nav></header>
<div id="cookie-banner" role="dialog" aria-label="Cookies"><p>${COOKIES}</p><button>Accept all</button></div>
${hidden}<main><h1>${title}</h1>${date}${body}</main>
<aside><h3>Newsletter</h3><p>One mail a month, no more.</p><form><input type="email"><button>Subscribe</button></form></aside>
<footer><p>© ${site}. All rights reserved.</p><ul>${menu}</ul></footer>`,
  ({ site, title, body, date, menu, hidden }) => `<div class="topbar"><div class="navbar">${menu}</div></div>
<div class="page-wrap"><div class="content"><h1 class="page-title">${title}</h1>${date}${body}</div>
<div class="sidebar"><div class="widget">Follow ${site}</div><div class="widget">Talk to us today</div></div></div>
${hidden}<div class="footer"><div class="footer-links">${menu}</div><div class="legal">Imprint and privacy · ${site}</div></div>
<div class="cookie-consent">${COOKIES} <a href="#">Settings</a></div>`,
  ({
    site,
    title,
    body,
    date,
    menu,
    hidden,
  }) => `<table width="100%"><tr><td colspan="2" class="header"><b>${site}</b></td></tr>
<tr><td width="180" valign="top" class="nav"><ul>${menu}</ul></td><td valign="top"><h1>${title}</h1>${date}${body}</td></tr>
<tr><td colspan="2" class="footer">Copyright ${site}</td></tr></table>${hidden}`,
  ({ site, title, body, date, menu, hidden }) => `<a class="sr-only" href="#content">Skip to content</a>
<div class="site"><div class="site-header"><nav class="menu" role="navigation">${menu}</nav></div>
${hidden}<section class="hero"><div class="container"><h1>${title}</h1></div></section>
<section id="content" class="section"><div class="container"><div class="row"><div class="col">${date}${body}</div></div></div></section>
<section class="cta"><div class="container"><p>See what ${site} can do for you.</p><a class="btn" href="/">Get started</a></div></section>
<footer class="site-footer" role="contentinfo">${menu}<p>© ${site}</p></footer></div>
<div class="modal" role="dialog" aria-modal="true" aria-label="Cookie settings"><p>${COOKIES}</p></div>`,
];

/** Text that no visitor sees, as real pages have it: menus not opened, dialogs, print headers, script fallbacks. */
function hiddenParts(site: string, look: number): string {
  const parts = [
    `<div class="mega-menu" style="display:none"><p>All products, all solutions and all industries of ${site} at a glance.</p></div>`,
    `<div hidden><p>Thank you, your message to ${site} has been sent.</p></div>`,
    `<template><p>Something went wrong. Please load the page again.</p></template>`,
    `<noscript><p>This site works best with JavaScript switched on.</p></noscript>`,
    `<div class="print-only"><p>Printed from the site of ${site}.</p></div>`,
    `<p style="position:absolute;left:-9999px">Do not fill in this field.</p>`,
  ];
  return parts.filter((_, index) => ((look >>> index) & 1) === 1 || index === look % parts.length).join('\n');
}

/**
 * Wraps a document's text in a page as its site would: navigation, cookie banner, footer and hidden elements around it.
 * @param site the site's name; `links` are the other pages of the site
 */
export function framePage(
  document: WebDocument,
  site: string,
  host: string,
  links: readonly { url: string; title: string }[],
): string {
  const look = looksOf(host);
  const layout = LAYOUTS[look % LAYOUTS.length];
  if (layout === undefined) throw new Error('no layouts');
  const menu = links
    .map(({ url, title }) => `<li><a href="${escapeHtml(url)}">${escapeHtml(title)}</a></li>`)
    .join('\n');
  const published = document.published;
  const day = published?.slice(0, 10) ?? '';
  const date = published === null ? '' : `<p class="date"><time datetime="${published}">${day}</time></p>`;
  const meta = published === null ? '' : `<meta property="article:published_time" content="${published}">`;
  const name = escapeHtml(site);
  const title = escapeHtml(document.title);
  const body = layout({
    site: name,
    title,
    body: textToHtml(document.text),
    date,
    menu,
    hidden: hiddenParts(name, look >>> 8),
  });
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>${meta}
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>.print-only{display:none}.sr-only{position:absolute;width:1px;height:1px;overflow:hidden;clip:rect(0,0,0,0)}</style>
<script>window.dataLayer = window.dataLayer || [];</script></head>
<body>
${body}
</body></html>
`;
}
