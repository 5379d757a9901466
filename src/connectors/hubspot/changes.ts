import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { ChangePage, CrmRecord, SyncCursor } from '../crm.ts';
import type { ObjectPlan } from '../crm-reading.ts';
import type { UnreadableRow } from '../unreadable.ts';
import { HUBSPOT_API_VERSION } from './api.ts';
import type { ApiAnswer, HubspotApi } from './api.ts';
import { goBack, readPlace } from './cursor.ts';
import type { Place } from './cursor.ts';
import { objectPath } from './fields.ts';
import type { HubspotObject } from './fields.ts';
import { judgeRows } from './judge-rows.ts';
import type { JudgedRows } from './judge-rows.ts';
import { modifiedProperty, syncedProperties, toRecord, withMergedAway } from './records.ts';
import { RowPage } from './shapes.ts';
import type { ApiRecord } from './shapes.ts';

// CRM objects guide: a list page holds 100; search guide: a search page 200, and nothing past 10,000 results.
const LIST_PAGE = 100;
const SEARCH_PAGE = 200;
const SEARCH_LIMIT = 10_000;
// Of the list of archived records one sync walks at most this many pages, the next one goes on.
const ARCHIVED_PAGES = 50;

type Page = ApiAnswer<{
  results: unknown[];
  paging?: { next?: { after: string } | undefined } | null | undefined;
}>;

/**
 * Changed records of an object, page by page, each with a cursor from which a sync that is cut off goes on.
 * The first sync lists; later ones search for what changed since the last one began, in the order of the ids: a page
 * starts behind the last id of the one before, so that no search ever goes near its 10,000 results and any number of
 * records with one timestamp comes through.
 */
export async function* readChanges(
  api: HubspotApi,
  plan: ObjectPlan<HubspotObject>,
  cursor: SyncCursor | null,
  options: CallOptions,
  seen: (record: ApiRecord) => void,
  now: Date,
): AsyncGenerator<ChangePage> {
  let place = readPlace(cursor, now);
  const judge = (page: Page): JudgedRows => {
    place = { ...place, startedAt: place.startedAt ?? page.sentAt.toISOString() };
    const judged = judgeRows(plan.object, page.data.results);
    judged.readable.forEach(seen);
    return judged;
  };
  const show = (records: CrmRecord[], unreadable: readonly UnreadableRow[]): ChangePage => ({
    records,
    unreadable,
    cursor: { ...place },
  });

  for (let pages = 1; place.phase === 'archived'; pages += 1) {
    const page = await listPage(api, plan, place.archivedAfter, true, options);
    const { readable, unreadable } = judge(page);
    const known = place.archivedSince;
    const records = readable
      .filter((record) => known === null || (record.archivedAt ?? known) >= known)
      .map((record) => ({ ...toRecord(plan, record), deleted: true }));
    place = passArchived(place, page, pages);
    if (records.length + unreadable.length > 0 || place.phase === 'archived') yield show(records, unreadable);
  }
  while (place.phase === 'list') {
    const page = await listPage(api, plan, place.after, false, options);
    const { readable, unreadable } = judge(page);
    const records = readable.flatMap((record) => withMergedAway(toRecord(plan, record), record));
    const next = nextPage('list', place.after, page);
    place = next === null ? { ...place, phase: 'done', after: null } : { ...place, after: next };
    yield show(records, unreadable);
  }
  let offset: string | null = null;
  while (place.phase === 'search') {
    const page: Page = await searchPage(api, plan, place, offset, options);
    const { readable, unreadable, ids } = judge(page);
    const records = readable.flatMap((record) => withMergedAway(toRecord(plan, record), record));
    const next = page.data.paging?.next?.after ?? null;
    const last = lastId(ids, place.after);
    // A page may come empty, or without an id to go on behind, although there are more: only then is HubSpot's own paging followed.
    offset = last === place.after ? next : null;
    if (next === null) place = { ...place, phase: 'done', after: null };
    else if (offset !== null && Number(offset) + SEARCH_PAGE > SEARCH_LIMIT)
      throw malformed('search', 'gives empty pages without an end');
    else place = { ...place, after: last };
    yield show(records, unreadable);
  }
}

/** Where the walk through archived records stands after a page; at its end, or at the bound, the sync goes on. */
function passArchived(place: Place, page: Page, pages: number): Place {
  const began = place.archivedStartedAt ?? page.sentAt.toISOString();
  const next = nextPage('list', place.archivedAfter, page);
  const phase = place.since === null ? 'list' : 'search';
  const archivedPages = (place.archivedStartedAt === null ? 0 : place.archivedPages) + 1;
  if (next === null)
    return {
      ...place,
      phase,
      archivedAfter: null,
      archivedSince: goBack(began),
      archivedStartedAt: null,
      archivedPages,
    };
  const walked = { ...place, archivedAfter: next, archivedStartedAt: began, archivedPages };
  return pages >= ARCHIVED_PAGES ? { ...walked, phase } : walked;
}

function nextPage(operation: string, before: string | null, page: Page): string | null {
  const next = page.data.paging?.next?.after ?? null;
  if (next !== null && next === before) throw malformed(operation, `gives page ${next} again and again`);
  return next;
}

/**
 * @returns the last id of a page; the one before for a page without ids
 * @throws ProviderError (malformed) where the ids do not go up: behind the last one, records would be left out
 */
function lastId(ids: readonly string[], before: string | null): string | null {
  let last = before;
  for (const id of ids) {
    if (last !== null && !isBeyond(id, last))
      throw malformed(
        'search',
        `gives ${id}, which is not beyond ${last}, though it was asked for in that order`,
      );
    last = id;
  }
  return last;
}

/** By number: ids may be longer than what a number holds exactly. */
function isBeyond(id: string, other: string): boolean {
  return id.length === other.length ? id > other : id.length > other.length;
}

function malformed(operation: string, message: string): ProviderError {
  return new ProviderError({ provider: 'hubspot', operation, kind: 'malformed', message });
}

function listPage(
  api: HubspotApi,
  plan: ObjectPlan<HubspotObject>,
  after: string | null,
  archived: boolean,
  options: CallOptions,
): Promise<Page> {
  const request = {
    operation: 'list',
    method: 'GET' as const,
    path: `/crm/objects/${HUBSPOT_API_VERSION}/${objectPath(plan.object)}`,
    query: {
      limit: String(LIST_PAGE),
      properties: syncedProperties(plan).join(','),
      archived: String(archived),
      ...(after === null ? {} : { after }),
    },
    schema: RowPage,
    repeatable: true,
  };
  return api.send(request, options);
}

function searchPage(
  api: HubspotApi,
  plan: ObjectPlan<HubspotObject>,
  place: Place,
  offset: string | null,
  options: CallOptions,
): Promise<Page> {
  const since = Date.parse(place.since ?? new Date(0).toISOString());
  const filters = [
    { propertyName: modifiedProperty(plan.object), operator: 'GTE', value: String(since) },
    ...(place.after === null ? [] : [{ propertyName: 'hs_object_id', operator: 'GT', value: place.after }]),
  ];
  const request = {
    operation: 'search',
    method: 'POST' as const,
    path: `/crm/objects/${HUBSPOT_API_VERSION}/${objectPath(plan.object)}/search`,
    body: {
      limit: SEARCH_PAGE,
      filterGroups: [{ filters }],
      // Ascending, as the library's types write it.
      sorts: ['hs_object_id'],
      properties: [...syncedProperties(plan)],
      ...(offset === null ? {} : { after: offset }),
    },
    schema: RowPage,
    repeatable: true,
  };
  return api.send(request, options);
}
