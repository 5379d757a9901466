import { createElement as el } from 'react';
import { Document, Font, Link, Page, Svg, Circle, Text, View, renderToBuffer } from '@react-pdf/renderer';
import { LEADING, PAGE, STYLES } from './styles.js';

export async function open(files) {
  for (const [family, src] of Object.entries(files)) Font.register({ family, src });
  return async ({ blocks, footer, score, dial }) => {
    const children = blocks.map(({ kind, text, href }, key) => {
      const { font, size, above } = STYLES[kind];
      const style = { fontFamily: font, fontSize: size, lineHeight: LEADING, marginTop: above };
      const shown = kind === 'item' ? `• ${text}` : text;
      return href ? el(Link, { key, src: href, style }, shown) : el(Text, { key, style }, shown);
    });
    const document = el(
      Document,
      { title: footer, language: 'en' },
      el(
        Page,
        {
          size: [PAGE.width, PAGE.height],
          style: { padding: PAGE.margin, paddingBottom: PAGE.bottom, fontFamily: 'sans' },
        },
        el(View, {
          style: {
            position: 'absolute',
            top: 0,
            left: 0,
            width: PAGE.width,
            height: 130,
            backgroundColor: '#f3f1ea',
          },
        }),
        el(
          Svg,
          { style: { position: 'absolute', top: 30, left: PAGE.width - 146, width: 100, height: 100 } },
          el(Circle, { cx: 50, cy: 50, r: 40, stroke: '#2f5d50', strokeWidth: 8, fill: 'none' }),
        ),
        el(View, {
          style: {
            position: 'absolute',
            top: 132,
            left: 48,
            width: score,
            height: 2.5,
            backgroundColor: '#2f5d50',
          },
        }),
        el(
          Text,
          {
            style: {
              position: 'absolute',
              top: 70,
              left: PAGE.width - 136,
              fontFamily: 'serif-bold',
              fontSize: 12,
            },
          },
          dial,
        ),
        ...children,
        el(Text, {
          fixed: true,
          style: { position: 'absolute', bottom: 24, left: PAGE.margin, fontSize: 7.6 },
          render: ({ pageNumber, totalPages }) => `${footer} · Page ${pageNumber} of ${totalPages}`,
        }),
      ),
    );
    return new Uint8Array(await renderToBuffer(document));
  };
}
