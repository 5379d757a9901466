import type { Request } from 'express';
import { readProgress } from '../../pipeline/runs.ts';
import { STANDINGS, countRanking, countStandings, listRanking } from '../../pipeline/store/ranking.ts';
import type { ListedCompany, Standing } from '../../pipeline/store/ranking.ts';
import { listRuns } from '../../pipeline/store/runs.ts';
import { spentThisMonth } from '../../pipeline/store/usage.ts';
import { renderPage } from '../render.ts';
import { describeProgress } from './describe-progress.ts';
import { describeMoment, formatCount, formatPoints, formatUsd } from './format.ts';
import { describeFrame } from './frame.ts';
import { linkToQuote, shortenUrl } from '../../pipeline/link.ts';
import { PAGE_SIZE, describePager, linkWith, readPageNumber } from './pager.ts';
import type { PageDeps } from './page-deps.ts';

const LABELS: Record<Standing, string> = {
  A: 'A',
  B: 'B',
  C: 'C',
  D: 'D',
  'not-enough-evidence': 'Not enough evidence',
  'not-scored-yet': 'Not scored yet',
  excluded: 'Left out',
};
const LONGEST_SEARCH = 100;
// A screen holds no more; the runs page lists them all.
const RUNS_SHOWN = 3;

/** The ranking: every company with its score and the reason that moved it most. */
export async function showCompanies(deps: PageDeps, request: Request): Promise<string> {
  const { db, workspaceId } = deps;
  const search = readText(request.query['q']).slice(0, LONGEST_SEARCH);
  const standing = STANDINGS.find((each) => each === request.query['band']);
  const page = readPageNumber(request.query['page']);
  const found = await db.inWorkspace(workspaceId, async (tx) => ({
    companies: await listRanking(
      tx,
      { search, standing },
      { limit: PAGE_SIZE, offset: (page - 1) * PAGE_SIZE },
    ),
    total: await countRanking(tx, { search, standing }),
    standings: await countStandings(tx),
    spent: await spentThisMonth(tx),
    runs: (await listRuns(tx)).filter((run) => run.state === 'running' || run.state === 'paused'),
  }));
  const progress = await Promise.all(
    found.runs.slice(0, RUNS_SHOWN).map((run) => readProgress(db, workspaceId, run.id)),
  );
  const known = STANDINGS.reduce((sum, each) => sum + found.standings[each], 0);
  const query = { q: search, band: standing };
  return renderPage('companies', {
    ...describeFrame({
      title: 'Companies',
      section: 'companies',
      visitor: deps.visitor,
      down: await deps.health.readDown(),
    }),
    known: formatCount(known),
    scored: formatCount(
      known -
        found.standings['not-enough-evidence'] -
        found.standings['not-scored-yet'] -
        found.standings.excluded,
    ),
    spent: formatUsd(found.spent),
    runs: progress.map(describeProgress),
    search,
    band: standing ?? '',
    filtered: search !== '' || standing !== undefined,
    bars: describeBars(found.standings, known),
    filters: [
      {
        label: 'All',
        count: formatCount(known),
        href: linkWith('/', { q: search }),
        on: !standing,
        tone: 'all',
      },
      ...STANDINGS.map((each) => ({
        label: LABELS[each],
        count: formatCount(found.standings[each]),
        href: linkWith('/', { q: search, band: each }),
        on: each === standing,
        tone: each,
      })).filter((filter) => filter.count !== '0' || filter.on),
    ],
    companies: found.companies.map((company, index) =>
      describeRow(company, (page - 1) * PAGE_SIZE + index + 1),
    ),
    nothingKnown: known === 0,
    pager: describePager('/', query, { page, total: found.total }),
  });
}

function describeRow(company: ListedCompany, rank: number) {
  const standing = standingOf(company);
  const isOut = standing === 'excluded';
  const { topReason: reason, confidence } = company;
  const score = isOut ? null : company.score;
  return {
    rank,
    name: company.name,
    domain: company.domain,
    href: `/companies/${encodeURIComponent(company.domain)}`,
    tone: standing,
    band: score === null ? '–' : (company.band ?? '–'),
    standing: LABELS[standing],
    score: score === null ? null : score.toFixed(1),
    barWidth: score ?? 0,
    confidence: score === null || confidence === null ? null : `${Math.round(confidence * 100)} %`,
    confidenceWidth: (confidence ?? 0) * 100,
    reason:
      isOut || reason === null || reason.quote === null
        ? null
        : {
            label: reason.label,
            points: formatPoints(reason.points),
            against: reason.points < 0,
            quote: reason.quote,
            href: reason.url === null ? null : linkToQuote(reason.url, reason.quote),
            source: reason.url === null ? '' : shortenUrl(reason.url),
          },
    why:
      company.excludedBecause ??
      company.why ??
      (company.status === null
        ? 'Waits for its first run.'
        : 'Nothing was found that speaks for or against.'),
    scoredAt: company.scoredAt === null ? null : describeMoment(company.scoredAt),
  };
}

function standingOf({ excludedBecause, status, score, band }: ListedCompany): Standing {
  if (excludedBecause !== null) return 'excluded';
  if (status === null) return 'not-scored-yet';
  return score === null ? 'not-enough-evidence' : readBand(band);
}

function readBand(band: string | null): Standing {
  return STANDINGS.find((each) => each === band) ?? 'D';
}

/** A stacked bar over 0–100: each standing's share, side by side. */
function describeBars(standings: Record<Standing, number>, known: number) {
  let x = 0;
  return STANDINGS.filter((each) => standings[each] > 0).map((each) => {
    const width = (standings[each] / known) * 100;
    const bar = { tone: each, x, width, title: `${LABELS[each]}: ${formatCount(standings[each])}` };
    x += width;
    return bar;
  });
}

function readText(value: unknown): string {
  return typeof value === 'string' ? value.replaceAll('\0', '').trim() : '';
}
