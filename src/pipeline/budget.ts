import type { Database } from '../db.ts';
import { UserError } from '../errors.ts';
import { spentThisMonth } from './store/usage.ts';

export type Budget = {
  /** True while this month's spending has reached the limit: nothing that costs is begun. */
  isSpent(workspaceId: string): Promise<boolean>;
};

// A look costs a sum over the month's ledger; a few seconds' spending is the most that it can be late.
const BELIEVED_MS = 3_000;
const WARN_AT = 0.8;

/** A hard stop for what searches and LLM calls cost in a month; `limitUsd` null: none. Says so at 80 % and at the limit, once each. */
export function createBudget(db: Database, limitUsd: number | null, warn: (text: string) => void): Budget {
  const known = new Map<string, { spent: number; at: number }>();
  const told = new Set<string>();
  const tell = (workspaceId: string, text: string, level: string): void => {
    const once = `${workspaceId} ${level} ${new Date().toISOString().slice(0, 7)}`;
    if (told.has(once)) return;
    told.add(once);
    warn(text);
  };
  return {
    isSpent: async (workspaceId) => {
      if (limitUsd === null) return false;
      let last = known.get(workspaceId);
      if (last === undefined || Date.now() - last.at > BELIEVED_MS) {
        last = { spent: await db.inWorkspace(workspaceId, spentThisMonth), at: Date.now() };
        known.set(workspaceId, last);
      }
      const figures = `$${last.spent.toFixed(2)} of MONTHLY_BUDGET_USD ${limitUsd} are spent`;
      if (last.spent >= limitUsd) {
        tell(workspaceId, `${figures}: work waits until next month or a higher budget`, 'stop');
        return true;
      }
      if (last.spent >= limitUsd * WARN_AT) tell(workspaceId, figures, 'warning');
      return false;
    },
  };
}

/** What a person is told at once who asks for something that would only wait for money; null: there is some left. */
export async function whySpent(
  budget: Budget,
  limitUsd: number | null,
  workspaceId: string,
): Promise<UserError | null> {
  if (!(await budget.isSpent(workspaceId))) return null;
  return new UserError(
    `This month's budget of $${limitUsd} is spent`,
    'Raise MONTHLY_BUDGET_USD, or wait for the first of the month.',
  );
}
