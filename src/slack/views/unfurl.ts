import { ACTIONS } from './actions.ts';
import { actions, button, context, section } from './blocks.ts';
import { describeStanding } from './card.ts';
import { findSteps } from './reasons.ts';
import { describeCompany } from './standing.ts';
import { cutLine } from './text.ts';
import type { CardData, Unfurl } from './types.ts';

/** A link to our page in a conversation → the score below it. All plain text: others read along who didn't ask. */
export function showUnfurl(card: CardData): Unfurl {
  const [strongest] = findSteps(card.reasons);
  const why = card.score === null ? (card.why ?? '') : (strongest?.label ?? '');
  // Whose book it stands in and what it did since they looked concerns one person, not the channel.
  const standing = describeStanding({ ...card, rank: null, trend: null });
  return {
    blocks: [
      section(describeCompany(card)),
      context([cutLine(why, 200), ...standing]),
      actions([button('Show the card', ACTIONS.showCard, { value: card.companyId })]),
    ],
  };
}
