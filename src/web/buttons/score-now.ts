import { askForScores } from '../../pipeline/ask-for-scores.ts';
import { whySpent } from '../../pipeline/budget.ts';
import { findAskedWork, holdCompany } from '../../pipeline/store/asked-work.ts';
import type { AskedWork } from '../../pipeline/store/asked-work.ts';
import { takePress } from '../../pipeline/store/button-keys.ts';
import { findCurrentScore } from '../../pipeline/store/scores.ts';
import type { WebDeps } from '../deps.ts';
import { findCardCompany, readCard } from './card.ts';
import type { CardDeps, CardTarget } from './card.ts';
import type { Card } from './card-shape.ts';

export type ScoreNowDeps = CardDeps & Pick<WebDeps, 'queue' | 'budget' | 'modelName'>;

// A platform repeats a call once whose answer got lost, at the latest when its 15 seconds are over.
const REPEATED_WITHIN_S = 30;

/**
 * Begins what it takes to score a record's company again, unless that is under way or was over a moment ago, and tells where it is. A
 * record that can have no score begins nothing: its card says why. `user`: who pressed the button, as the CRM says; null: it does not.
 * `press` names one press of the button, which begins one run however often and late it comes; null: its platform repeats nothing.
 * @throws UserError when the month's budget is spent
 */
export async function scoreNow(
  deps: ScoreNowDeps,
  target: CardTarget,
  { user, press }: { user: string | null; press: string | null },
): Promise<Card> {
  const { workspaceId, connection, object, externalId } = target;
  const spent = await whySpent(deps.budget, deps.monthlyBudgetUsd, workspaceId);
  await deps.db.inWorkspace(workspaceId, async (tx) => {
    const company = await findCardCompany(tx, target);
    if (company === null) return;
    await holdCompany(tx, company.id);
    const pressed = [connection.id, object, externalId, press ?? ''];
    // Also where somebody else's run answers it: that one may be over when the press comes again.
    if (press !== null && !(await takePress(tx, workspaceId, pressed))) return;
    if (isAnswered(await findAskedWork(tx, company.id))) return;
    // What was never scored has nothing that could be refreshed.
    const refresh = (await findCurrentScore(tx, company.id)) !== null;
    const { domain } = company;
    await askForScores(tx, deps.queue, {
      workspaceId,
      model: deps.modelName,
      domains: [domain],
      refresh,
      startedBy: { via: 'crm', name: user },
      spent,
    });
  });
  return readCard(deps, target);
}

/** Is it under way, or over since a moment? */
function isAnswered(work: AskedWork | null): boolean {
  if (work === null) return false;
  if (work.state === 'queued' || work.state === 'working') return true;
  return work.state === 'done' && work.overSeconds !== null && work.overSeconds < REPEATED_WITHIN_S;
}
