import { LINE, QUIET } from './colors.ts';
import { addReasons, addSummary } from './evidence.ts';
import { startFlow } from './flow.ts';
import type { Density } from './flow.ts';
import { openFonts } from './fonts.ts';
import type { Fonts } from './fonts.ts';
import { drawHeader } from './header.ts';
import { SMALL } from './inks.ts';
import { layText } from './lay-text.ts';
import { addNextStep, addPitch, addSources } from './letter.ts';
import { COLUMN, PAGE, openPaper } from './paper.ts';
import type { Paper } from './paper.ts';
import { addCompetitors, addPersonas } from './people.ts';
import type { Sheet } from '../sheet.ts';

/** Prints sheets as PDF; keeps its fonts from one to the next. */
export type Printer = (sheet: Sheet) => Promise<Buffer>;

// Set a little tighter where that saves a page beyond the second, and no tighter than is easy to read.
const LOOSE: Density = { type: 1, space: 1, lines: 5 };
const TIGHT: Density = { type: 0.94, space: 0.8, lines: 3 };
const GOAL = 2;

/**
 * A printer: a sheet → a tagged PDF (A4, PDF/UA). The same sheet gives the same bytes, whatever was printed before. The work is
 * bounded by the sheet's own limits.
 */
export function createPrinter(): Printer {
  const fonts = openFonts();
  return async (sheet) => {
    fonts.trim();
    const loose = compose(sheet, fonts, LOOSE);
    if (loose.pages <= GOAL) return finish(loose.paper, fonts, sheet);
    const tight = compose(sheet, fonts, TIGHT);
    return finish(tight.pages < loose.pages ? tight.paper : loose.paper, fonts, sheet);
  };
}

function compose(sheet: Sheet, fonts: Fonts, density: Density): { paper: Paper; pages: number } {
  const paper = openPaper(fonts, {
    title: `${sheet.name}: pitch`,
    subject: `What ${sheet.domain} says, scored, with sources`,
    author: sheet.seller ?? 'Fieldnote',
    made: sheet.made,
    lang: 'en',
  });
  const flow = startFlow(paper, fonts, drawHeader(paper, fonts, sheet) + 4, density);
  addSummary(flow, sheet);
  addReasons(flow, sheet);
  addPersonas(flow, sheet);
  addCompetitors(flow, sheet);
  addPitch(flow, sheet);
  addNextStep(flow, sheet);
  addSources(flow, sheet);
  return { paper, pages: flow.pages() };
}

function finish(paper: Paper, fonts: Fonts, sheet: Sheet): Promise<Buffer> {
  const { doc } = paper;
  const line = (parts: string[], width: number, x: (width: number) => number, y: number): void => {
    const spans = parts.map((text) => ({ text, ink: SMALL, apart: true }));
    for (const { pieces, width: wide } of layText({ fonts, measure: paper.measure }, spans, width, {
      most: 1,
    }))
      for (const piece of pieces) {
        doc.font(piece.font, piece.size).fillColor(QUIET);
        doc.text(piece.text, x(wide) + piece.x, y, { lineBreak: false, baseline: 'alphabetic' });
      }
  };
  return paper.finish((page, pages) => {
    const y = PAGE.height - 30;
    doc
      .lineWidth(0.75)
      .moveTo(PAGE.left, y - 14)
      .lineTo(PAGE.width - PAGE.right, y - 14)
      .stroke(LINE);
    const names = [
      sheet.name,
      ...(sheet.seller === null ? [] : [`for ${sheet.seller}`]),
      'Fieldnote',
      `as of ${sheet.score.asOf}`,
    ];
    const parts = names.flatMap((text, index) => [...(index === 0 ? [] : ['  ·  ']), text.slice(0, 60)]);
    line(parts, COLUMN - 70, () => PAGE.left, y);
    line([`Page ${page} of ${pages}`], 70, (width) => PAGE.width - PAGE.right - width, y);
  });
}
