import { BRAND } from './colors.ts';
import { cellWidth, heightOf, heightOfRow } from './flow.ts';
import type { Block, Cell, Flow } from './flow.ts';
import { noteSpans, quoteBlock } from './evidence.ts';
import { BODY, SMALL, STRONG } from './inks.ts';
import { COLUMN } from './paper.ts';
import type { Sheet, ShownPersona } from '../sheet.ts';

const GAP = { x: 20, y: 10 };
const RIVALS_A_ROW = 2;

/** The buyer roles side by side: who fills them in the CRM, and what is inferred of them. */
export function addPersonas(flow: Flow, { personas }: Sheet): void {
  if (personas.length === 0) return;
  // One alone needs no whole line.
  const columns = Math.max(2, personas.length);
  const width = cellWidth(columns, GAP.x);
  const cells = personas.map((persona): Cell => ({
    tag: 'Sect',
    blocks: personaBlocks(flow, persona, width),
  }));
  const text =
    'Names are people of your CRM. Pains, motives, style and what decides are inferred from the role, not from a source.';
  const note = flow.block([{ text, ink: SMALL }], { width: COLUMN });
  const section = flow.section('Whom to talk to', heightOf([note]) + heightOfRow(cells, columns) + 8);
  flow.place([note], section);
  flow.skip(5);
  flow.grid(cells, section, columns, GAP);
  section.end();
}

function personaBlocks(flow: Flow, { title, contacts, traits }: ShownPersona, width: number): Block[] {
  const name = { ...STRONG, size: 8.6, color: BRAND };
  const role = { ...SMALL, size: 8 };
  const people = contacts.map((contact) => [
    { text: contact.name, ink: name, apart: true },
    ...(contact.title === ''
      ? []
      : [
          { text: ', ', ink: role },
          { text: contact.title, ink: role, apart: true },
        ]),
  ]);
  const nobody = [{ text: 'Nobody with this role is in your CRM.', ink: SMALL }];
  return [
    flow.block([{ text: title, ink: { ...STRONG, size: 9.6 }, apart: true }], { width, tag: 'H3', most: 2 }),
    ...(people.length === 0 ? [nobody] : people).map((spans) =>
      flow.block(spans, { width, above: 1, most: 3 }),
    ),
    ...traits.map(({ label, text }) =>
      flow.block(
        [
          { text: `${label}  `, ink: SMALL },
          { text, ink: { ...BODY, size: 8.4 } },
        ],
        { width, above: 3, most: 5 },
      ),
    ),
  ];
}

/** Rivals two by two, each with the sentence that names it. */
export function addCompetitors(flow: Flow, { competitors, moreCompetitors }: Sheet): void {
  if (competitors.length === 0) return;
  const columns = Math.min(competitors.length, RIVALS_A_ROW);
  const width = cellWidth(columns, GAP.x);
  const cells = competitors.map((competitor): Cell => ({
    tag: 'Sect',
    blocks: [
      flow.block([{ text: competitor.name, ink: STRONG }], { width, tag: 'H3', most: 2 }),
      quoteBlock(flow, competitor, 9.2, { width, most: 5, tail: noteSpans(competitor, null) }),
    ],
  }));
  const section = flow.section('Competitors', heightOfRow(cells, columns));
  flow.grid(cells, section, columns, GAP);
  if (moreCompetitors > 0) {
    flow.skip(4);
    flow.place(
      [
        flow.block([{ text: `and ${moreCompetitors} more on the company’s page`, ink: SMALL }], {
          width: COLUMN,
        }),
      ],
      section,
    );
  }
  section.end();
}
