import { ACTIONS } from './actions.ts';
import { actions, button, line, paragraph, rich, text } from './blocks.ts';
import { cutLine, cutMrkdwn } from './text.ts';
import type { Message, ProblemData } from './types.ts';

const UNKNOWN = 'Something did not work, and nothing says what.';

/** What did not work, and the one thing that would fix it. */
export function showProblem({ what, fix, companyId }: ProblemData): Message {
  const problem = cutLine(what, 600) || UNKNOWN;
  const remedy = fix === undefined ? '' : cutLine(fix, 600);
  return {
    // Slack refuses a message without text, and of a word that is all formatting marks the text shows none.
    text: cutMrkdwn(remedy === '' ? problem : `${problem} ${remedy}`, 600) || UNKNOWN,
    blocks: [
      rich(paragraph([line(text(`⚠ ${problem}`, 'bold')), ...(remedy === '' ? [] : [line(text(remedy))])])),
      ...(companyId === undefined
        ? []
        : [actions([button('Try again', ACTIONS.refresh, { value: companyId })])]),
    ],
  };
}
