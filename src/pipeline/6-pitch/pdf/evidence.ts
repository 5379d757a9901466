import { AGAINST, FOR, LINK, QUIET, TRACK } from './colors.ts';
import type { Block, Flow } from './flow.ts';
import { formatPoints } from '../../format.ts';
import { BODY, QUOTE, SMALL, STRONG, markOf } from './inks.ts';
import type { Span } from './lay-text.ts';
import { COLUMN } from './paper.ts';
import type { Sheet, ShownQuote, ShownReason } from '../sheet.ts';

// Points stand in a rail of their own, so that they can be read down.
const RAIL = 52;
const BAR = 38;

/** What the company says of itself, and what the score comes from, in one sentence. */
export function addSummary(flow: Flow, { summary }: Sheet): void {
  const { inOwnWords, sentence } = summary;
  const section = flow.section('In short', 40);
  if (inOwnWords !== null)
    flow.place([quoteBlock(flow, inOwnWords, 11.5, { width: COLUMN, most: 6 })], section);
  flow.place(
    [flow.block([{ text: sentence, ink: BODY }], { width: COLUMN, above: inOwnWords === null ? 0 : 5 })],
    section,
  );
  section.end();
}

/** Each kind of signal with its points and its quotes, strongest first. */
export function addReasons(flow: Flow, sheet: Sheet): void {
  const { reasons, missing, score } = sheet;
  if (reasons.length === 0 && missing.length === 0) return;
  const most = Math.max(...reasons.map(({ points }) => Math.abs(points)), 1);
  const laid = reasons.map((reason) => reasonBlocks(flow, reason, most));
  const bare = reasons.length === 0;
  const section = flow.section(bare ? 'What was looked for' : 'Why this score', laid[0] ?? 20);
  for (const [index, blocks] of laid.entries()) {
    const item = flow.paper.element('Sect', section);
    if (index > 0) flow.skip(7);
    flow.place(blocks, item);
    item.end();
  }
  const notes = [
    ...(sheet.moreReasons === null
      ? []
      : [
          `${sheet.moreReasons.count} more kinds of signals (${formatPoints(sheet.moreReasons.points)} points) stand on the company’s page.`,
        ]),
    ...(score.start === null ? [] : [`Every company starts at ${score.start.toFixed(1)} points.`]),
    ...(missing.length === 0 ? [] : [`Nothing found about: ${missing.join(', ')}.`]),
  ];
  if (notes.length > 0) {
    if (!bare) flow.skip(6);
    flow.place(
      [
        flow.block([{ text: notes.join(' '), ink: bare ? BODY : SMALL }], {
          width: COLUMN,
          indent: bare ? 0 : RAIL,
          most: 5,
        }),
      ],
      section,
    );
  }
  section.end();
}

function reasonBlocks(flow: Flow, reason: ShownReason, most: number): Block[] {
  const color = reason.points < 0 ? AGAINST : FOR;
  const wide = Math.max(1, BAR * Math.min(1, Math.abs(reason.points) / most));
  return [
    flow.block([{ text: reason.label, ink: STRONG }], {
      width: COLUMN,
      tag: 'H3',
      most: 2,
      indent: RAIL,
      rail: [{ text: formatPoints(reason.points), ink: { ...STRONG, color } }],
      ornament: (x, top) => {
        flow.paper.doc.rect(x, top + 15, BAR, 2.5).fill(TRACK);
        flow.paper.doc.rect(x, top + 15, wide, 2.5).fill(color);
      },
    }),
    ...reason.proofs.map((proof) =>
      quoteBlock(flow, proof, QUOTE.size, {
        width: COLUMN,
        indent: RAIL,
        most: 5,
        above: 1,
        tail: noteSpans(proof, proof.points),
      }),
    ),
    ...(reason.more > 0
      ? [
          flow.block(
            [
              {
                text: `and ${reason.more} more ${reason.more === 1 ? 'quote' : 'quotes'} on the company’s page`,
                ink: SMALL,
              },
            ],
            { width: COLUMN, indent: RAIL },
          ),
        ]
      : []),
  ];
}

/** A quote with its mark and what else follows, which stay also where the quote is too long to stand whole. */
export function quoteBlock(
  flow: Flow,
  { quote, source }: ShownQuote,
  size: number,
  options: { width: number; most: number; indent?: number; above?: number; tail?: readonly Span[] },
): Block {
  const ink = { ...QUOTE, size };
  const tail = [{ text: '” ', ink }, markOf(source, size), ...(options.tail ?? [])];
  return flow.block([{ text: `“${quote}`, ink }], { ...options, tag: 'BlockQuote', tail });
}

/** Where a quote stands, as a link that opens the page at it. */
export function noteSpans({ note, href }: ShownQuote, points: number | null): Span[] {
  const ink = { ...SMALL, color: href === null ? QUIET : LINK };
  const link = href === null ? {} : { link: { url: href, label: `The quote on its page: ${note}` } };
  return [
    { text: '  ', ink: SMALL },
    // Kept together: on the line behind the quote, or on the next.
    { text: note, ink, whole: true, ...link },
    ...(points === null ? [] : [{ text: `  ·  ${formatPoints(points)}`, ink: SMALL, whole: true }]),
  ];
}
