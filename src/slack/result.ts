import { UserError } from '../errors.ts';
import { nameEdits } from '../pipeline/name-edits.ts';
import { withEdits } from '../pipeline/read-pitch.ts';
import { findPitch } from '../pipeline/store/pitches.ts';
import type { ReplyForm } from '../pipeline/store/slack-replies.ts';
import type { SlackDeps } from './deps.ts';
import { readCard } from './read-card.ts';
import { showCard } from './views/card.ts';
import { showComparison } from './views/comparison.ts';
import { showPitch } from './views/pitch.ts';
import { showProblem } from './views/problem.ts';
import type { CardData, Message } from './views/types.ts';

/** A version of a company's pitch, as people see it: with what somebody changed in it. */
export async function readPitchResult(
  deps: SlackDeps,
  viewer: { workspaceId: string; teamId: string; userId: string },
  { companyId, pitchId }: { companyId: string; pitchId: string },
): Promise<Message> {
  const card = await readCard(deps, viewer, companyId);
  const pitch = await deps.db.inWorkspace(viewer.workspaceId, async (tx) => {
    const found = await findPitch(tx, pitchId);
    return found === null ? null : withEdits(tx, found);
  });
  const shown = pitch === null ? null : { ...pitch, edits: nameEdits(pitch.edited) };
  return showPitch({ ...card, pitch: shown }, pitch);
}

/** A company that was asked for; `problem`: why there is no answer about it. */
export type Outcome = { id: string; name?: string; problem?: string };

/** The answer: a card, several side by side, or why there is none. */
export async function readResult(
  deps: SlackDeps,
  viewer: { workspaceId: string; teamId: string; userId: string },
  { form, companies }: { form: ReplyForm; companies: readonly Outcome[] },
): Promise<Message> {
  const cards: CardData[] = [];
  const problems: { companyId: string; what: string }[] = [];
  for (const { id, name, problem } of companies) {
    if (problem === undefined)
      try {
        cards.push(await readCard(deps, viewer, id));
        continue;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        problems.push({ companyId: id, what: error.message });
        continue;
      }
    problems.push({ companyId: id, what: name === undefined ? problem : `${name}: ${problem}` });
  }
  const [first] = cards;
  const show = form === 'pitch' ? showPitch : showCard;
  const answer = first === undefined ? null : cards.length === 1 ? show(first) : showComparison(cards);
  if (problems.length === 0 && answer !== null) return answer;
  const [only] = problems;
  const problem = showProblem({
    what: problems.map(({ what }) => what).join('\n'),
    fix: 'Try again; if it fails the same way, the log of the worker says more.',
    ...(problems.length === 1 && only !== undefined ? { companyId: only.companyId } : {}),
  });
  if (answer === null) return problem;
  return { text: `${answer.text}\n${problem.text}`, blocks: [...problem.blocks, ...answer.blocks] };
}
