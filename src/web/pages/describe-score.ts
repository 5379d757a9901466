import type { Reason, StoredScore } from '../../pipeline/store/scores.ts';
import type { Source } from '../../pipeline/store/sources.ts';
import { describeMoment, formatDay, formatPoints } from './format.ts';
import { linkToQuote, shortenUrl } from '../../pipeline/link.ts';

export type QuoteView = {
  quote: string;
  href: string | null;
  source: string;
  kind: string;
  published: string;
};

// The template's circle has a path length of 100, three quarters of which are drawn.
const DIAL_LENGTH = 100;
const DIAL_SWEEP = 75;

/** A score as a dial and a ladder of reasons that climbs from the start that every company has to the score. */
export function describeScore(score: StoredScore, sources: readonly Source[]) {
  const evidence = score.reasons.filter((reason) => reason.quote !== null);
  const start = score.reasons.filter((reason) => reason.quote === null);
  return {
    status: score.status,
    scored: score.score !== null,
    score: score.score?.toFixed(1) ?? '–',
    band: score.band ?? '–',
    tone: score.band ?? 'not-enough-evidence',
    dialFill: `${(((score.score ?? 0) / 100) * DIAL_SWEEP).toFixed(2)} ${DIAL_LENGTH}`,
    dialTrack: `${DIAL_SWEEP} ${DIAL_LENGTH}`,
    confidence: `${Math.round(score.confidence * 100)} %`,
    confidenceWidth: score.confidence * 100,
    why: score.why ?? '',
    model: score.modelVersion.startsWith(score.model)
      ? score.modelVersion
      : `${score.model} ${score.modelVersion}`,
    asOf: formatDay(score.asOf),
    scoredAt: describeMoment(score.scoredAt),
    steps: describeLadder(score.reasons, sources),
    sum: {
      start: start.reduce((sum, { points }) => sum + points, 0).toFixed(1),
      for: formatPoints(sumOf(evidence, (points) => points > 0)),
      against: formatPoints(sumOf(evidence, (points) => points < 0)),
      hasAgainst: evidence.some(({ points }) => points < 0),
    },
    missing: score.missing,
  };
}

function sumOf(reasons: readonly Reason[], counts: (points: number) => boolean): number {
  // In tenths: sums of 0.1 drift.
  const tenths = reasons.filter(({ points }) => counts(points)).map(({ points }) => Math.round(points * 10));
  return tenths.reduce((sum, part) => sum + part, 0) / 10;
}

/** One step a kind of signal, the strongest first, each with its quotes and what every one of them brought. */
function describeLadder(reasons: readonly Reason[], sources: readonly Source[]) {
  const kinds = [...Map.groupBy(reasons, (reason) => reason.kind).values()].map((members) => ({
    members,
    points: sumOf(members, () => true),
    isStart: members.every(({ quote }) => quote === null),
  }));
  // The start first: the ladder is read from the ground up.
  kinds.sort((a, b) => Number(b.isStart) - Number(a.isStart) || Math.abs(b.points) - Math.abs(a.points));
  let reached = 0;
  const steps = kinds.map((kind) => {
    const from = reached;
    reached += kind.points;
    return { ...kind, low: Math.min(from, reached), high: Math.max(from, reached) };
  });
  // On the way the ladder may leave 0–100; all of it must fit.
  const least = Math.min(0, ...steps.map(({ low }) => low));
  const most = Math.max(100, ...steps.map(({ high }) => high));
  const scale = (value: number): number => Math.round(((value - least) / (most - least)) * 1000) / 10;
  return steps.map(({ members, points, isStart, low, high }) => ({
    label: members[0]?.label ?? '',
    points: isStart ? points.toFixed(1) : formatPoints(points),
    tone: isStart ? 'start' : points < 0 ? 'against' : 'for',
    x: scale(low),
    width: Math.max(0.6, scale(high) - scale(low)),
    proofs: members.flatMap((member) =>
      member.quote === null
        ? []
        : [
            {
              points: members.length === 1 ? '' : formatPoints(member.points),
              evidence: describeQuote(member.quote, member.url, sources, member.published),
            },
          ],
    ),
  }));
}

/** A quote with where it stands: link, kind of source, date. */
export function describeQuote(
  quote: string,
  url: string | null,
  sources: readonly Source[],
  published?: string | null,
): QuoteView {
  const source = sources.find((each) => each.url === url);
  const day = published ?? source?.published ?? null;
  return {
    quote,
    href: url === null ? null : linkToQuote(url, quote),
    source: url === null ? 'unknown source' : shortenUrl(url),
    kind: source?.kind ?? '',
    published: day === null ? 'undated' : formatDay(day),
  };
}
