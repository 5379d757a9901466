import type { Author, TwinEvent } from './events.ts';
import { modifiedProperty, OBJECT_TYPES } from './schema.ts';
import type { ObjectType } from './schema.ts';
import type { TwinState } from './state.ts';

/** One event as HubSpot sends it (webhooks guide, "Webhook payloads"); what its form and its kind add is in `more`. */
export type WebhookEvent = {
  eventId: number;
  subscriptionId: number;
  portalId: number;
  appId: number;
  occurredAt: number;
  subscriptionType: string;
  attemptNumber: number;
  objectId: number;
  changeSource: string;
  sourceId: string;
} & Record<string, unknown>;

/** `company.propertyChange`, or `object.propertyChange` with the object's number, or one event of each. */
export type WebhookForm = 'classic' | 'generic' | 'both';

type Happened = { type: ObjectType; id: string; action: string; at: number; by: Author; more?: object };

// Moved by every change, of which it is no subscription.
const SILENT = new Set(['hs_object_id', 'hs_createdate', 'createdate', 'hs_merged_object_ids']);

/** Watches changes of a portal: `commit` goes through it, and `tell` hears what webhooks would say of them. */
export function watchChanges(
  state: TwinState,
  isWatched: () => boolean,
  tell: (happened: Happened) => void,
): Pick<TwinState, 'commit'> {
  return {
    commit: (events) => {
      if (!isWatched()) return state.commit(events);
      // HubSpot takes no record twice in one batch, so each difference is one event's.
      const watched = events.map((event) => ({
        event,
        before: touchedBy(state, event).map((place) => ({ ...place, held: valuesOf(state, place) })),
      }));
      state.commit(events);
      for (const { event, before } of watched) {
        for (const happened of wholeOf(event)) tell(happened);
        for (const { type, id, held } of before)
          for (const [propertyName, propertyValue] of differences(
            type,
            held,
            valuesOf(state, { type, id }),
          )) {
            const { at, by } = event;
            tell({ type, id, action: 'propertyChange', at, by, more: { propertyName, propertyValue } });
          }
      }
    },
  };
}

type Place = { type: ObjectType; id: string };

/** Records that are there before an event and whose values it may change. */
function touchedBy(state: TwinState, event: TwinEvent): Place[] {
  if (event.kind === 'update') return [{ type: event.type, id: event.id }];
  if (event.kind === 'associate') return [event.from, event.to];
  if (event.kind !== 'merge' || event.type !== 'companies') return [];
  // The contacts of both companies get the new one's id.
  return [event.primary, event.other].flatMap((id) =>
    state.links
      .list({ type: 'companies', id }, 'contacts')
      .map((contact) => ({ type: 'contacts' as const, id: contact })),
  );
}

const valuesOf = (state: TwinState, { type, id }: Place): Record<string, string> => ({
  ...state.shelf(type).get(id)?.properties,
});

function differences(
  type: ObjectType,
  before: Record<string, string>,
  after: Record<string, string>,
): [name: string, value: string][] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
    before[name] === after[name] || SILENT.has(name) || name === modifiedProperty(type)
      ? []
      : [[name, after[name] ?? '']],
  );
}

/** What happened to whole records. */
function wholeOf(event: TwinEvent): Happened[] {
  const { at, by } = event;
  switch (event.kind) {
    case 'create':
      return [{ ...event, action: 'creation', more: { changeFlag: 'NEW' } }];
    case 'archive':
      return [{ ...event, action: 'deletion', more: { changeFlag: 'DELETED' } }];
    case 'restore':
      return [{ ...event, action: 'restore' }];
    case 'merge': {
      const merged = {
        primaryObjectId: Number(event.primary),
        mergedObjectIds: [Number(event.other)],
        newObjectId: Number(event.id),
        numberOfPropertiesMoved: 0,
      };
      return [{ type: event.type, id: event.id, action: 'merge', at, by, more: merged }];
    }
    default:
      return [];
  }
}

/** What happened, as the events of a portal's subscriptions. */
export function createEventWriter(app: { portalId: number; appId: number }) {
  let events = 0;
  return ({ type, id, action, at, by, more }: Happened, form: WebhookForm): WebhookEvent[] => {
    const { singular, typeId } = OBJECT_TYPES[type];
    const write = (subscriptionType: string, rest: object): WebhookEvent => ({
      eventId: (events += 1),
      subscriptionId: 100_000 + subscriptionType.length,
      ...app,
      occurredAt: at,
      subscriptionType,
      attemptNumber: 0,
      objectId: Number(id),
      changeSource: by.sourceType,
      sourceId: by.sourceId,
      ...more,
      ...rest,
    });
    return [
      ...(form === 'generic' ? [] : [write(`${singular}.${action}`, {})]),
      ...(form === 'classic' ? [] : [write(`object.${action}`, { objectTypeId: typeId })]),
    ];
  };
}
