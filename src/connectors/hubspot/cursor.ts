import { z } from 'zod';
import type { SyncCursor } from '../crm.ts';

const Moment = z.iso.datetime();

/** Where a sync stands. A sync reads archived records first, then lists everything (`list`) or searches changes. */
const Place = z.object({
  phase: z.enum(['archived', 'list', 'search', 'done']),
  /** HubSpot's clock when the sync under way, or the last one done, began; null: not begun. */
  startedAt: Moment.nullable(),
  /** Records changed since then are searched; null: everything is listed. */
  since: Moment.nullable(),
  /** When the last sync began that looked far back, or listed everything; null: none did. */
  farBackAt: Moment.nullable().default(null),
  /** The sync under way, or the last one done, looks far back. */
  isFarBack: z.boolean().default(false),
  /** The page of the list, or the last id of the search. */
  after: z.string().nullable(),
  /** Records archived before this are known; null: none are. */
  archivedSince: Moment.nullable(),
  /** The page where the walk through archived records stands; null: at its start. */
  archivedAfter: z.string().nullable(),
  /** When that walk began. */
  archivedStartedAt: Moment.nullable(),
  /** Pages of the walk under way, or of the last one. */
  archivedPages: z.number().int().min(0).default(0),
});
export type Place = z.infer<typeof Place>;

/**
 * How far back a sync looks behind the start of the last one. Search finds a change only some moments after it was
 * made, and clocks differ; what comes twice does no harm.
 */
export const LOOKBACK_MS = 5 * 60_000;
/**
 * On a bad day search finds a change much later, and its time of change is the old one. So once in this while a sync looks back this far
 * behind the last one that did: a change that shows within an hour is not missed.
 */
const FAR_BACK_MS = 60 * 60_000;

export function goBack(moment: string, byMs = LOOKBACK_MS): string {
  return new Date(Date.parse(moment) - byMs).toISOString();
}

// The list of archived records knows no filter and no order: each walk reads all of it. So many pages are walked in every sync; a longer list
// costs one call in this time, and is walked once a day at least.
const ALWAYS_WALKED_PAGES = 10;
const MS_PER_ARCHIVED_PAGE = 90_000;
const WALK_AT_LEAST_EVERY_MS = 86_400_000;

/** Is it time for another walk through the archived records? One that was cut off goes on in any case. */
function isWalkDue({ archivedAfter, archivedSince, archivedPages }: Place, now: Date): boolean {
  if (archivedAfter !== null || archivedSince === null || archivedPages <= ALWAYS_WALKED_PAGES) return true;
  const age = now.getTime() - (Date.parse(archivedSince) + LOOKBACK_MS);
  return age >= Math.min(WALK_AT_LEAST_EVERY_MS, archivedPages * MS_PER_ARCHIVED_PAGE);
}

/** The place to go on from: the start of a new sync when the last one was done, else the middle of the one cut off. */
export function readPlace(cursor: SyncCursor | null, now: Date): Place {
  if (cursor === null)
    return {
      phase: 'archived',
      startedAt: null,
      since: null,
      farBackAt: null,
      isFarBack: false,
      after: null,
      archivedSince: null,
      archivedAfter: null,
      archivedStartedAt: null,
      archivedPages: 0,
    };
  const place = Place.parse(cursor);
  if (place.phase !== 'done') return place;
  const { startedAt } = place;
  const rest = startedAt === null ? ('list' as const) : ('search' as const);
  const phase = isWalkDue(place, now) ? ('archived' as const) : rest;
  const next = { ...place, phase, startedAt: null, after: null };
  if (startedAt === null) return { ...next, since: null, farBackAt: null, isFarBack: false };
  const farBackAt = place.isFarBack || place.farBackAt === null ? startedAt : place.farBackAt;
  const isFarBack = Date.parse(startedAt) - Date.parse(farBackAt) >= FAR_BACK_MS;
  return {
    ...next,
    farBackAt,
    isFarBack,
    since: isFarBack ? goBack(farBackAt, FAR_BACK_MS) : goBack(startedAt),
  };
}
