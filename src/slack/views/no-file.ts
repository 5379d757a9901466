import { ACTIONS } from './actions.ts';
import { actions, linkButton } from './blocks.ts';
import { showProblem } from './problem.ts';
import type { Message } from './types.ts';

/** Slack did not take a pitch's PDF: why, and where it is instead. */
export function showNoFile(file: { name: string; why: string; fix: string | null; url: string }): Message {
  const { text, blocks } = showProblem({
    what: `Slack did not take the PDF of the pitch for ${file.name}: ${file.why}`,
    fix: `${file.fix ?? ''} It can be opened in Fieldnote.`.trim(),
  });
  const open = linkButton('Open the PDF', ACTIONS.openPage, file.url);
  return { text, blocks: [...blocks, ...(open.length === 0 ? [] : [actions(open)])] };
}
