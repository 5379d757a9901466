import type { Card } from './card-answer.ts';

// The card speaks English to everybody.
const LOCALE = 'en-US';

const STEPS: Record<string, string> = {
  research: 'Reading the web',
  extract: 'Finding what matters in it',
  score: 'Scoring',
  personas: 'Naming the people to talk to',
  pitch: 'Writing the pitch',
  'write-back': 'Preparing the fields',
};

const STATES: Record<string, string> = {
  'not-enough-evidence': 'Not enough evidence for a score',
  'not-scored': 'Not scored yet',
  unknown: 'Fieldnote does not know this record yet',
  'left-out': 'This company is left out',
  'no-company': 'This record leads to no company',
  gone: 'This record is no longer the one that Fieldnote follows',
};

/** States in which a company is known and may be worked on. */
const WORKABLE = new Set(['scored', 'not-enough-evidence', 'not-scored']);

export const isWorkable = ({ state }: Card): boolean => WORKABLE.has(state);

/** What stands in the way of a score, or went wrong on the way to one; null: nothing. */
export function describeTrouble({ state, why, fix }: Card): { title: string; why: string } | null {
  if (state === 'scored' && why === null) return null;
  const title = state === 'scored' ? 'The last "Score now" failed' : (STATES[state] ?? state);
  return { title, why: [why, fix].filter((part) => part !== null).join('. ') };
}

/** E.g. `77 % sure, +4.2 since the score before`. */
export function describeConfidence({ confidence, trend }: NonNullable<Card['score']>): string {
  const moved =
    trend === null || Math.abs(trend) < 0.05 ? '' : `, ${describePoints(trend)} since the score before`;
  return `${Math.round(confidence * 100)} % sure${moved}`;
}

export function describeWork({ stage, secondsLeft }: NonNullable<Card['work']>): string {
  const doing = stage === null ? 'Waiting for a free place' : (STEPS[stage] ?? stage);
  return secondsLeft === null ? doing : `${doing}, about ${Math.max(1, Math.round(secondsLeft))} s left`;
}

/** What searches and the LLM may still cost this month. */
export function describeUsage({ spentUsd, limitUsd, isSpent }: Card['usage']): string {
  const money = new Intl.NumberFormat(LOCALE, { style: 'currency', currency: 'USD' });
  if (limitUsd === null) return `${money.format(spentUsd)} spent this month, no limit set`;
  if (isSpent)
    return `This month's budget of ${money.format(limitUsd)} is spent: what is stored can still be read`;
  return `${money.format(Math.max(0, limitUsd - spentUsd))} of ${money.format(limitUsd)} left this month`;
}

/** `date` as ISO; what is none is shown as it is. */
export function describeDay(date: string): string {
  const time = Date.parse(date);
  if (Number.isNaN(time)) return date;
  return new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeZone: 'UTC' }).format(time);
}

export const describePoints = (points: number): string =>
  `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)}`;

/** Only addresses of the web become links, whatever a source calls itself. */
export const linkOf = (url: string | null): string | null =>
  url !== null && /^https?:\/\//i.test(url) ? url : null;
