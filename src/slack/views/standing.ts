import { formatPoints } from '../../pipeline/format.ts';
import { nameOf } from './text.ts';

type Scored = { name: string; domain: string; score: number | null; band: string | null };

// Seen before anything is read. Shapes of colour, not thumbs or fires: a D is no failure.
const MARKS = new Map([
  ['A', '🟢 '],
  ['B', '🔵 '],
  ['C', '🟡 '],
  ['D', '🟤 '],
]);

/** "🟢 87.3 A", or "No score". */
export function describeScore({ score, band }: Pick<Scored, 'score' | 'band'>): string {
  if (score === null) return 'No score';
  const mark = band === null ? undefined : MARKS.get(band);
  return mark === undefined ? score.toFixed(1) : `${mark}${score.toFixed(1)} ${band}`;
}

/** "🟢 87.3 A · Acme": the score first, as a phone cuts the end. */
export function describeCompany(company: Scored, length = 60): string {
  return `${describeScore(company)} · ${nameOf(company, length)}`;
}

/** "▲ 4.2 since last time"; empty where there is nothing to compare with. */
export function describeTrend(trend: number | null, since = 'since last time'): string {
  if (trend === null) return '';
  const tenths = Math.round(trend * 10) / 10;
  if (tenths === 0) return `unchanged ${since}`.trimEnd();
  return `${tenths > 0 ? '▲' : '▼'} ${formatPoints(tenths).slice(1)} ${since}`.trimEnd();
}

/** "3rd of your 75"; empty where it has no place. */
export function describeRank(rank: { place: number; of: number } | null): string {
  return rank === null ? '' : `${ordinal(rank.place)} of your ${rank.of.toLocaleString('en-US')}`;
}

/** 0.824 → "82 % sure". */
export function describeConfidence(confidence: number): string {
  return `${Math.round(confidence * 100)} % sure`;
}

const ENDINGS = new Map([
  ['one', 'st'],
  ['two', 'nd'],
  ['few', 'rd'],
]);
const PLURALS = new Intl.PluralRules('en', { type: 'ordinal' });

function ordinal(number: number): string {
  return `${number.toLocaleString('en-US')}${ENDINGS.get(PLURALS.select(number)) ?? 'th'}`;
}
