import { formatPoints } from '../../pipeline/format.ts';
import { ACTIONS } from './actions.ts';
import { actions, button, context, header, line, link, rich } from './blocks.ts';
import { describeStanding, showRecords } from './card.ts';
import { fit } from './fit.ts';
import { findSteps, showStep } from './reasons.ts';
import { describeCompany, describeScore } from './standing.ts';
import { cutMrkdwn, nameOf } from './text.ts';
import type { AlertData, Message } from './types.ts';

const DETAILS = [
  { quote: 280, link: 2000 },
  { quote: 200, link: 500 },
];

/** A company that moved: from where to where, the strongest reason, and what to do about it. */
export function showAlert({ card, before, channelId = null }: AlertData): Message {
  const [strongest] = findSteps(card.reasons);
  const value = card.companyId;
  const moved = describeMove(card, before);
  return {
    text: `${cutMrkdwn(nameOf(card), 80)}: ${moved}`,
    blocks: fit(DETAILS, (detail) => [
      header(describeCompany(card)),
      // The trend is the move itself, which the first part tells.
      context([moved, ...describeStanding({ ...card, trend: null })]),
      ...(strongest === undefined ? [] : [rich(...showStep(strongest, detail))]),
      rich(line(link(card.ours, 'Every reason in Fieldnote', detail.link))),
      actions([
        button('Show the card', ACTIONS.showCard, { value, style: 'primary' }),
        ...showRecords(card),
        ...(channelId === null ? [] : [button('Pitch', ACTIONS.pitch, { value })]),
        button('Wrong?', ACTIONS.wrong, { value }),
        ...(card.watched === true ? [button('Stop watching', ACTIONS.unwatch, { value })] : []),
        ...(channelId === null
          ? []
          : [button('Change these alerts', ACTIONS.channelAlerts, { value: channelId })]),
      ]),
    ]),
  };
}

/** "+12.0, was 🟡 45.0 C". */
export function describeMove(
  now: { score: number | null; band: string | null },
  before: AlertData['before'],
): string {
  if (now.score === null) return 'no score any more: not enough evidence';
  if (before === null) return `first score: ${describeScore(now)}`;
  const points = Math.round((now.score - before.score) * 10) / 10;
  return `${formatPoints(points)}, was ${describeScore(before)}`;
}
