import type { Tx } from '../../db.ts';

/** Somebody is to be told that a company's score moved. */
export type SlackAlert = {
  workspaceId: string;
  id: string;
  teamId: string;
  userId: string;
  companyId: string;
  before: { score: number; band: string };
  /** A message may have gone out. */
  sending: boolean;
  attempt: number;
  plannedAt: Date;
};

/**
 * Plans alerts on the company's current score: for those in Slack who watch it or own a record of it and are not muted, where it
 * moved by enough points for them since the score before, or into another band. Each once a day of the score. Answers the new ones' ids.
 */
export async function planAlerts(tx: Tx, companyId: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into slack_alerts (workspace_id, team_id, user_id, company_id, as_of, score_before, band_before)
     select p.workspace_id, p.team_id, p.user_id, s.company_id, s.as_of, b.score, b.band
     from slack_people p
       join scores s on s.workspace_id = p.workspace_id and s.company_id = $1 and s.current and s.score is not null
       cross join lateral (
         select o.score, o.band from scores o
         where o.workspace_id = s.workspace_id and o.company_id = s.company_id and o.model = s.model and o.as_of < s.as_of
           and not o.current and o.score is not null order by o.as_of desc, o.id desc limit 1) b
     where p.alerts and (p.muted_until is null or p.muted_until < now()) 
       and (abs(s.score - b.score) >= p.least_move or s.band <> b.band)
       and (exists (select from slack_watches w where w.workspace_id = p.workspace_id and w.company_id = $1
              and w.team_id = p.team_id and w.user_id = p.user_id)
         or exists (select from crm_users u join records r on r.workspace_id = u.workspace_id
              and r.connection_id = u.connection_id and r.owner_id = u.external_id
            where u.workspace_id = p.workspace_id and u.email = p.email and r.company_id = $1 and not r.deleted))
     on conflict do nothing returning id`,
    [companyId],
  );
  return rows.map(({ id }) => id);
}

/** Takes an alert into one worker's hands for `seconds`. `busy`: another one has it; `closed`: it was sent, or is gone. */
export async function takeAlert(
  tx: Tx,
  id: string,
  seconds: number,
): Promise<SlackAlert | 'busy' | 'closed'> {
  const { rows } = await tx.query<Omit<SlackAlert, 'before'> & { score: number; band: string }>(
    `update slack_alerts set attempt = attempt + 1, leased_until = clock_timestamp() + make_interval(secs => $2)
     where id = $1 and state = 'open' and (leased_until is null or leased_until < clock_timestamp())
     returning workspace_id as "workspaceId", id, team_id as "teamId", user_id as "userId", company_id as "companyId",
       score_before as score, band_before as band, sending, attempt, planned_at as "plannedAt"`,
    [id, seconds],
  );
  const [row] = rows;
  if (row !== undefined) {
    const { score, band, ...alert } = row;
    return { ...alert, before: { score, band } };
  }
  const { rowCount } = await tx.query(`select from slack_alerts where id = $1 and state = 'open'`, [id]);
  return rowCount === 1 ? 'busy' : 'closed';
}

type Held = Pick<SlackAlert, 'id' | 'attempt'>;
const HELD = `id = $1 and attempt = $2 and state = 'open'`;

/** Notes that its message is about to go out. False when it is in other hands. */
export async function noteSending(tx: Tx, { id, attempt }: Held): Promise<boolean> {
  const { rowCount } = await tx.query(`update slack_alerts set sending = true where ${HELD}`, [id, attempt]);
  return rowCount === 1;
}

/** Lets go of an alert that is still to be sent; `sending`: its message may have gone out. */
export async function releaseAlert(tx: Tx, { id, attempt }: Held, sending: boolean): Promise<void> {
  await tx.query(`update slack_alerts set leased_until = null, sending = $3 where ${HELD}`, [
    id,
    attempt,
    sending,
  ]);
}

/** It was sent; or, with the reason, it can't be. */
export async function closeAlert(tx: Tx, { id, attempt }: Held, reason: string | null): Promise<void> {
  await tx.query(
    `update slack_alerts set state = case when $3::text is null then 'sent' else 'dropped' end, reason = $3,
       settled_at = now(), leased_until = null where ${HELD}`,
    [id, attempt, reason],
  );
}

const KEPT_DAYS = 30;

/** Forgets alerts that were sent long ago. */
export async function forgetOldAlerts(tx: Tx): Promise<void> {
  await tx.query(
    `delete from slack_alerts where state <> 'open' and planned_at < now() - make_interval(days => $1)`,
    [KEPT_DAYS],
  );
}
