import PDFDocument from 'pdfkit';
import type { Fonts } from './fonts.ts';
import type { Line, Link, Measure, Piece } from './lay-text.ts';

export type Element = PDFKit.PDFStructureElement;

/** Points; A4 is 210 × 297 mm. */
export const PAGE = { width: 595.28, height: 841.89, left: 48, right: 48, top: 58, bottom: 56 } as const;
export const COLUMN = PAGE.width - PAGE.left - PAGE.right;

export type PaperInfo = { title: string; subject: string; author: string; made: Date; lang: string };

/** A tagged document: everything on it either belongs to an element of its structure or is marked as decoration. */
export type Paper = {
  doc: PDFKit.PDFDocument;
  measure: Measure;
  /** The element that all others lie in. */
  root: Element;
  /** A new element within `parent`, the document unless told. */
  element(tag: string, parent?: Element, options?: PDFKit.Mixins.StructureElementOptions): Element;
  /** Lines of text into an element; `y` is the first baseline. */
  write(into: Element, lines: readonly Line[], x: number, y: number, leading: number): void;
  /** What is there for the eye alone. */
  decorate(draw: () => void): void;
  bookmark(title: string, y: number): void;
  newPage(): void;
  /** Draws on every page, now that their number is known; then closes the document and gives its bytes. */
  finish(footer: (page: number, pages: number) => void): Promise<Buffer>;
};

/** Opens a document with its first page. */
export function openPaper(fonts: Fonts, info: PaperInfo): Paper {
  const doc = new PDFDocument({
    size: [PAGE.width, PAGE.height],
    margins: { left: 0, right: 0, top: 0, bottom: 0 },
    bufferPages: true,
    pdfVersion: '1.7',
    subset: 'PDF/UA',
    tagged: true,
    lang: info.lang,
    displayTitle: true,
    // Without a name pdfkit opens none of its own fonts, which could not be embedded.
    font: '',
    info: {
      Title: info.title,
      Subject: info.subject,
      Author: info.author,
      Creator: 'Fieldnote',
      Producer: 'Fieldnote',
      CreationDate: info.made,
      ModDate: info.made,
    },
  });
  escapeMetadata(doc);
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const registered = new Set<string>();
  const choose = (name: Piece['font'], size: number): void => {
    if (registered.has(name)) {
      doc.font(name, size);
      return;
    }
    registered.add(name);
    doc.registerFont(name, fonts.fontOf(name)).font(name, size);
    const opened: unknown = Reflect.get(doc, '_font');
    if (typeof opened === 'object' && opened !== null) rememberShapes(opened, fonts.shapedOf(name));
  };
  const root = doc.struct('Document');
  doc.addStructure(root);

  const drawPiece = (piece: Piece, x: number, y: number): void => {
    choose(piece.font, piece.size);
    doc.fillColor(piece.color);
    doc.text(piece.text, x + piece.x, y, {
      lineBreak: false,
      baseline: 'alphabetic',
      ...features(piece.rightToLeft),
    });
  };
  const drawText = (into: Element, pieces: readonly Piece[], x: number, y: number): void => {
    for (const piece of pieces)
      if (piece.read === null) into.add(() => drawPiece(piece, x, y));
      else {
        // Its glyphs lie from left to right; who hears it hears it in its own order.
        const element = doc.struct('Span', { actual: piece.read });
        into.add(element);
        element.add(() => drawPiece(piece, x, y));
        element.end();
      }
  };
  const drawLink = (into: Element, link: Link, pieces: readonly Piece[], x: number, y: number): void => {
    const element = doc.struct('Link', { alt: link.label });
    into.add(element);
    element.add(() => pieces.forEach((piece) => drawPiece(piece, x, y)));
    const left = Math.min(...pieces.map((piece) => piece.x));
    const right = Math.max(...pieces.map((piece) => piece.x + piece.width));
    const size = Math.max(...pieces.map((piece) => piece.size));
    const box = [x + left, y - size, right - left, size * 1.25] as const;
    const options = { structParent: element };
    if ('url' in link) doc.link(...box, link.url, options);
    else doc.goTo(...box, link.place, options);
    // Ended while its page is the current one: the library writes that page into the element.
    element.end();
  };

  return {
    doc,
    root,
    measure: (name, size, text, rightToLeft) => {
      choose(name, size);
      return doc.widthOfString(text, features(rightToLeft));
    },
    element: (tag, parent = root, options = {}) => {
      const element = doc.struct(tag, options);
      parent.add(element);
      return element;
    },
    write: (into, lines, x, y, leading) => {
      for (const [index, line] of lines.entries())
        for (const group of groupByLink(line.pieces)) {
          const link = group[0]?.link ?? null;
          const baseline = y + index * leading;
          if (link !== null) drawLink(into, link, group, x, baseline);
          else drawText(into, group, x, baseline);
        }
    },
    decorate: (draw) => {
      doc.markContent('Artifact', { type: 'Layout' });
      doc.save();
      draw();
      doc.restore();
      doc.endMarkedContent();
    },
    bookmark: (title, y) => {
      const { start, count } = doc.bufferedPageRange();
      // The library counts `left` from the right edge.
      doc.outline.addItem(title, { pageNumber: start + count - 1, top: Math.max(0, y), left: PAGE.width });
    },
    newPage: () => void doc.addPage(),
    finish: async (footer) => {
      const { start, count } = doc.bufferedPageRange();
      for (let page = 0; page < count; page += 1) {
        doc.switchToPage(start + page);
        doc.markContent('Artifact', { type: 'Pagination' });
        footer(page + 1, count);
        doc.endMarkedContent();
      }
      root.end();
      const ended = new Promise<void>((resolve, reject) => {
        doc.once('end', resolve);
        doc.once('error', reject);
      });
      doc.end();
      await ended;
      return Buffer.concat(chunks);
    },
  };
}

