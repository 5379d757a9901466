const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that stands for itself in HubSpot's rich text. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

const ADDRESS = /https?:\/\/[^\s<>"“”]+/g;

/** Plain lines → paragraphs, in which web addresses are links and everything else is text. */
export function toHtml(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      let html = '';
      let from = 0;
      for (const { 0: address, index } of line.matchAll(ADDRESS)) {
        const link = escapeHtml(address);
        html += `${escapeHtml(line.slice(from, index))}<a href="${link}" rel="nofollow">${link}</a>`;
        from = index + address.length;
      }
      return `<p>${html}${escapeHtml(line.slice(from))}</p>`;
    })
    .join('');
}

/** Rich text → what it says, so that two that differ only in how HubSpot writes them are the same. */
export function toPlain(html: string): string {
  return html
    .replaceAll(/<(\/p|br\s*\/?|\/div|\/li)>/gi, ' ')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&(amp|lt|gt|quot|nbsp|#0*39);/g, (entity, name: string) =>
      name === 'nbsp' ? ' ' : (CHARACTERS[name.replace(/^#0*/, '#')] ?? entity),
    )
    .replaceAll(/\s+/g, ' ')
    .trim();
}

const CHARACTERS: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
