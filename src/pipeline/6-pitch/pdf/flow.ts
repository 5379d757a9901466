import { BRAND, INK, LINE } from './colors.ts';
import type { Fonts } from './fonts.ts';
import { layText } from './lay-text.ts';
import type { Line, Span } from './lay-text.ts';
import { PAGE } from './paper.ts';
import type { Element, Paper } from './paper.ts';

/** A paragraph that is ready to be placed. */
export type Block = {
  tag: 'P' | 'H2' | 'H3' | 'BlockQuote' | 'Note' | 'Lbl';
  lines: Line[];
  leading: number;
  /** White space above it; none at the top of a page. */
  above: number;
  /** From the left of its column. */
  indent: number;
  /** Stands in the room that the indent leaves, on the first line; read before it. */
  rail: Line[];
  /** Where the rail stands, and where the lines begin, from the left of the block: on its right where the text runs from there. */
  at: { rail: number; lines: number };
  /** Drawn before it, for the eye; told the top of the block. */
  ornament?: (x: number, top: number) => void;
  /** Its name for links within the document. */
  place?: string;
};

export type Cell = { blocks: Block[]; tag: string };

/** How much lies on a page: 1, or less where two pages would otherwise not do. */
export type Density = {
  type: number;
  space: number;
  /** What is inferred of a role takes at most so many lines a trait. */
  lines: number;
};

export type Flow = {
  paper: Paper;
  density: Density;
  /** The pages so far. */
  pages(): number;
  y(): number;
  skip(points: number): void;
  block(spans: readonly Span[], options: BlockOptions): Block;
  /** A section with its heading and bookmark. `first`: what must stand on the page with the heading, or its height. */
  section(title: string, first: number | readonly Block[]): Element;
  place(blocks: readonly Block[], into: Element, x?: number): void;
  /** Cells side by side, row by row; a row is never parted. */
  grid(cells: readonly Cell[], into: Element, columns: number, gaps: { x: number; y: number }): void;
};

type BlockOptions = {
  width: number;
  tag?: Block['tag'];
  leading?: number;
  above?: number;
  indent?: number;
  rail?: readonly Span[];
  /** The rail stands on the right where the text runs from there. */
  mirrors?: boolean;
  most?: number;
  /** Stands at the end also where the text before it is cut. */
  tail?: readonly Span[];
  place?: string;
  ornament?: Block['ornament'];
};

// Of the size of the type; the tallest of the fonts (Thai, Arabic) still clear the line above.
const LEADING = 1.42;
const ASCENT = 0.98;
const HEADING = 29;

