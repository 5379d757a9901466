import type { Tx } from '../../db.ts';

/** A channel of a Slack workspace. */
export type SlackChannel = { workspaceId: string; teamId: string; channelId: string };

/** What a channel wants to hear, and when. */
export type ChannelWishes = {
  /** Accounts that reach band A. */
  reachedA: boolean;
  /** Accounts that move by `leastMove` points or more. */
  moved: boolean;
  leastMove: number;
  /** Runs that ended or stopped. */
  runs: boolean;
  /** The month's budget at 80 % and at its end. */
  budget: boolean;
  cadence: 'at-once' | 'daily' | 'weekly';
  /** ISO, 1 is Monday; counts for `weekly`. */
  weekday: number;
  /** 0–23 in `timeZone`; counts for `daily` and `weekly`. */
  hour: number;
  /** An IANA name. */
  timeZone: string;
};

export type ChannelAlerts = SlackChannel &
  ChannelWishes & {
    /** The Slack user who set it last. */
    setBy: string;
    mutedUntil: Date | null;
    /** Why nothing can be posted there; nothing is tried until somebody sets it again. */
    problem: string | null;
  };

const COLUMNS = `workspace_id as "workspaceId", team_id as "teamId", channel_id as "channelId", set_by as "setBy",
  reached_a as "reachedA", moved, least_move as "leastMove", runs, budget, cadence, weekday, hour, time_zone as "timeZone",
  muted_until as "mutedUntil", problem`;

/** Null where the channel hears nothing. */
export async function findChannelAlerts(
  tx: Tx,
  { teamId, channelId }: SlackChannel,
): Promise<ChannelAlerts | null> {
  const { rows } = await tx.query<ChannelAlerts>(
    `select ${COLUMNS} from slack_channel_alerts where team_id = $1 and channel_id = $2`,
    [teamId, channelId],
  );
  return rows[0] ?? null;
}

/** The channels that a person set, those that need them first. */
export async function listChannelAlerts(
  tx: Tx,
  { teamId, userId }: { teamId: string; userId: string },
  limit: number,
): Promise<ChannelAlerts[]> {
  const { rows } = await tx.query<ChannelAlerts>(
    `select ${COLUMNS} from slack_channel_alerts where team_id = $1 and set_by = $2
     order by problem is null, set_at desc, channel_id limit $3`,
    [teamId, userId, limit],
  );
  return rows;
}

/** Sets what a channel hears, whatever stood before. `muteHours`: 0 ends the silence, null leaves it as it is. */
export async function saveChannelAlerts(
  tx: Tx,
  { workspaceId, teamId, channelId }: SlackChannel,
  { setBy, muteHours, ...wishes }: ChannelWishes & { setBy: string; muteHours: number | null },
): Promise<void> {
  await tx.query(
    `insert into slack_channel_alerts as a (workspace_id, team_id, channel_id, set_by, reached_a, moved, least_move, runs, budget,
       cadence, weekday, hour, time_zone, muted_until)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
       case when $14 > 0 then now() + make_interval(hours => $14::integer) end)
     on conflict (workspace_id, team_id, channel_id) do update set set_by = excluded.set_by, set_at = now(),
       reached_a = excluded.reached_a, moved = excluded.moved, least_move = excluded.least_move, runs = excluded.runs,
       budget = excluded.budget, cadence = excluded.cadence, weekday = excluded.weekday, hour = excluded.hour,
       time_zone = excluded.time_zone, problem = null,
       muted_until = case when $14::integer is null then a.muted_until else excluded.muted_until end`,
    [
      workspaceId,
      teamId,
      channelId,
      setBy,
      wishes.reachedA,
      wishes.moved,
      wishes.leastMove,
      wishes.runs,
      wishes.budget,
      wishes.cadence,
      wishes.weekday,
      wishes.hour,
      wishes.timeZone,
      muteHours,
    ],
  );
}

/** The channel hears nothing any more, also of what waited. False where it heard nothing before. */
export async function deleteChannelAlerts(tx: Tx, { teamId, channelId }: SlackChannel): Promise<boolean> {
  const { rowCount } = await tx.query(
    'delete from slack_channel_alerts where team_id = $1 and channel_id = $2',
    [teamId, channelId],
  );
  return rowCount === 1;
}

/** Nothing can be posted there: notes why, and gives up what waited. */
export async function stopChannelAlerts(
  tx: Tx,
  { teamId, channelId }: SlackChannel,
  problem: string,
): Promise<void> {
  const at = [teamId, channelId];
  await tx.query('update slack_channel_alerts set problem = $3 where team_id = $1 and channel_id = $2', [
    ...at,
    problem,
  ]);
  await tx.query(
    `update slack_posts set state = 'dropped', reason = $3, gathering = false, settled_at = now(), leased_until = null
     where team_id = $1 and channel_id = $2 and state = 'open'`,
    [...at, problem],
  );
  await tx.query('delete from slack_news where team_id = $1 and channel_id = $2 and post_id is null', at);
}

/** A time zone by its IANA name, however it is spelled in capitals: as the database knows it; null: it does not. */
export async function findTimeZone(tx: Tx, name: string): Promise<string | null> {
  const { rows } = await tx.query<{ name: string }>(
    `select name from pg_timezone_names where lower(name) = lower($1) and name !~ '^(posix|right)/|^(posixrules|Factory)$' limit 1`,
    [name],
  );
  return rows[0]?.name ?? null;
}
