import { LINE, QUIET } from './colors.ts';
import { addReasons, addSummary } from './evidence.ts';
import { startFlow } from './flow.ts';
import type { Density } from './flow.ts';
import { openFonts } from './fonts.ts';
import type { Fonts } from './fonts.ts';
import { drawHeader } from './header.ts';
import { SMALL } from './inks.ts';
import { layText } from './lay-text.ts';
import type { Line } from './lay-text.ts';
import { addNextStep, addPitch, addSources } from './letter.ts';
import { COLUMN, PAGE, openPaper } from './paper.ts';
import type { Paper } from './paper.ts';
import { addCompetitors, addPersonas } from './people.ts';
import { cutText } from '../cut-text.ts';
import type { Sheet } from '../sheet.ts';

/** Prints sheets as PDF; keeps its fonts from one to the next. */
export type Printer = (sheet: Sheet) => Promise<Buffer>;

// Set a little tighter where that saves a page beyond the second or one with little on it, and no tighter than is easy to read.
const LOOSE: Density = { type: 1, space: 1, lines: 5 };
const TIGHT: Density = { type: 0.94, space: 0.8, lines: 3 };
const GOAL = 2;
const LITTLE = 0.2;
// Of the line at the foot: points for the number of the page, characters of the seller's name.
const PAGES = 70;
const SELLER = 40;

/**
 * A printer: a sheet → a tagged PDF (A4, PDF/UA). The same sheet gives the same bytes, whatever was printed before. The work is
 * bounded by the sheet's own limits.
 */
export function createPrinter(): Printer {
  const fonts = openFonts();
  return async (sheet) => {
    fonts.trim();
    const loose = compose(sheet, fonts, LOOSE);
    const isEmptyNearly = loose.pages > 1 && loose.reached < PAGE.height * LITTLE;
    if (loose.pages <= GOAL && !isEmptyNearly) return finish(loose.paper, fonts, sheet);
    const tight = compose(sheet, fonts, TIGHT);
    return finish(tight.pages < loose.pages ? tight.paper : loose.paper, fonts, sheet);
  };
}

/** `reached`: how far down the last page. */
function compose(
  sheet: Sheet,
  fonts: Fonts,
  density: Density,
): { paper: Paper; pages: number; reached: number } {
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
  return { paper, pages: flow.pages(), reached: flow.y() };
}

function finish(paper: Paper, fonts: Fonts, sheet: Sheet): Promise<Buffer> {
  const { doc } = paper;
  const lay = (parts: string[], width: number): Line[] =>
    layText(
      { fonts, measure: paper.measure },
      parts.map((text) => ({ text, ink: SMALL, apart: true })),
      width,
      { most: 1 },
    );
  const draw = (lines: readonly Line[], x: (width: number) => number, y: number): number => {
    for (const { pieces, width: wide } of lines)
      for (const piece of pieces) {
        doc.font(piece.font, piece.size).fillColor(QUIET);
        doc.text(piece.text, x(wide) + piece.x, y, { lineBreak: false, baseline: 'alphabetic' });
      }
    return lines[0]?.width ?? 0;
  };
  return paper.finish((page, pages) => {
    const y = PAGE.height - 30;
    doc
      .lineWidth(0.75)
      .moveTo(PAGE.left, y - 14)
      .lineTo(PAGE.width - PAGE.right, y - 14)
      .stroke(LINE);
    const frame = [...(sheet.seller === null ? [] : [`for ${cutText(sheet.seller, SELLER)}`]), 'Fieldnote', `as of ${sheet.score.asOf}`]; // prettier-ignore
    const rest = lay(
      frame.flatMap((text) => ['  ·  ', text]),
      COLUMN,
    );
    // The name alone gives way.
    const room = COLUMN - PAGES - (rest[0]?.width ?? 0);
    const taken = draw(lay([sheet.name], room), () => PAGE.left, y);
    draw(rest, () => PAGE.left + taken, y);
    draw(lay([`Page ${page} of ${pages}`], PAGES), (width) => PAGE.width - PAGE.right - width, y);
  });
}