// Any list of features, an empty one too, makes the library lay out a piece as a whole. Else it does so word by word, from the left.
const features = (rightToLeft: boolean): { features?: [] } => (rightToLeft ? { features: [] } : {});

/** The library keeps words that it shaped; pieces from the right, which it lays out as a whole, are kept beside them. */
function rememberShapes(font: object, shaped: Record<string, unknown>): void {
  Reflect.set(font, 'layoutCache', shaped);
  const shape: unknown = Reflect.get(font, 'layoutRun');
  if (typeof shape !== 'function') throw new Error('pdfkit shapes text in another way than before');
  Reflect.set(font, 'layoutRun', (text: string, ...rest: unknown[]): unknown => {
    // No word has a space within.
    const key = `from the right ${text}`;
    const known = rest[0] === undefined ? undefined : shaped[key];
    if (known !== undefined) return known;
    const run: unknown = Reflect.apply(shape, font, [text, ...rest]);
    if (rest[0] !== undefined) shaped[key] = run;
    return run;
  });
}

function groupByLink(pieces: readonly Piece[]): Piece[][] {
  const groups: Piece[][] = [];
  for (const piece of pieces) {
    const last = groups.at(-1);
    if (last !== undefined && last[0]?.link === piece.link) last.push(piece);
    else groups.push([piece]);
  }
  return groups;
}

/** pdfkit 0.20 writes the title into the XML of the metadata as it is: "R&D <Ltd>" would break it. */
function escapeMetadata(doc: PDFKit.PDFDocument): void {
  const endMetadata = doc.endMetadata.bind(doc);
  doc.endMetadata = () => {
    const escape = (text: string | undefined): string =>
      (text ?? '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
    // By now the document's own dictionary is written.
    const { Title, Subject, Author } = doc.info;
    doc.info = { ...doc.info, Title: escape(Title), Subject: escape(Subject), Author: escape(Author) };
    endMetadata();
  };
}
