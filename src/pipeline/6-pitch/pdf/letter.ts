import { BRAND, LINK, WASH } from './colors.ts';
import { cellWidth } from './flow.ts';
import type { Block, Cell, Flow } from './flow.ts';
import { BODY, SMALL, STRONG, placeOf, spanMarks } from './inks.ts';
import type { Span } from './lay-text.ts';
import { COLUMN, PAGE } from './paper.ts';
import type { Sheet, ShownPart } from '../sheet.ts';

const GAP = { x: 20, y: 4 };
const BULLET = 10;
const BOX = { padding: 11, radius: 5 };

/** The pitch as it was written, its marks linked to the sources. */
export function addPitch(flow: Flow, { pitch, sources }: Sheet): void {
  if (pitch === null) return;
  const numbers = new Set(sources.map(({ number }) => number));
  const [first, ...rest] = pitch.parts;
  const parts = [
    ...(first === undefined ? [] : [{ ...partBlock(flow, first, numbers), above: 0 }]),
    ...rest.map((part) => partBlock(flow, part, numbers)),
  ];
  const section = flow.section('The pitch', parts.slice(0, 2));
  for (const part of parts.slice(0, -1)) flow.place([part], section);
  const note = pitch.shortened
    ? `Shortened: all of it stands on the company’s page · ${pitch.note}`
    : pitch.note;
  // What it was made with does not stand alone on the next page.
  flow.place(
    [...parts.slice(-1), flow.block([{ text: note, ink: SMALL }], { width: COLUMN, above: 5, most: 2 })],
    section,
  );
  section.end();
}

function partBlock(flow: Flow, { kind, text, joined }: ShownPart, numbers: ReadonlySet<number>): Block {
  const spans = spanMarks(text, kind === 'head' ? STRONG : BODY, numbers);
  const above = joined ? 1 : kind === 'head' ? 7 : 5;
  if (kind === 'head' || kind === 'text') return flow.block(spans, { width: COLUMN, above });
  const rail: Span[] = kind === 'item' ? [{ text: '•', ink: { ...BODY, color: BRAND } }] : [];
  return flow.block(spans, { width: COLUMN, above, indent: BULLET, rail, mirrors: true });
}

/** What to do next, set apart: the one thing that a hurried reader should see. */
export function addNextStep(flow: Flow, { pitch, sources }: Sheet): void {
  if (pitch === null || pitch.callToAction === '') return;
  const numbers = new Set(sources.map(({ number }) => number));
  const ink = { ...STRONG, size: 9.6 };
  const inner = COLUMN - BOX.padding * 2;
  const text = flow.block(spanMarks(pitch.callToAction, ink, numbers), { width: inner, most: 8 });
  const height = text.lines.length * text.leading + BOX.padding * 2;
  const section = flow.section('Next step', height);
  const boxed: Block = {
    ...text,
    ornament: (_x, top) => {
      const { doc } = flow.paper;
      doc.roundedRect(PAGE.left, top - BOX.padding, COLUMN, height, BOX.radius).fill(WASH);
      doc.rect(PAGE.left, top - BOX.padding, 3, height).fill(BRAND);
    },
    indent: BOX.padding + 3,
    at: { rail: 0, lines: BOX.padding + 3 },
  };
  flow.skip(BOX.padding / flow.density.space);
  flow.place([boxed], section);
  flow.skip(BOX.padding / flow.density.space);
  section.end();
}

/** Every source that a mark leads to, with its address and days, in two columns. */
export function addSources(flow: Flow, { sources, page }: Sheet): void {
  if (sources.length === 0) return;
  const section = flow.section('Sources', 40);
  const width = cellWidth(2, GAP.x);
  const list = flow.paper.element('L', section);
  const cells = sources.map(({ number, title, where, href, note }): Cell => {
    const link = href === null ? {} : { link: { url: href, label: `Source ${number}: ${title}` } };
    const rail: Span[] = [{ text: `[${number}]`, ink: { ...SMALL, face: 'sans-bold' } }];
    return {
      tag: 'LI',
      blocks: [
        flow.block([{ text: title, ink: { ...SMALL, size: 8, color: BODY.color }, apart: true, ...link }], {
          width,
          indent: 20,
          rail,
          most: 2,
          place: placeOf(number),
        }),
        flow.block([{ text: title === where ? note : `${where} · ${note}`, ink: { ...SMALL, size: 7 } }], {
          width,
          indent: 20,
          most: 2,
        }),
      ],
    };
  });
  flow.grid(cells, list, 2, GAP);
  list.end();
  const more: Span[] =
    page === null
      ? []
      : [
          { text: ' ', ink: SMALL },
          {
            text: 'The company’s page',
            ink: { ...SMALL, color: LINK },
            link: { url: page, label: 'The company’s page in Fieldnote' },
          },
          { text: ' holds all of it.', ink: SMALL },
        ];
  flow.skip(7);
  flow.place(
    [
      flow.block(
        [
          {
            text: 'Every quote was found word for word in the source that its number names, when it was read.',
            ink: SMALL,
          },
          ...more,
        ],
        { width: COLUMN },
      ),
    ],
    section,
  );
  section.end();
}
