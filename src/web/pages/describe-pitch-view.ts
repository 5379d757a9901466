import { linkToQuote, shortenUrl } from '../../pipeline/link.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import type { ShownPitch } from '../../pipeline/apply-edits.ts';
import type { Reason, StoredScore } from '../../pipeline/store/scores.ts';
import type { Source } from '../../pipeline/store/sources.ts';
import { describePitch } from './describe-pitch.ts';
import { describeScore } from './describe-score.ts';
import { formatPoints } from './format.ts';

// The ones that a rep can name in a sentence; the company's page has them all.
const REASONS_SHOWN = 5;

/** A company's score, its strongest reasons and its pitch, for pages that show no more than that. */
export function describePitchView({
  company,
  score,
  pitch,
  sources,
  cuts = [],
}: {
  company: Company;
  score: StoredScore;
  pitch: ShownPitch | null;
  sources: readonly Source[];
  /** What was cut of the pitch, where it is to be shown. */
  cuts?: readonly { text: string; reason: string }[];
}) {
  return {
    name: company.name,
    domain: company.domain,
    score: describeScore(score, sources),
    reasons: score.reasons
      .filter(({ quote }) => quote !== null)
      .toSorted((a, b) => Math.abs(b.points) - Math.abs(a.points))
      .slice(0, REASONS_SHOWN)
      .map(describeReason),
    pitch: pitch === null ? null : describePitch(pitch, cuts),
  };
}

function describeReason({ label, points, quote, url }: Reason) {
  return {
    label,
    points: formatPoints(points),
    quote: quote ?? '',
    href: url === null || quote === null ? null : linkToQuote(url, quote),
    source: url === null ? '' : shortenUrl(url),
  };
}
