import type { UsageTotal } from '../../pipeline/store/usage.ts';
import { formatCount, formatUsd } from './format.ts';

export type CostView = {
  total: string;
  rows: { provider: string; calls: string; failed: string; amount: string; usd: string }[];
};

/** The ledger by provider: what was called how often, what it used, what it cost. The rows add up to the total. */
export function describeCost(usage: readonly UsageTotal[]): CostView {
  const byProvider = Map.groupBy(usage, (line) => line.provider);
  return {
    total: formatUsd(sum(usage, (line) => line.usd)),
    rows: [...byProvider].map(([provider, lines]) => ({
      provider,
      calls: formatCount(sum(lines, (line) => line.calls)),
      failed: nonZero(sum(lines, (line) => line.failed)),
      amount: describeAmount(lines),
      usd: formatUsd(sum(lines, (line) => line.usd)),
    })),
  };
}

function nonZero(count: number): string {
  return count === 0 ? '' : formatCount(count);
}

function describeAmount(lines: readonly UsageTotal[]): string {
  const credits = sum(lines, (line) => line.searchCredits);
  const prompt = sum(lines, (line) => line.promptTokens);
  const completion = sum(lines, (line) => line.completionTokens);
  const parts = [
    ...(credits > 0 ? [`${formatCount(credits)} credits`] : []),
    ...(prompt + completion > 0
      ? [`${formatCount(prompt)} tokens in`, `${formatCount(completion)} tokens out`]
      : []),
  ];
  return parts.length > 0 ? parts.join(', ') : `${formatCount(sum(lines, (line) => line.requests))} requests`;
}

function sum(lines: readonly UsageTotal[], amountOf: (line: UsageTotal) => number): number {
  return lines.reduce((total, line) => total + amountOf(line), 0);
}
