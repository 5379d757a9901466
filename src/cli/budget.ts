import type { App } from '../app.ts';
import { UserError } from '../errors.ts';

/** Says at once what would otherwise only wait: this month's money is spent. */
export async function refuseBeyondBudget({ budget, workspaceId, config }: App): Promise<void> {
  if (await budget.isSpent(workspaceId))
    throw new UserError(
      `This month's budget of $${config.monthlyBudgetUsd} is spent`,
      'Raise MONTHLY_BUDGET_USD, or wait for the first of the month.',
    );
}
