import type { Tx } from '../../db.ts';

export type SlackUser = { workspaceId: string; teamId: string; userId: string };

/** A person in Slack: who they are in the CRM, and what they want to hear. */
export type SlackPerson = SlackUser & {
  /** Null: Slack does not tell, or was not asked yet. */
  email: string | null;
  lookedUpAt: Date | null;
  /** An IANA name; null: not known. */
  timeZone: string | null;
  alerts: boolean;
  mutedUntil: Date | null;
  /** The least move in points that is told. */
  leastMove: number;
};

const COLUMNS = `workspace_id as "workspaceId", team_id as "teamId", user_id as "userId", email, looked_up_at as "lookedUpAt",
  time_zone as "timeZone", alerts, muted_until as "mutedUntil", least_move as "leastMove"`;

/** Null where nobody met them yet. */
export async function findPerson(tx: Tx, { teamId, userId }: SlackUser): Promise<SlackPerson | null> {
  const { rows } = await tx.query<SlackPerson>(
    `select ${COLUMNS} from slack_people where team_id = $1 and user_id = $2`,
    [teamId, userId],
  );
  return rows[0] ?? null;
}

/** Keeps what Slack says of a person: their address, and where their hours are. */
export async function saveProfile(
  tx: Tx,
  { workspaceId, teamId, userId }: SlackUser,
  { email, timeZone }: Pick<SlackPerson, 'email' | 'timeZone'>,
): Promise<void> {
  await tx.query(
    `insert into slack_people (workspace_id, team_id, user_id, email, time_zone, looked_up_at) values ($1, $2, $3, lower($4), $5, now())
     on conflict (workspace_id, team_id, user_id) do update set email = excluded.email, time_zone = excluded.time_zone,
       looked_up_at = now()`,
    [workspaceId, teamId, userId, email, timeZone],
  );
}

/** What a person wants to hear; what is not named stays. `muteHours`: 0 ends the silence. */
export async function saveWishes(
  tx: Tx,
  { workspaceId, teamId, userId }: SlackUser,
  wishes: { alerts?: boolean; leastMove?: number; muteHours?: number },
): Promise<void> {
  await tx.query(
    `insert into slack_people (workspace_id, team_id, user_id) values ($1, $2, $3) on conflict do nothing`,
    [workspaceId, teamId, userId],
  );
  await tx.query(
    `update slack_people set alerts = coalesce($3, alerts), least_move = coalesce($4, least_move),
       muted_until = case when $5::integer is null then muted_until when $5 > 0 then now() + make_interval(hours => $5) end
     where team_id = $1 and user_id = $2`,
    [teamId, userId, wishes.alerts ?? null, wishes.leastMove ?? null, wishes.muteHours ?? null],
  );
}

/** Begins or ends to tell a person of a company. */
export async function setWatch(
  tx: Tx,
  { workspaceId, teamId, userId }: SlackUser,
  companyId: string,
  watched: boolean,
): Promise<void> {
  if (watched)
    await tx.query(
      `insert into slack_watches (workspace_id, team_id, user_id, company_id)
       select $1, $2, $3, id from companies where id = $4 on conflict do nothing`,
      [workspaceId, teamId, userId, companyId],
    );
  else
    await tx.query('delete from slack_watches where team_id = $1 and user_id = $2 and company_id = $3', [
      teamId,
      userId,
      companyId,
    ]);
}

/** Does the person want to hear of the company? */
export async function isWatched(tx: Tx, { teamId, userId }: SlackUser, companyId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    'select from slack_watches where team_id = $1 and user_id = $2 and company_id = $3',
    [teamId, userId, companyId],
  );
  return rowCount === 1;
}
