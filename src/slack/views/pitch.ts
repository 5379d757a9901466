import type { KnownBlock } from '@slack/types';
import { ACTIONS } from './actions.ts';
import {
  actions,
  button,
  context,
  header,
  line,
  link,
  list,
  paragraph,
  rich,
  section,
  text,
} from './blocks.ts';
import { showRecords } from './card.ts';
import { fit } from './fit.ts';
import { cutLine, cutMrkdwn, nameOf } from './text.ts';
import type { CardData, Message } from './types.ts';

type Detail = { points: number; point: number; text: number };
const DETAILS: readonly Detail[] = [
  { points: 6, point: 400, text: 3000 },
  { points: 5, point: 250, text: 1500 },
  { points: 3, point: 150, text: 600 },
];

/** Which pitch it is. */
export type PitchMade = { template: string; version: number };

/** `/pitch`: what to tell the company: key points, what to ask for, the text to send. [n] marks are sources, listed on our page. */
export function showPitch(card: CardData, made: PitchMade | null = null): Message {
  const name = nameOf(card);
  const { pitch } = card;
  if (pitch === null)
    return {
      text: `${cutMrkdwn(name, 80)}: no pitch, it needs a score first`,
      blocks: [
        header(`No pitch for ${name}`),
        section(cutLine(card.why ?? '', 400) || 'A pitch needs a score first.'),
      ],
    };
  return {
    text: `Pitch for ${cutMrkdwn(name, 80)}`,
    blocks: fit(DETAILS, (detail, shortened) => [
      header(`Pitch for ${name}`),
      rich(
        ...list(
          pitch.keyPoints
            .slice(0, detail.points)
            .map((point) => line(text(cutLine(point, detail.point) || '–'))),
        ),
        line(text(cutLine(pitch.callToAction, 500) || '–', 'bold')),
      ),
      ...showText(pitch.text, detail.text),
      actions([...showRecords(card), button('Wrong?', ACTIONS.wrong, { value: card.companyId })]),
      rich(line(link(card.ours, 'Sources of each [number]: in Fieldnote'))),
      context([
        // Names and tokens are as people wrote them.
        ...pitch.edits.map((edit) => cutLine(edit, 150)),
        made === null ? '' : `template ${cutLine(made.template, 40)}, version ${made.version}`,
        'as a PDF in the thread, or in a direct message where the app is no member',
        shortened ? 'shortened: all of it is in Fieldnote' : '',
      ]),
    ]),
  };
}

const LINES = 60;

/** Lines until the text is used up; what is cut ends in "…". */
function showText(content: string, length: number): KnownBlock[] {
  let left = length;
  const lines = content.split('\n', LINES).flatMap((one) => {
    // A few characters and "…" say nothing.
    const shown = left < 20 ? '' : cutLine(one, left);
    left -= shown.length;
    return shown === '' ? [] : [line(text(shown))];
  });
  return lines.length === 0 ? [] : [{ type: 'divider' }, rich(paragraph(lines))];
}
