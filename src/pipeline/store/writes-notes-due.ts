import type { Tx } from '../../db.ts';
import { RUN, listOpenRuns } from './writes-due.ts';
import { lockRows } from './writes-outbox.ts';

// Word for word as the index has it, and no other one; `$1` is the connection.
export const FREE = `case when w.state = 'planned' and w.waits_for is null then w.connection_id end = $1
  and w.state = 'planned' and w.waits_for is null and w.field = 'note'`;
const SETTLED = `case when awaited then connection_id end = $1 and awaited and state not in ('planned', 'sending')`;
const ON_THEIR_WAY = `case when w.state = 'sending' then w.connection_id end = $1 and w.state = 'sending' and w.field = 'note'`;
const DUE = `greatest(coalesce(w.not_before, '-infinity'), coalesce(w.leased_until, '-infinity'))`;
/** The open rows of the band of a note's record. "offset 0" is a fence: the record's rows are looked up by their own index. */
const BANDS = `(select json_agg(id order by id) from (select id, field, state from writes where connection_id = w.connection_id
  and object = w.object and external_id = w.external_id offset 0) as band
  where band.field = 'band' and band.state in ('planned', 'sending'))`;

const ROWS_AT_ONCE = 200;
// Notes that are found to wait, or to wait no more, in one claim: the next one goes on.
const MOST_SORTED = 2_000;
// So many are looked at for when the next one is due.
const MOST_LOOKED_AT = 1_000;

/**
 * Notes that may be made or removed now, up to `limit`, those on their way first. A note whose band is open is set aside until the
 * band is settled, so that each is looked at when it is planned and when its band is settled, never with every claim.
 * `more`: there was too much to set aside, or to fetch back, for one time.
 */
export async function listDueNotes(
  tx: Tx,
  connectionId: string,
  { limit, askedOnly }: { limit: number; askedOnly: boolean },
): Promise<{ ids: number[]; more: boolean }> {
  const fetched = await fetchBack(tx, connectionId);
  const ids = await listLeft(tx, connectionId, { limit, askedOnly });
  let runs = await listOpenRuns(tx, connectionId, FREE, askedOnly);
  let behind = 0;
  let aside = 0;
  while (runs.length > 0 && ids.length < limit) {
    if (aside >= MOST_SORTED) return { ids, more: true };
    const walked = await walk(tx, connectionId, runs, behind);
    const due = walked.filter((note) => note.due);
    const waiting = await setAside(tx, due.filter((note) => note.bands !== null)); // prettier-ignore
    aside += waiting.size;
    ids.push(...due.flatMap(({ id }) => (waiting.has(id) ? [] : [id])));
    const last = walked.at(-1);
    if (last === undefined || walked.length < ROWS_AT_ONCE) break;
    runs = runs.slice(last.run - 1);
    behind = last.id;
  }
  return { ids: ids.slice(0, limit), more: fetched >= MOST_SORTED };
}

/** How long until the next note may be looked at, in milliseconds; null: none may, before something else happens. */
export async function readNextNote(tx: Tx, connectionId: string): Promise<number | null> {
  const runs = await listOpenRuns(tx, connectionId, FREE, false);
  const { rows } = await tx.query<{ dueInMs: number | null }>(
    `select (extract(epoch from min(greatest(due, now())) - now()) * 1000)::float8 as "dueInMs" from (
       (select '-infinity'::timestamptz as due from writes where ${SETTLED} limit 1)
       union all (select ${DUE} from writes w where ${ON_THEIR_WAY} and ${BANDS} is null)
       union all (select free.due from unnest($2::uuid[]) as run cross join lateral (
         select ${DUE} as due from writes w where ${FREE} and ${RUN} = run order by w.id limit $3) as free limit $3)) as open`,
    [connectionId, runs, MOST_LOOKED_AT],
  );
  return rows[0]?.dueInMs ?? null;
}

/** Notes whose band was settled since: they are to be looked at. Returns how many bands there were. */
async function fetchBack(tx: Tx, connectionId: string): Promise<number> {
  const { rows } = await tx.query<{ id: number }>(
    `select id from writes where ${SETTLED} order by id limit $2`,
    [connectionId, MOST_SORTED],
  );
  if (rows.length === 0) return 0;
  const bands = rows.map(({ id }) => id);
  const { rows: notes } = await tx.query<{ id: number }>('select id from writes where waits_for = any($1)', [bands]); // prettier-ignore
  const ids = notes.map(({ id }) => id);
  await lockRows(tx, [...bands, ...ids]);
  await tx.query('update writes set waits_for = null where id = any($1)', [ids]);
  await tx.query('update writes set awaited = false where id = any($1)', [bands]);
  return bands.length;
}

/** What another flusher left on its way. */
async function listLeft(
  tx: Tx,
  connectionId: string,
  { limit, askedOnly }: { limit: number; askedOnly: boolean },
): Promise<number[]> {
  const { rows } = await tx.query<{ id: number }>(
    `select w.id from writes w left join runs r on r.id = w.run_id
     where ${ON_THEIR_WAY} and ${DUE} <= now() and (r.kind = 'interactive' or not $3) and ${BANDS} is null order by w.id limit $2`,
    [connectionId, limit, askedOnly],
  );
  return rows.map(({ id }) => id);
}

type WalkedNote = {
  id: number;
  due: boolean;
  /** Open rows of its band; null: there are none. */
  bands: number[] | null;
  /** Its run's place among those asked for, counted from 1. */
  run: number;
};

/** The next notes, one run after the other; of the first run only those `behind` that id. */
async function walk(
  tx: Tx,
  connectionId: string,
  runs: readonly string[],
  behind: number,
): Promise<WalkedNote[]> {
  const { rows } = await tx.query<WalkedNote>(
    `select w.id, w.due <= now() as due, ${BANDS} as bands, run.place as run
     from unnest($2::uuid[]) with ordinality as run (id, place) cross join lateral (
       select w.id, w.connection_id, w.object, w.external_id, ${DUE} as due from writes w
       where ${FREE} and ${RUN} = run.id and w.id > case when run.place = 1 then $3::bigint else 0 end
       order by w.id limit $4) as w
     limit $4`,
    [connectionId, runs, behind, ROWS_AT_ONCE],
  );
  return rows;
}

/** Sets notes aside until their band is settled. Returns those that wait: the band of another may have been settled in this moment. */
async function setAside(tx: Tx, notes: readonly WalkedNote[]): Promise<Set<number>> {
  if (notes.length === 0) return new Set();
  const locked = await lockRows(
    tx,
    notes.flatMap(({ id, bands }) => [id, ...(bands ?? [])]),
  );
  const open = new Set(
    locked.flatMap(({ id, state }) => (state === 'planned' || state === 'sending' ? [id] : [])),
  );
  const pairs = notes.flatMap(({ id, bands }) => {
    const band = bands?.find((one) => open.has(one));
    return band === undefined || !open.has(id) ? [] : [{ id, band }];
  });
  await tx.query('update writes set awaited = true where id = any($1) and not awaited', [pairs.map(({ band }) => band)]); // prettier-ignore
  await tx.query(
    `update writes w set waits_for = pair.band from unnest($1::bigint[], $2::bigint[]) as pair (id, band)
     where w.id = any($1) and w.id = pair.id`,
    [pairs.map(({ id }) => id), pairs.map(({ band }) => band)],
  );
  return new Set(pairs.map(({ id }) => id));
}
