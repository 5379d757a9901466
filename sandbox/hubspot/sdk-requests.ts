import type { NextFunction, Request, Response } from 'express';
import { sendError } from './answers.ts';
import { HUBSPOT_API_VERSION } from './portal.ts';
import { findModelFault } from './sdk-models.ts';

type Known = { method: string; path: RegExp; body?: string; query?: Readonly<Record<string, RegExp>> };

const names = /^[\w.]+(,[\w.]+)*$/;
const flag = /^(true|false)$/;
const objects = `/crm/objects/${HUBSPOT_API_VERSION}/[\\w-]+`;
const associations = `/crm/associations/${HUBSPOT_API_VERSION}/[\\w-]+/[\\w-]+`;
const properties = `/crm/properties/${HUBSPOT_API_VERSION}/[\\w-]+`;
const account = `/account-info/${HUBSPOT_API_VERSION}`;
const page = {
  limit: /^\d{1,3}$/,
  after: /^\S+$/,
  properties: names,
  propertiesWithHistory: names,
  associations: names,
  archived: flag,
};

/** What the library's typed methods send, on dated paths: their models, and the parameters of their methods. */
const KNOWN: readonly Known[] = [
  { method: 'GET', path: of(objects), query: page },
  { method: 'POST', path: of(`${objects}/search`), body: 'PublicObjectSearchRequest' },
  {
    method: 'POST',
    path: of(`${objects}/batch/read`),
    body: 'BatchReadInputSimplePublicObjectId',
    query: { archived: flag },
  },
  { method: 'POST', path: of(`${objects}/batch/update`), body: 'BatchInputSimplePublicObjectBatchInput' },
  {
    method: 'POST',
    path: of(`${objects}/batch/create`),
    body: 'BatchInputSimplePublicObjectBatchInputForCreate',
  },
  { method: 'POST', path: of(`${objects}/batch/archive`), body: 'BatchInputSimplePublicObjectId' },
  {
    method: 'POST',
    path: of(`${associations}/batch/read`),
    body: 'BatchInputPublicFetchAssociationsBatchRequest',
  },
  { method: 'GET', path: of(properties), query: { archived: flag, dataSensitivity: /^\w+$/ } },
  { method: 'POST', path: of(`${properties}/groups`), body: 'PropertyGroupCreate' },
  { method: 'POST', path: of(`${properties}/batch/create`), body: 'BatchInputPropertyCreate' },
  {
    method: 'GET',
    path: of(`/crm/owners/${HUBSPOT_API_VERSION}`),
    query: { email: /\S+@\S+/, after: /^\S+$/, limit: /^\d{1,3}$/, archived: flag },
  },
  // The library has no method for these: they take no parameters (account information guide).
  { method: 'GET', path: of(`${account}/details`) },
  { method: 'GET', path: of(`${account}/api-usage/daily/private-apps`) },
];

function of(path: string): RegExp {
  return new RegExp(`^${path}$`);
}

export type RequestCheck = {
  /** Mounted behind the body parser. */
  check(request: Request, response: Response, next: NextFunction): void;
  /** How many requests were held to the library's types, and how many of them did not fit. */
  counts(): { checked: number; refused: number };
};

/**
 * Holds what comes through HubSpot's library on dated paths, where its typed methods can't go, to the library's own request
 * types, and refuses what does not fit them.
 */
export function createRequestCheck(): RequestCheck {
  let [checked, refused] = [0, 0];
  return {
    counts: () => ({ checked, refused }),
    check: (request, response, next) => {
      const isLibrary = request.get('user-agent')?.startsWith('hubspot-api-client-nodejs;') ?? false;
      if (!isLibrary || !request.path.includes(`/${HUBSPOT_API_VERSION}`)) return next();
      checked += 1;
      const fault = findFault(request);
      if (fault === null) return next();
      refused += 1;
      sendError(response, {
        status: 400,
        category: 'VALIDATION_ERROR',
        message: `${request.method} ${request.path} is not as HubSpot's library types it: ${fault}`,
      });
    },
  };
}

function findFault(request: Request): string | null {
  const known = KNOWN.find(({ method, path }) => method === request.method && path.test(request.path));
  if (known === undefined) return 'no such request';
  for (const [name, value] of Object.entries(request.query)) {
    const pattern = known.query?.[name];
    if (pattern === undefined) return `no such parameter: ${name}`;
    if (typeof value !== 'string' || !pattern.test(value)) return `parameter ${name}`;
  }
  const body: unknown = request.body;
  if (known.body === undefined) return isEmpty(body) ? null : 'it takes no body';
  return findModelFault(known.body, body);
}

function isEmpty(body: unknown): boolean {
  return body === undefined || (typeof body === 'object' && body !== null && Object.keys(body).length === 0);
}
