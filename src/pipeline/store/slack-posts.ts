import type { Tx } from '../../db.ts';
import type { SlackChannel } from './slack-channel-alerts.ts';

/** A message into a channel that wants to hear of what happens. */
export type SlackPost = SlackChannel & {
  id: string;
  kind: 'news' | 'settings';
  /** It may have gone out. */
  sending: boolean;
  attempt: number;
  plannedAt: Date;
};

/** A message that is to be sent, and when. */
export type PlannedPost = { id: string; dueAt: Date };

// Of what comes at once, at most a message a minute: a run over thousands of companies must not flood a channel.
const LEAST_GAP_SECONDS = 60;

// When the next message of the channel `a` is due. In the channel's own time zone, so that nine o'clock stays nine o'clock.
const NEXT_DUE = `(
  select case a.cadence
    when 'at-once' then greatest(now(), coalesce((
      select max(o.due_at) + make_interval(secs => ${LEAST_GAP_SECONDS}) from slack_posts o
      where o.workspace_id = a.workspace_id and o.team_id = a.team_id and o.channel_id = a.channel_id and o.kind = 'news'
        and not o.gathering), now()))
    when 'daily' then (case when today > here then today else today + interval '1 day' end) at time zone a.time_zone
    else (case when this_week > here then this_week else this_week + interval '7 days' end) at time zone a.time_zone
  end
  from (select now() at time zone a.time_zone as here) h
    cross join lateral (select date_trunc('day', here) + make_interval(hours => a.hour) as today) d
    cross join lateral (select date_trunc('week', here) + make_interval(days => a.weekday - 1, hours => a.hour) as this_week) w)`;

/**
 * Opens a message in each channel for which something waits and where none gathers yet. What happens until it is due is told in it.
 * @returns the new ones
 */
export async function openPosts(tx: Tx): Promise<PlannedPost[]> {
  const { rows } = await tx.query<PlannedPost>(
    `insert into slack_posts (workspace_id, team_id, channel_id, kind, gathering, due_at)
     select a.workspace_id, a.team_id, a.channel_id, 'news', true, ${NEXT_DUE}
     from slack_channel_alerts a
     where exists (select from slack_news n where n.workspace_id = a.workspace_id and n.team_id = a.team_id
         and n.channel_id = a.channel_id and n.post_id is null)
       and not exists (select from slack_posts p where p.workspace_id = a.workspace_id and p.team_id = a.team_id
         and p.channel_id = a.channel_id and p.gathering)
     order by a.team_id, a.channel_id
     on conflict do nothing returning id, due_at as "dueAt"`,
  );
  return rows;
}

/** Opens the message that tells a channel what it hears from now on, and moves the one that gathers to when it is due by that. */
export async function openSettingsPost(tx: Tx, channel: SlackChannel): Promise<PlannedPost[]> {
  const { workspaceId, teamId, channelId } = channel;
  const { rows: moved } = await tx.query<PlannedPost>(
    `update slack_posts p set due_at = ${NEXT_DUE} from slack_channel_alerts a
     where p.workspace_id = a.workspace_id and p.team_id = a.team_id and p.channel_id = a.channel_id and p.gathering
       and a.team_id = $1 and a.channel_id = $2
     returning p.id, p.due_at as "dueAt"`,
    [teamId, channelId],
  );
  const { rows: opened } = await tx.query<PlannedPost>(
    `insert into slack_posts (workspace_id, team_id, channel_id, kind, gathering, due_at)
     values ($1, $2, $3, 'settings', false, now()) returning id, due_at as "dueAt"`,
    [workspaceId, teamId, channelId],
  );
  return [...moved, ...opened];
}

// A message that could not be sent for so long holds up no other one.
const HELD_UP_DAYS = 4;

/**
 * Takes a message into one worker's hands for `seconds`, with all that waits to be told in it.
 * @returns `busy`: another worker has it, or an earlier message of the channel is still to be sent; `closed`: it was sent, or is gone;
 * how many milliseconds too early it is
 */
export async function takePost(
  tx: Tx,
  id: string,
  seconds: number,
): Promise<SlackPost | 'busy' | 'closed' | { earlyMs: number }> {
  const { rows } = await tx.query<SlackPost>(
    `update slack_posts p set attempt = attempt + 1, leased_until = clock_timestamp() + make_interval(secs => $2), gathering = false
     where id = $1 and state = 'open' and due_at <= clock_timestamp()
       and (leased_until is null or leased_until < clock_timestamp())
       and not exists (select from slack_posts o where o.workspace_id = p.workspace_id and o.team_id = p.team_id
         and o.channel_id = p.channel_id and o.state = 'open' and not o.gathering and o.planned_at < p.planned_at
         and o.planned_at > now() - make_interval(days => $3))
     returning workspace_id as "workspaceId", id, team_id as "teamId", channel_id as "channelId", kind, sending, attempt,
       planned_at as "plannedAt"`,
    [id, seconds, HELD_UP_DAYS],
  );
  const [post] = rows;
  if (post === undefined) return whyNot(tx, id);
  if (post.kind === 'news' && post.attempt === 1)
    await tx.query(
      'update slack_news set post_id = $1 where team_id = $2 and channel_id = $3 and post_id is null',
      [id, post.teamId, post.channelId],
    );
  return post;
}

async function whyNot(tx: Tx, id: string): Promise<'busy' | 'closed' | { earlyMs: number }> {
  const { rows } = await tx.query<{ earlyMs: number }>(
    `select ceil(extract(epoch from due_at - clock_timestamp()) * 1000)::integer as "earlyMs" from slack_posts
     where id = $1 and state = 'open'`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return 'closed';
  return row.earlyMs > 0 ? row : 'busy';
}

type Held = Pick<SlackPost, 'id' | 'attempt'>;
const HELD = `id = $1 and attempt = $2 and state = 'open'`;

/** Notes that it is about to go out. False when it is in other hands. */
export async function noteSendingPost(tx: Tx, { id, attempt }: Held): Promise<boolean> {
  const { rowCount } = await tx.query(`update slack_posts set sending = true where ${HELD}`, [id, attempt]);
  return rowCount === 1;
}

/** Lets go of a message that is still to be sent; `sending`: it may have gone out. */
export async function releasePost(tx: Tx, { id, attempt }: Held, sending: boolean): Promise<void> {
  await tx.query(`update slack_posts set leased_until = null, sending = $3 where ${HELD}`, [
    id,
    attempt,
    sending,
  ]);
}

/** It was sent; or, with the reason, it can't be. */
export async function closePost(tx: Tx, { id, attempt }: Held, reason: string | null): Promise<void> {
  await tx.query(
    `update slack_posts set state = case when $3::text is null then 'sent' else 'dropped' end, reason = $3,
       settled_at = now(), leased_until = null where ${HELD}`,
    [id, attempt, reason],
  );
}

/** Whoever tried to send it broke down. */
export async function dropPost(tx: Tx, id: string, reason: string): Promise<void> {
  await tx.query(
    `update slack_posts set state = 'dropped', reason = $2, gathering = false, settled_at = now(), leased_until = null
     where id = $1 and state = 'open'`,
    [id, reason],
  );
}

// Longer than a month: of that month's budget each channel hears once.
const KEPT_DAYS = 40;

/** Forgets messages that were sent long ago, and what they told. */
export async function forgetOldPosts(tx: Tx): Promise<void> {
  await tx.query(
    `delete from slack_posts where state <> 'open' and planned_at < now() - make_interval(days => $1)`,
    [KEPT_DAYS],
  );
}
