import { z } from 'zod';
import type { StreamPosition } from '../../connectors/crm-told.ts';
import type { Tx } from '../../db.ts';

/** How the listening to one connection's change events stands. */
export type ChangeStream = {
  connectionId: string;
  /** A worker holds it now. */
  held: boolean;
  /** Listening since then; null: it does not, and `because` says why. */
  followingSince: Date | null;
  /** What is wrong, or what is not listened to although the rest is. */
  because: string | null;
  lastEventAt: Date | null;
};

type At = { workspaceId: string; connectionId: string };
/** A worker's hold on a stream: whatever it writes counts only while it lasts. */
export type Hold = At & { holder: string };

const Position = z.partialRecord(z.enum(['Account', 'Lead', 'Contact', 'company', 'contact']), z.number());

/**
 * Takes the stream for that long if nobody holds it, by the database's clock, and answers where to go on; null: somebody does.
 * Whoever holds it already takes it again.
 */
export async function takeStream(
  tx: Tx,
  { workspaceId, connectionId, holder }: Hold,
  forMs: number,
): Promise<StreamPosition | null> {
  const { rows } = await tx.query<{ position: unknown }>(
    `insert into change_streams as s (workspace_id, connection_id, holder, held_until)
     values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4::double precision / 1000))
     on conflict (workspace_id, connection_id) do update set holder = excluded.holder, held_until = excluded.held_until
       where s.holder is null or s.holder = excluded.holder or s.held_until < clock_timestamp()
     returning s.position`,
    [workspaceId, connectionId, holder, forMs],
  );
  return rows[0] === undefined ? null : Position.parse(rows[0].position);
}

/** Holds on to it. False: somebody else took it meanwhile. */
export async function renewStream(tx: Tx, { connectionId, holder }: Hold, forMs: number): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update change_streams set held_until = clock_timestamp() + make_interval(secs => $3::double precision / 1000)
     where connection_id = $1 and holder = $2`,
    [connectionId, holder, forMs],
  );
  return rowCount === 1;
}

/** Everything up to there is kept. False: somebody else holds the stream by now, and knows better. */
export async function advanceStream(
  tx: Tx,
  { connectionId, holder }: Hold,
  position: StreamPosition,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update change_streams set position = $3,
       last_event_at = case when position = $3 then last_event_at else clock_timestamp() end
     where connection_id = $1 and holder = $2`,
    [connectionId, holder, JSON.stringify(position)],
  );
  return rowCount === 1;
}

/** It listens, to everything or to all but what `because` names. */
export async function noteFollowing(
  tx: Tx,
  { connectionId, holder }: Hold,
  because: string | null,
): Promise<void> {
  await tx.query(
    `update change_streams set following_since = coalesce(following_since, clock_timestamp()), because = $3
     where connection_id = $1 and holder = $2`,
    [connectionId, holder, because],
  );
}

/** It does not listen any more, and why. */
export async function noteNotFollowing(
  tx: Tx,
  { connectionId, holder }: Hold,
  because: string,
): Promise<void> {
  await tx.query(
    'update change_streams set following_since = null, because = $3 where connection_id = $1 and holder = $2',
    [connectionId, holder, because],
  );
}

/** Lets go of it, so that another worker may take it at once. */
export async function releaseStream(tx: Tx, { connectionId, holder }: Hold): Promise<void> {
  await tx.query(
    `update change_streams set holder = null, held_until = null, following_since = null
     where connection_id = $1 and holder = $2`,
    [connectionId, holder],
  );
}

/** How the listening stands, for people to see. */
export async function listStreams(tx: Tx): Promise<ChangeStream[]> {
  const { rows } = await tx.query<ChangeStream>(
    `select connection_id as "connectionId", coalesce(held_until > clock_timestamp(), false) as held,
       following_since as "followingSince", because, last_event_at as "lastEventAt" from change_streams`,
  );
  return rows;
}
