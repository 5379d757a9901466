import { z } from 'zod';
import type { CrmObject } from '../../connectors/crm.ts';
import { FIELDS } from '../../connectors/crm-fields.ts';
import type { Telling } from '../../pipeline/tell-hints.ts';

const Id = z
  .union([z.number().int().nonnegative(), z.string().regex(/^\d{1,19}$/)])
  .transform((id) => String(id));

/** What we look at of an event, of the classic form (`company.propertyChange`) or the generic one (`object.propertyChange`). */
const Event = z.object({
  portalId: Id,
  appId: Id.optional(),
  subscriptionType: z.string(),
  /** Of the generic form only. */
  objectTypeId: z.string().optional(),
  objectId: Id.optional(),
  propertyName: z.string().optional(),
  changeSource: z.string().optional(),
  sourceId: z.union([z.string(), z.number()]).optional(),
  primaryObjectId: Id.optional(),
  mergedObjectIds: z.array(Id).optional(),
  newObjectId: Id.optional(),
});
type Event = z.infer<typeof Event>;

export type Delivery = {
  /** What is to be told of each account, by its portal id. */
  tellings: ReadonlyMap<string, Telling[]>;
  /** Events of what we did ourselves. */
  own: number;
  /** Events of objects or of kinds that we do not look at. */
  ignored: number;
  /** Events that are none as HubSpot describes them. */
  unreadable: number;
};

/** The body of a delivery, whose signature was right, as what it tells us. Events of several accounts may come in one. */
export function readDelivery(body: Buffer): Delivery {
  const delivery = { tellings: new Map<string, Telling[]>(), own: 0, ignored: 0, unreadable: 0 };
  for (const one of readEvents(body)) {
    const event = Event.safeParse(one);
    if (!event.success) delivery.unreadable += 1;
    else if (isOwn(event.data)) delivery.own += 1;
    else {
      const told = toTellings(event.data);
      if (told.length === 0) delivery.ignored += 1;
      else {
        const { portalId } = event.data;
        delivery.tellings.set(portalId, [...(delivery.tellings.get(portalId) ?? []), ...told]);
      }
    }
  }
  return delivery;
}

/** What is no list of events counts as one event that can't be read. */
function readEvents(body: Buffer): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    return Array.isArray(parsed) ? parsed : [parsed];
  } catch {
    return [null];
  }
}

const OURS = new Set<string>(FIELDS.map(({ hubspotName }) => hubspotName));

/** A change of our own fields, by whomever, or anything that our own app did: its id is the event's. */
function isOwn({ propertyName, changeSource, sourceId, appId }: Event): boolean {
  if (propertyName !== undefined && OURS.has(propertyName)) return true;
  return changeSource === 'INTEGRATION' && appId !== undefined && String(sourceId) === appId;
}

// HubSpot's numbers of the objects ("Understanding the CRM"), and their names in the classic form.
const OBJECTS: Readonly<Record<string, CrmObject>> = {
  '0-1': 'contact',
  '0-2': 'company',
  contact: 'contact',
  company: 'company',
};

function toTellings(event: Event): Telling[] {
  const [scope = '', action = ''] = event.subscriptionType.split('.');
  const object = OBJECTS[scope === 'object' ? (event.objectTypeId ?? '') : scope];
  if (object === undefined) return [];
  const about = (ids: readonly (string | undefined)[], rest: Pick<Telling, 'kind' | 'fields'>): Telling[] =>
    [...new Set(ids)].flatMap((externalId) =>
      externalId === undefined ? [] : { object, externalId, ...rest },
    );
  switch (action) {
    case 'creation':
    case 'restore':
      return about([event.objectId], { kind: 'changed', fields: null });
    case 'propertyChange': {
      const fields = event.propertyName === undefined ? null : [event.propertyName];
      return about([event.objectId], { kind: 'changed', fields });
    }
    case 'deletion':
    case 'privacyDeletion':
      return about([event.objectId], { kind: 'gone', fields: null });
    case 'merge': {
      const { objectId, primaryObjectId, mergedObjectIds = [], newObjectId } = event;
      return about([primaryObjectId, ...mergedObjectIds, newObjectId, objectId], {
        kind: 'merged',
        fields: null,
      });
    }
    default:
      return [];
  }
}
