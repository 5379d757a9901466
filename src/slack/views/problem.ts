import { ACTIONS } from './actions.ts';
import { actions, button, line, paragraph, rich, text } from './blocks.ts';
import { cutLine, cutMrkdwn } from './text.ts';
import type { Message, ProblemData } from './types.ts';

/** What did not work, and the one thing that would fix it. */
export function showProblem({ what, fix, companyId }: ProblemData): Message {
  const problem = cutLine(what, 600) || 'Something did not work, and nothing says what.';
  const remedy = fix === undefined ? '' : cutLine(fix, 600);
  return {
    text: cutMrkdwn(remedy === '' ? problem : `${problem} ${remedy}`, 600),
    blocks: [
      rich(paragraph([line(text(`⚠ ${problem}`, 'bold')), ...(remedy === '' ? [] : [line(text(remedy))])])),
      ...(companyId === undefined
        ? []
        : [actions([button('Try again', ACTIONS.refresh, { value: companyId })])]),
    ],
  };
}
