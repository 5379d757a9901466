import { BRAND, INK, LINK, QUIET, TRACK, WASH, colorOfBand } from './colors.ts';
import type { Fonts } from './fonts.ts';
import { layText } from './lay-text.ts';
import type { Line, Span } from './lay-text.ts';
import { PAGE } from './paper.ts';
import type { Paper } from './paper.ts';
import type { Sheet } from '../sheet.ts';

const DIAL = { x: PAGE.width - PAGE.right - 44, y: 84, radius: 40, stroke: 8 } as const;
const TEXT_WIDTH = DIAL.x - 78 - PAGE.left;
const LEAST_HEIGHT = 146;
// A name takes the largest of these at which its lines hold it.
const NAME_SIZES = [
  { size: 25, most: 2 },
  { size: 20, most: 2 },
  { size: 16, most: 2 },
  { size: 13.5, most: 3 },
];
const SMALLEST = { size: 13.5, most: 3 };

/** The head of the first page: the company's name, what is known of it, the dial. Returns where the text may begin. */
export function drawHeader(paper: Paper, fonts: Fonts, sheet: Sheet): number {
  const lay = (spans: Span[], most: number): Line[] =>
    layText({ fonts, measure: paper.measure }, spans, TEXT_WIDTH, { most });
  const small = { face: 'sans', size: 9, color: QUIET } as const;
  const { size, most } =
    NAME_SIZES.find((each) => lay([nameSpan(sheet.name, each.size)], each.most + 1).length <= each.most) ??
    SMALLEST;
  const name = lay([nameSpan(sheet.name, size)], most);
  const facts = lay(describeFacts(sheet), 2);
  const frame = lay(
    [
      ...(sheet.seller === null
        ? []
        : [
            { text: 'Prepared for ', ink: small },
            { text: sheet.seller, ink: small, apart: true },
            { text: '  ·  ', ink: small },
          ]),
      { text: `as of ${sheet.score.asOf}`, ink: small },
    ],
    1,
  );
  const nameTop = 62;
  const factsTop = nameTop + name.length * size * 1.2 + 8;
  const frameTop = factsTop + facts.length * 13.5 + 3;
  const height = Math.max(LEAST_HEIGHT, frameTop + 13.5 + 14);

  paper.decorate(() => {
    paper.doc.rect(0, 0, PAGE.width, height).fill(WASH);
    paper.doc.rect(0, 0, PAGE.width, 5).fill(BRAND);
    drawMark(paper, PAGE.left, 29);
  });
  const over = paper.element('P');
  const overline = lay(
    [
      { text: 'Fieldnote', ink: { face: 'sans-bold', size: 9, color: BRAND } },
      { text: '  ·  pitch', ink: small },
    ],
    1,
  );
  paper.write(over, overline, PAGE.left + 18, 40, 12);
  over.end();
  const title = paper.element('H1');
  paper.write(title, name, PAGE.left, nameTop + size * 0.8, size * 1.2);
  title.end();
  for (const [lines, top] of [
    [facts, factsTop],
    [frame, frameTop],
  ] as const) {
    const line = paper.element('P');
    paper.write(line, lines, PAGE.left, top + 9, 13.5);
    line.end();
  }
  drawDial(paper, fonts, sheet.score);
  return height;
}

const nameSpan = (name: string, size: number): Span => ({
  text: name,
  ink: { face: 'serif-bold', size, color: INK },
  apart: true,
});

function describeFacts({ domain, website, facts }: Sheet): Span[] {
  const ink = { face: 'sans', size: 9.5, color: INK } as const;
  const link = website === null ? {} : { link: { url: website, label: `${domain} on the web` } };
  return [
    { text: domain, ink: { ...ink, color: website === null ? INK : LINK }, ...link },
    ...facts.flatMap((fact) => [
      { text: '  ·  ', ink },
      { text: fact, ink, apart: true, whole: true },
    ]),
  ];
}

/** The notebook of the pages' frame, 13 points high. */
function drawMark({ doc }: Paper, x: number, y: number): void {
  doc.save();
  doc.translate(x, y).scale(0.58);
  doc.roundedRect(0, 0, 16, 20, 3).fill(BRAND);
  doc.lineWidth(1.4).moveTo(4, 0).lineTo(4, 20).stroke('#8fa89f');
  doc.lineWidth(1.7).lineCap('round').lineJoin('round').path('M7 14.5 9.4 10l2 2.4L13.6 6').stroke('#f6f4ee');
  doc.restore();
}

/** Three quarters of a circle, filled as far as the score goes. Missing is not zero: without a score it stays empty. */
function drawDial(paper: Paper, fonts: Fonts, score: Sheet['score']): void {
  const { value, band } = score;
  const sure = `${Math.round(score.confidence * 100)} % sure`;
  const alt =
    value === null
      ? 'No score: not enough evidence'
      : `Score ${value.toFixed(1)} of 100, band ${band ?? 'none'}, ${sure}`;
  const { x, y, radius, stroke } = DIAL;
  const edge = radius + stroke;
  const figure = paper.element('Figure', paper.root, {
    alt,
    bbox: [x - edge, y - edge, x + edge, y + edge + 16],
  });
  const color = colorOfBand(band);
  const lines: [
    text: string,
    face: 'serif-bold' | 'sans-bold' | 'sans',
    size: number,
    color: string,
    at: number,
  ][] =
    value === null
      ? [
          ['–', 'serif-bold', 24, QUIET, 4],
          ['no score', 'sans-bold', 8.5, QUIET, 22],
        ]
      : [
          [value.toFixed(1), 'serif-bold', 22, INK, 5],
          [`band ${band ?? '–'}`, 'sans-bold', 9.5, color, 22],
          [sure, 'sans', 8.5, QUIET, 46],
        ];
  figure.add(() => {
    const { doc } = paper;
    doc.save();
    doc.lineWidth(stroke).lineCap('round');
    doc.path(arc(1)).stroke(TRACK);
    if (value !== null && value > 0) doc.path(arc(Math.min(1, value / 100))).stroke(color);
    doc.restore();
    for (const [text, face, size, ink, at] of lines)
      for (const { pieces, width } of layText(
        { fonts, measure: paper.measure },
        [{ text, ink: { face, size, color: ink } }],
        120,
        { most: 1 },
      ))
        for (const piece of pieces) {
          doc.font(piece.font, size).fillColor(ink);
          doc.text(piece.text, x - width / 2 + piece.x, y + at, { lineBreak: false, baseline: 'alphabetic' });
        }
  });
  figure.end();
}

/** From half past seven clockwise; `part` of three quarters of the way round. */
function arc(part: number): string {
  const { x, y, radius } = DIAL;
  const at = (turn: number): string => {
    const angle = ((135 + 270 * turn) * Math.PI) / 180;
    return `${(x + radius * Math.cos(angle)).toFixed(3)} ${(y + radius * Math.sin(angle)).toFixed(3)}`;
  };
  return `M ${at(0)} A ${radius} ${radius} 0 ${part > 2 / 3 ? 1 : 0} 1 ${at(part)}`;
}