/** Lets text run down the pages from `top`. */
export function startFlow(paper: Paper, fonts: Fonts, top: number, density: Density): Flow {
  let y = top;
  let pages = 1;
  const bottom = PAGE.height - PAGE.bottom;
  const setting = { fonts, measure: paper.measure };
  const turn = (): void => {
    paper.newPage();
    pages += 1;
    y = PAGE.top;
  };
  const isTop = (): boolean => y <= PAGE.top;
  const put = (block: Block, into: Element, x: number, at: number): void => {
    if (block.ornament) paper.decorate(() => block.ornament?.(x, at));
    const element = paper.element(block.tag, into);
    if (block.place !== undefined) paper.doc.addNamedDestination(block.place, 'XYZ', null, at, null);
    const baseline = at + block.leading * (ASCENT / LEADING);
    paper.write(element, block.rail, x + block.at.rail, baseline, block.leading);
    paper.write(element, block.lines, x + block.at.lines, baseline, block.leading);
    element.end();
  };
  const putSplit = (block: Block, into: Element, x: number): void => {
    // One element goes on over the page's end.
    const element = paper.element(block.tag, into);
    if (block.ornament) paper.decorate(() => block.ornament?.(x, y));
    for (const line of block.lines) {
      if (y + block.leading > bottom) turn();
      paper.write(element, [line], x + block.at.lines, y + block.leading * (ASCENT / LEADING), block.leading);
      y += block.leading;
    }
    element.end();
  };
  const flow: Flow = {
    paper,
    density,
    pages: () => pages,
    y: () => y,
    skip: (points) => {
      y += points * density.space;
    },
    block: (spans, options) => {
      const scale = (each: readonly Span[]): Span[] =>
        each.map((span) => ({ ...span, ink: { ...span.ink, size: span.ink.size * density.type } }));
      const scaled = scale(spans);
      const size = Math.max(...scaled.map(({ ink }) => ink.size), 1);
      const {
        width,
        tag = 'P',
        leading = LEADING,
        above = 0,
        indent = 0,
        rail = [],
        mirrors = false,
        most,
        tail = [],
      } = options;
      const lines = layText(setting, scaled, width - indent, { most, tail: scale(tail) });
      const railed = layText(setting, scale(rail), indent, { most: 1 });
      const [first] = lines;
      const isMirrored = mirrors && first !== undefined && first.fromRight;
      return {
        tag,
        lines,
        leading: size * leading,
        above: above * density.space,
        indent,
        rail: railed,
        at: isMirrored ? { rail: width - (railed[0]?.width ?? 0), lines: 0 } : { rail: 0, lines: indent },
        ...(options.place === undefined ? {} : { place: options.place }),
        ...(options.ornament === undefined ? {} : { ornament: options.ornament }),
      };
    },
    section: (title, first) => {
      // What is taller is parted.
      const needs = typeof first === 'number' ? first : Math.min(heightOf(first), (bottom - PAGE.top) / 3);
      if (y + (HEADING + 16) * density.space + needs > bottom) turn();
      if (!isTop()) y += 16 * density.space;
      const section = paper.element('Sect');
      const top = y;
      paper.bookmark(title, top - 8);
      paper.decorate(() =>
        paper.doc
          .lineWidth(0.75)
          .moveTo(PAGE.left, top)
          .lineTo(PAGE.width - PAGE.right, top)
          .stroke(LINE)
          .lineWidth(1.5)
          .moveTo(PAGE.left, top)
          .lineTo(PAGE.left + 44, top)
          .stroke(BRAND),
      );
      const heading = flow.block([{ text: title, ink: { face: 'serif-bold', size: 13, color: INK } }], {
        width: 400,
        tag: 'H2',
      });
      put(heading, section, PAGE.left, y + 5 * density.space);
      y += HEADING * density.space;
      return section;
    },
    place: (blocks, into, x = PAGE.left) => {
      const height = heightOf(blocks);
      const page = bottom - PAGE.top;
      if (y + height > bottom && height < page / 3 && !isTop()) turn();
      for (const block of blocks) {
        const tall = block.lines.length * block.leading;
        if (!isTop()) y += block.above;
        // Two lines at least stay together.
        if (y + Math.min(tall, block.leading * 2) > bottom) turn();
        if (y + tall > bottom) putSplit(block, into, x);
        else {
          put(block, into, x, y);
          y += tall;
        }
      }
    },
    grid: (cells, into, columns, gaps) => {
      const width = (PAGE.width - PAGE.left - PAGE.right - gaps.x * (columns - 1)) / columns;
      for (let first = 0; first < cells.length; first += columns) {
        const row = cells.slice(first, first + columns);
        const height = heightOfRow(row, columns);
        if (first > 0) y += gaps.y * density.space;
        if (y + height > bottom && !isTop()) turn();
        for (const [index, cell] of row.entries()) {
          const element = paper.element(cell.tag, into);
          let at = y;
          for (const block of cell.blocks) {
            at += block.above;
            put(block, element, PAGE.left + index * (width + gaps.x), at);
            at += block.lines.length * block.leading;
          }
          element.end();
        }
        y += height;
      }
    },
  };
  return flow;
}

/** What blocks take in height, one below the other. */
export function heightOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, { lines, leading, above }) => sum + above + lines.length * leading, 0);
}

/** The height of a grid's first row. */
export function heightOfRow(cells: readonly Cell[], columns: number): number {
  return Math.max(0, ...cells.slice(0, columns).map(({ blocks }) => heightOf(blocks)));
}

/** The width of a cell of a grid. */
export function cellWidth(columns: number, gap: number): number {
  return (PAGE.width - PAGE.left - PAGE.right - gap * (columns - 1)) / columns;
}
