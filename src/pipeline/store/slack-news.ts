import type { Tx } from '../../db.ts';
import type { RunKind } from './runs.ts';
import type { StoredScore } from './scores.ts';

// What a channel hears is kept once each, whoever finds it out and however often.
const INSERT = `insert into slack_news (workspace_id, team_id, channel_id, key, kind, company_id, score_before_id, run_id, spent_usd, limit_usd)`;
const LISTENING = `a.problem is null and (a.muted_until is null or a.muted_until < now())`;

/** Keeps the company's current score for the channels that want to hear of it. @returns how many do, newly */
export async function planScoreNews(tx: Tx, companyId: string): Promise<number> {
  const { rowCount } = await tx.query(
    `${INSERT}
     select a.workspace_id, a.team_id, a.channel_id, 'score ' || s.company_id || ' ' || s.as_of,
       'score', s.company_id, b.id, null, null, null
     from slack_channel_alerts a
       join scores s on s.workspace_id = a.workspace_id and s.company_id = $1 and s.current and s.score is not null
       join companies c on c.workspace_id = s.workspace_id and c.id = s.company_id and c.excluded_because is null
       left join lateral (
         select o.id, o.score, o.band from scores o
         where o.workspace_id = s.workspace_id and o.company_id = s.company_id and o.model = s.model and o.as_of < s.as_of
           and not o.current and o.score is not null order by o.as_of desc, o.id desc limit 1) b on true
       -- The first score of an account that was there before is no news: whoever set the alerts asked for what changes.
       cross join lateral (select a.reached_a and s.band = 'A'
         and case when b.id is null then c.created_at > a.set_at else b.band <> 'A' end as reached) m
     where ${LISTENING} and (m.reached or a.moved and abs(s.score - b.score) >= a.least_move)
       and exists (select from records r where r.workspace_id = c.workspace_id and r.company_id = c.id
         and not r.deleted and r.merged_into is null and r.excluded_because is null)
     on conflict do nothing`,
    [companyId],
  );
  return rowCount ?? 0;
}

// Runs that ended while nobody looked are found by the next look.
const LOOK_BACK_HOURS = 24;

/**
 * Keeps runs that ended, and those that stopped by themselves, for the channels that want to hear of them: each run that somebody
 * began, and of those that began by themselves only what failed.
 */
export async function planRunNews(tx: Tx): Promise<number> {
  const { rowCount } = await tx.query(
    `${INSERT}
     select a.workspace_id, a.team_id, a.channel_id, 'run ' || r.id || ' ' || r.state, 'run', null, null, r.id, null, null
     from slack_channel_alerts a join runs r on r.workspace_id = a.workspace_id
     where a.runs and ${LISTENING} and not r.dry_run and r.kind <> 'interactive'
       and (r.state = 'paused' and r.paused_because is not null
         or r.state = 'done' and r.finished_at > greatest(a.set_at, now() - make_interval(hours => $1))
           and (r.kind <> 'scheduled' or exists (select from run_items i
             where i.workspace_id = r.workspace_id and i.run_id = r.id and i.state = 'failed')))
     on conflict do nothing`,
    [LOOK_BACK_HOURS],
  );
  return rowCount ?? 0;
}

/** Keeps for the channels that want to hear of it that so much of the month's budget is spent; `part`: "80 %" or "100 %". */
export async function planBudgetNews(
  tx: Tx,
  { part, spentUsd, limitUsd }: { part: string; spentUsd: number; limitUsd: number },
): Promise<number> {
  const { rowCount } = await tx.query(
    `${INSERT}
     select workspace_id, team_id, channel_id, 'budget ' || to_char(now() at time zone 'utc', 'YYYY-MM') || ' ' || $1, 'budget',
       null, null, null, $2, $3
     from slack_channel_alerts a where a.budget and ${LISTENING}
     on conflict do nothing`,
    [part, spentUsd, limitUsd],
  );
  return rowCount ?? 0;
}

/** Does any channel want to hear of the budget? */
export async function isBudgetListenedTo(tx: Tx): Promise<boolean> {
  const { rowCount } = await tx.query(
    `select from slack_channel_alerts a where a.budget and ${LISTENING} limit 1`,
  );
  return rowCount === 1;
}

/** What a score rests on. */
type Basis = Pick<StoredScore, 'reasons' | 'modelVersion'> & { score: number; band: string };

export type CompanyNews = {
  companyId: string;
  name: string;
  domain: string;
  /** The score before the first of what is told; null: there was none. */
  was: Basis | null;
  is: Basis;
};
export type RunNews = {
  id: string;
  kind: RunKind;
  /** done, or paused with the reason. */
  pausedBecause: string | null;
  done: number;
  failed: number;
  total: number;
};
type BudgetNews = { spentUsd: number; limitUsd: number };

/** All that one message tells. */
export type SlackNews = {
  companies: CompanyNews[];
  /** How many companies there are in all. */
  companiesInAll: number;
  runs: RunNews[];
  budget: BudgetNews | null;
};

const MOST_RUNS = 10;

/** What a message tells: companies as they stand now against what they were before the first of it, the largest move first. */
export async function readNews(tx: Tx, postId: string, mostCompanies: number): Promise<SlackNews> {
  const { rows: companies } = await tx.query<CompanyNews & { inAll: number }>(
    `with told as (
       select distinct on (n.company_id) n.workspace_id, n.company_id, n.score_before_id from slack_news n
       where n.post_id = $1 and n.company_id is not null order by n.company_id, n.id)
     select c.id as "companyId", c.name, c.domain, count(*) over () as "inAll",
       jsonb_build_object('score', s.score, 'band', s.band, 'reasons', s.reasons, 'modelVersion', s.model_version) as "is",
       case when b.id is not null then
         jsonb_build_object('score', b.score, 'band', b.band, 'reasons', b.reasons, 'modelVersion', b.model_version) end as was
     from told t join companies c on c.workspace_id = t.workspace_id and c.id = t.company_id
       join scores s on s.workspace_id = t.workspace_id and s.company_id = t.company_id and s.current and s.score is not null
       left join scores b on b.workspace_id = t.workspace_id and b.id = t.score_before_id and b.score is not null
     order by abs(s.score - coalesce(b.score, 0)) desc, c.domain collate "C" limit $2`,
    [postId, mostCompanies],
  );
  const { rows: runs } = await tx.query<RunNews>(
    `select r.id, r.kind, r.paused_because as "pausedBecause", i.done, i.failed, i.total
     from slack_news n join runs r on r.workspace_id = n.workspace_id and r.id = n.run_id
       cross join lateral (
         select count(*) filter (where state = 'done') as done, count(*) filter (where state = 'failed') as failed, count(*) as total
         from run_items where workspace_id = r.workspace_id and run_id = r.id) i
     where n.post_id = $1 order by n.id desc limit $2`,
    [postId, MOST_RUNS],
  );
  const { rows: budget } = await tx.query<BudgetNews>(
    `select spent_usd as "spentUsd", limit_usd as "limitUsd" from slack_news
     where post_id = $1 and kind = 'budget' order by id desc limit 1`,
    [postId],
  );
  return {
    companies: companies.map(({ companyId, name, domain, was, is }) => ({
      companyId,
      name,
      domain,
      was,
      is,
    })),
    companiesInAll: companies[0]?.inAll ?? 0,
    runs,
    budget: budget[0] ?? null,
  };
}
