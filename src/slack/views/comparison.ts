import type { KnownBlock, RichTextSection } from '@slack/types';
import { formatPoints } from '../../pipeline/format.ts';
import { ACTIONS } from './actions.ts';
import { actions, button, context, header, line, link, list, rich, text } from './blocks.ts';
import { describeDifference, findDifferences } from './differences.ts';
import { fit } from './fit.ts';
import { findSteps, pickSteps, showSource } from './reasons.ts';
import type { Step } from './reasons.ts';
import { describeConfidence, describeScore, describeTrend } from './standing.ts';
import { count, cutLine, cutMrkdwn, nameOf } from './text.ts';
import type { CardData, Message } from './types.ts';

const MOST = 10;

type Detail = { reasons: number; quote: number; differences: number; link: number; words: number };
const DETAILS: readonly Detail[] = [
  { reasons: 3, quote: 120, differences: 6, link: 1000, words: 60 },
  { reasons: 2, quote: 100, differences: 5, link: 500, words: 60 },
  { reasons: 2, quote: 60, differences: 4, link: 300, words: 60 },
  { reasons: 1, quote: 60, differences: 3, link: 200, words: 40 },
  { reasons: 1, quote: 0, differences: 2, link: 150, words: 30 },
];

/** Two to ten companies side by side, the best score first: standing, strongest reasons, what differs. */
export function showComparison(cards: readonly CardData[]): Message {
  const ranked = cards.toSorted((a, b) => (b.score ?? -1) - (a.score ?? -1)).slice(0, MOST);
  const names = ranked.map(
    (card) => `${cutMrkdwn(nameOf(card, 40), 40)} ${card.score?.toFixed(1) ?? 'no score'}`,
  );
  const hidden = cards.length - ranked.length;
  return {
    text: `Compared: ${names.join(', ')}`,
    blocks: fit(DETAILS, (detail, shortened) => [
      header(`${count(ranked.length, 'company', 'companies')} side by side`),
      ...ranked.map((card) => showOne(card, detail)),
      ...showDifferences(ranked, detail),
      actions(
        ranked.map((card, number) =>
          button(nameOf(card, Math.min(40, detail.words)), ACTIONS.showCard, {
            value: card.companyId,
            number,
          }),
        ),
      ),
      ...showNotes(hidden, shortened),
    ]),
  };
}

function showOne(card: CardData, detail: Detail): KnownBlock {
  const facts = [
    card.score === null
      ? cutLine(card.why ?? 'not enough evidence', 2 * detail.words)
      : describeConfidence(card.confidence),
    describeTrend(card.trend, ''),
    card.inCrm ? '' : 'in no CRM of yours',
    card.stale ? 'out of date' : '',
  ];
  const steps = pickSteps(findSteps(card.reasons), detail.reasons);
  return rich(
    line(
      text(`${describeScore(card)}  `, 'bold'),
      { ...link(card.ours, nameOf(card, detail.words), detail.link), style: { bold: true } },
      text(`  ${facts.filter((fact) => fact !== '').join(' · ')}`),
    ),
    ...list(steps.map((step) => showReason(step, detail))),
  );
}

function showReason(step: Step, detail: Detail): RichTextSection {
  const claim = text(`${formatPoints(step.points)}  ${cutLine(step.label, detail.words)}`);
  if (detail.quote === 0) return line(claim);
  return line(
    claim,
    text(`: “${cutLine(step.best.quote, detail.quote)}” `),
    ...showSource(step.best, detail.link),
  );
}

function showDifferences(cards: readonly CardData[], detail: Detail): KnownBlock[] {
  const differences = findDifferences(cards).slice(0, detail.differences);
  const lines = differences.map((difference) =>
    line(
      text(`${cutLine(difference.label, detail.words)}: `, 'bold'),
      text(describeDifference(difference, 4)),
    ),
  );
  const none = line(text('Nothing that was found tells them apart.'));
  return [
    { type: 'divider' },
    rich(line(text('What differs most', 'bold')), ...(lines.length > 0 ? list(lines) : [none])),
  ];
}

function showNotes(hidden: number, shortened: boolean): KnownBlock[] {
  const notes = [
    hidden > 0 ? `${hidden} more were left out: ${MOST} fit side by side` : '',
    shortened ? 'shortened: all of it is in Fieldnote' : '',
  ].filter((note) => note !== '');
  return notes.length > 0 ? [context(notes)] : [];
}
