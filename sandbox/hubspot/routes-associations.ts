import { z } from 'zod';
import { HubspotRefusal, refuse } from './answers.ts';
import { parseBody } from './bodies.ts';
import { crmPaths, handle, isDated, needAccess, param, readObjectType } from './portal.ts';
import type { Portal } from './portal.ts';
import { renderBatch } from './render.ts';
import type { ObjectType } from './schema.ts';
import { OBJECT_TYPES } from './schema.ts';

// Associations guide: up to 1,000 inputs in a batch read.
const BATCH_LIMIT = 1_000;
const PAGE_LIMIT = 500;

/** Type ids that HubSpot defines (associations guide, "Association type ID values"): the primary one and the plain one. */
const TYPE_IDS: Readonly<Record<string, { primary?: number; plain: number }>> = {
  'contacts companies': { primary: 1, plain: 279 },
  'companies contacts': { primary: 2, plain: 280 },
  'leads contacts': { primary: 578, plain: 608 },
  'contacts leads': { primary: 579, plain: 609 },
  'leads companies': { plain: 610 },
  'companies leads': { plain: 611 },
  'notes companies': { plain: 190 },
  'companies notes': { plain: 189 },
  'notes contacts': { plain: 202 },
  'contacts notes': { plain: 201 },
};

const BatchRead = z.object({ inputs: z.array(z.object({ id: z.string() })) });

/** Associations v4: read one record's, read many records', tie two by default. */
export function mountAssociations(portal: Portal): void {
  const { app, state } = portal;
  app.post(crmPaths('associations', '/:from/:to/batch/read', 'v4'), (request, response) => {
    handle(response, 'associations batch read', () => {
      const [from, to] = [readObjectType(param(request, 'from')), readObjectType(param(request, 'to'))];
      needAccess(portal, from, 'read');
      const { inputs } = parseBody(BatchRead, request.body);
      if (inputs.length > BATCH_LIMIT)
        throw refuse(`Invalid input JSON: inputs: size must be between 0 and ${BATCH_LIMIT}`);
      const listed = inputs.map(({ id }) => ({ id, ends: listEnds(portal, from, id, to) }));
      const results = listed.flatMap(({ id, ends }) =>
        ends.length === 0 ? [] : [{ from: { id }, to: ends }],
      );
      const errors = listed.flatMap(({ id, ends }) =>
        ends.length === 0 ? [noAssociation(from, id, to)] : [],
      );
      return {
        status: errors.length > 0 && !isDated(request) ? 207 : 200,
        body: renderBatch(results, errors, portal.clock.now()),
        units: inputs.length,
      };
    });
  });
  app.get(crmPaths('objects', '/:from/:id/associations/:to', 'v4'), (request, response) => {
    handle(response, 'associations', () => {
      const [from, to] = [readObjectType(param(request, 'from')), readObjectType(param(request, 'to'))];
      needAccess(portal, from, 'read');
      return { body: { results: listEnds(portal, from, param(request, 'id'), to).slice(0, PAGE_LIMIT) } };
    });
  });
  app.put(crmPaths('objects', '/:from/:id/associations/default/:to/:toId', 'v4'), (request, response) => {
    handle(response, 'associate', () => {
      const from = { type: readObjectType(param(request, 'from')), id: param(request, 'id') };
      const to = { type: readObjectType(param(request, 'to')), id: param(request, 'toId') };
      needAccess(portal, from.type, 'write');
      for (const end of [from, to]) {
        if (state.find(end.type, end.id) === undefined)
          throw new HubspotRefusal({
            status: 404,
            category: 'OBJECT_NOT_FOUND',
            message: `${OBJECT_TYPES[end.type].constant} ${end.id} does not exist`,
          });
      }
      const at = portal.clock.now().getTime();
      state.commit([{ kind: 'associate', from, to, at, by: portal.caller }]);
      const spec = {
        associationCategory: 'HUBSPOT_DEFINED',
        associationTypeId: typeIds(from.type, to.type).plain,
      };
      return {
        body: renderBatch(
          [{ from: { id: from.id }, to: { id: to.id }, associationSpec: spec }],
          [],
          portal.clock.now(),
        ),
      };
    });
  });
}

export function typeIds(from: ObjectType, to: ObjectType): { primary?: number; plain: number } {
  const ids = TYPE_IDS[`${from} ${to}`];
  if (ids === undefined) throw refuse(`No association between ${from} and ${to} is defined`);
  return ids;
}

/** What a record is tied to; the first contact-to-company tie is the primary one. */
function listEnds(portal: Portal, from: ObjectType, id: string, to: ObjectType): unknown[] {
  const { primary, plain } = typeIds(from, to);
  const record = portal.state.find(from, id);
  if (record === undefined) return [];
  return portal.state.links.list(record, to).map((toObjectId) => {
    const contact = from === 'contacts' ? record : portal.state.find('contacts', toObjectId);
    const company = from === 'contacts' ? toObjectId : record.id;
    const isPrimary = contact?.properties.associatedcompanyid === company;
    const types = [
      ...(isPrimary && primary !== undefined
        ? [{ category: 'HUBSPOT_DEFINED', typeId: primary, label: 'Primary' }]
        : []),
      { category: 'HUBSPOT_DEFINED', typeId: plain, label: null },
    ];
    return { toObjectId, associationTypes: types };
  });
}

function noAssociation(from: ObjectType, id: string, to: ObjectType): unknown {
  return {
    status: 'error',
    category: 'OBJECT_NOT_FOUND',
    subCategory: 'crm.associations.NO_ASSOCIATIONS_FOUND',
    message: `No ${to} is associated with ${OBJECT_TYPES[from].constant} ${id}.`,
    context: { fromObjectId: [id], fromObjectType: [from], toObjectType: [to] },
    links: {},
    errors: [],
  };
}
