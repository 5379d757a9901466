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

/** The place to go on from: the start of a new sync when the last one was done, else the middle of the one cut off. */
export function readPlace(cursor: SyncCursor | null): Place {
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
    };
  const place = Place.parse(cursor);
  if (place.phase !== 'done') return place;
  const next = { ...place, phase: 'archived' as const, startedAt: null, after: null };
  const { startedAt } = place;
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
