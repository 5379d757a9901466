import { readFileSync } from 'node:fs';
import { jsPDF } from 'jspdf';
import { LEADING, PAGE, STYLES } from './styles.js';

export async function open(files) {
  const fonts = Object.entries(files).map(([name, file]) => [name, readFileSync(file).toString('base64')]);
  return async ({ blocks, footer, score, dial }) => {
    const doc = new jsPDF({ unit: 'pt', format: [PAGE.width, PAGE.height], compress: true });
    for (const [name, data] of fonts) {
      doc.addFileToVFS(`${name}.ttf`, data);
      doc.addFont(`${name}.ttf`, name, 'normal');
    }
    doc.setFillColor('#f3f1ea').rect(0, 0, PAGE.width, 130, 'F');
    doc
      .setDrawColor('#2f5d50')
      .setLineWidth(8)
      .circle(PAGE.width - 96, 76, 40, 'S');
    doc
      .setFont('serif-bold')
      .setFontSize(12)
      .text(dial, PAGE.width - 96, 80, { align: 'center' });
    doc.setLineWidth(2.5).line(PAGE.margin, 132, PAGE.margin + score, 132);
    const width = PAGE.width - 2 * PAGE.margin;
    let y = PAGE.margin;
    for (const { kind, text, href } of blocks) {
      const { font, size, above } = STYLES[kind];
      doc.setFont(font).setFontSize(size);
      y += above;
      for (const line of doc.splitTextToSize(kind === 'item' ? `• ${text}` : text, width)) {
        if (y + size * LEADING > PAGE.height - PAGE.bottom) {
          doc.addPage();
          y = PAGE.margin;
        }
        if (href) doc.textWithLink(line, PAGE.margin, y + size, { url: href });
        else doc.text(line, PAGE.margin, y + size);
        y += size * LEADING;
      }
    }
    const pages = doc.getNumberOfPages();
    for (let page = 1; page <= pages; page += 1) {
      doc.setPage(page).setFont('sans').setFontSize(7.6);
      doc.text(`${footer} · Page ${page} of ${pages}`, PAGE.margin, PAGE.height - 30);
    }
    return new Uint8Array(doc.output('arraybuffer'));
  };
}
