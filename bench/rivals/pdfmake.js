import pdfmake from 'pdfmake';
import { LEADING, PAGE, STYLES } from './styles.js';

export async function open(files) {
  pdfmake.setFonts(Object.fromEntries(Object.entries(files).map(([name, file]) => [name, { normal: file }])));
  pdfmake.setUrlAccessPolicy?.(() => false);
  pdfmake.setLocalAccessPolicy?.(() => true);
  return async ({ blocks, footer, score, dial }) => {
    const content = blocks.map(({ kind, text, href }) => {
      const { font, size, above } = STYLES[kind];
      return {
        text: kind === 'item' ? `• ${text}` : text,
        font,
        fontSize: size,
        lineHeight: LEADING / 1.36,
        margin: [0, above, 0, 0],
        ...(href ? { link: href } : {}),
      };
    });
    const document = pdfmake.createPdf({
      pageSize: { width: PAGE.width, height: PAGE.height },
      pageMargins: [PAGE.margin, PAGE.margin, PAGE.margin, PAGE.bottom],
      compress: true,
      defaultStyle: { font: 'sans', fontSize: 9 },
      background: (page) =>
        page === 1
          ? {
              canvas: [
                { type: 'rect', x: 0, y: 0, w: PAGE.width, h: 130, color: '#f3f1ea' },
                {
                  type: 'ellipse',
                  x: PAGE.width - 96,
                  y: 76,
                  r1: 40,
                  r2: 40,
                  lineWidth: 8,
                  lineColor: '#2f5d50',
                },
                {
                  type: 'line',
                  x1: 48,
                  y1: 132,
                  x2: 48 + score,
                  y2: 132,
                  lineWidth: 2.5,
                  lineColor: '#2f5d50',
                },
              ],
            }
          : null,
      footer: (page, pages) => ({
        text: `${footer} · Page ${page} of ${pages}`,
        fontSize: 7.6,
        margin: [PAGE.margin, 20, PAGE.margin, 0],
      }),
      content: [
        { text: dial, font: 'serif-bold', fontSize: 12, absolutePosition: { x: PAGE.width - 130, y: 70 } },
        ...content,
      ],
    });
    return new Uint8Array(await document.getBuffer());
  };
}
