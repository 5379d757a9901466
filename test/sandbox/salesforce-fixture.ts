import assert from 'node:assert/strict';
import type { World } from '../../sandbox/kit/world.ts';
import { salesforceId } from '../../sandbox/kit/world-ids.ts';
import { startSalesforceTwin } from '../../sandbox/salesforce/twin.ts';
import type { SalesforceTwin, SalesforceTwinOptions } from '../../sandbox/salesforce/twin.ts';

// jsforce sends even loopback calls through a proxy named here.
for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']) delete process.env[name];

export const accountId = (key: string): string => salesforceId('001', key);
export const leadId = (key: string): string => salesforceId('00Q', key);
export const contactId = (key: string): string => salesforceId('003', key);

const nothing = { industry: null, employees: null, country: null, phone: null, owner: null };

/** A world of three accounts, two leads (one converted) and a contact, plus `more` accounts. */
export function smallWorld(more = 0): World {
  const account = (key: string, name: string, website: string | null) => ({
    ...nothing,
    id: accountId(key),
    name,
    website,
    parentId: null,
  });
  const accounts = [
    {
      ...account('alder', 'Alder Robotics', 'https://alder.example/'),
      employees: 120,
      industry: 'Technology',
    },
    account('birch', 'Birch Freight', 'https://birch.example/'),
    account('cedar', 'Cedar Dairy', null),
  ];
  for (let index = 0; index < more; index += 1)
    accounts.push(account(`more-${index}`, `Company ${index}`, `https://company-${index}.example/`));
  const lead = (key: string, lastName: string, convertedAccountId: string | null) => ({
    ...nothing,
    id: leadId(key),
    firstName: 'Dana',
    lastName,
    email: `dana.${lastName.toLowerCase()}@alder.example`,
    title: 'CTO',
    company: 'Alder Robotics',
    website: null,
    convertedAccountId,
  });
  return {
    name: 'small',
    dir: '/nowhere',
    companies: [],
    duplicates: 0,
    pages: new Map(),
    news: [],
    filings: [],
    distractors: [],
    records: {
      salesforce: {
        accounts,
        leads: [lead('open', 'Quill', null), lead('converted', 'Rowan', accountId('alder'))],
        contacts: [
          {
            ...nothing,
            id: contactId('erin'),
            firstName: 'Erin',
            lastName: 'Sorrel',
            email: 'erin.sorrel@alder.example',
            title: 'Head of ML Platform',
            accountId: accountId('alder'),
          },
        ],
      },
      hubspot: { companies: [], contacts: [] },
    },
  };
}

/** Starts a twin on the small world; close it in `after`. */
export function startSmall(options: Partial<SalesforceTwinOptions> = {}): Promise<SalesforceTwin> {
  return startSalesforceTwin({
    world: smallWorld(),
    journalFile: null,
    clientId: 'integration-client',
    clientSecret: 'integration-secret',
    ...options,
  });
}

export type Reply = { status: number; body: unknown; headers: Headers };
export type Ask = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Reply>;

async function read(response: Response): Promise<Reply> {
  const text = await response.text();
  const json = response.headers.get('content-type')?.startsWith('application/json') === true;
  return { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers };
}

/** A raw HTTP client of the REST API, logged in as one of the two users. */
export async function login(twin: SalesforceTwin, as: 'integration' | 'administrator'): Promise<Ask> {
  const [id, secret] =
    as === 'integration' ? [twin.clientId, twin.clientSecret] : [twin.adminClientId, twin.adminClientSecret];
  const reply = await read(
    await fetch(`${twin.url}/services/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret }),
    }),
  );
  assert.equal(reply.status, 200);
  const { body } = reply;
  assert.ok(typeof body === 'object' && body !== null && 'access_token' in body);
  const token = String(body.access_token);
  return async (method, path, payload, headers = {}) => {
    const sent = payload === undefined || typeof payload === 'string' ? payload : JSON.stringify(payload);
    const url = path.startsWith('/services') ? path : `/services/data/v68.0${path}`;
    return read(
      await fetch(twin.url + url, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
        body: sent,
      }),
    );
  };
}

const soap = (token: string, method: string, components: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Header xmlns="http://soap.sforce.com/2006/04/metadata"><SessionHeader><sessionId>${token}</sessionId></SessionHeader></soapenv:Header><soapenv:Body xmlns="http://soap.sforce.com/2006/04/metadata"><${method}>${components}</${method}></soapenv:Body></soapenv:Envelope>`;

/** Sends one Metadata call as one of the two users. */
export async function callMetadata(
  twin: SalesforceTwin,
  as: 'integration' | 'administrator',
  method: string,
  components: string,
): Promise<Reply> {
  let token = '';
  const spy = await fetch(`${twin.url}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: as === 'integration' ? twin.clientId : twin.adminClientId,
      client_secret: as === 'integration' ? twin.clientSecret : twin.adminClientSecret,
    }),
  });
  const body: unknown = await spy.json();
  if (typeof body === 'object' && body !== null && 'access_token' in body) token = String(body.access_token);
  return read(
    await fetch(`${twin.url}/services/Soap/m/68.0`, {
      method: 'POST',
      headers: { 'content-type': 'text/xml', soapaction: '""' },
      body: soap(token, method, components),
    }),
  );
}

const component = (fullName: string, inner: string): string =>
  `<metadata xsi:type="CustomField"><fullName>${fullName}</fullName><label>${fullName.replace(/^.*\.|__c$/g, '')}</label>${inner}</metadata>`;

/** Creates a few fields on Account and lets the integration user read and edit them. */
export async function prepareFields(twin: SalesforceTwin): Promise<void> {
  const value = (name: string) =>
    `<value><fullName>${name}</fullName><default>false</default><label>${name}</label></value>`;
  const made = await callMetadata(
    twin,
    'administrator',
    'createMetadata',
    component('Account.Points__c', '<type>Number</type><precision>5</precision><scale>2</scale>') +
      component(
        'Account.Note__c',
        '<type>LongTextArea</type><length>4000</length><visibleLines>5</visibleLines>',
      ) +
      component('Account.Short__c', '<type>Text</type><length>20</length>') +
      component('Account.When__c', '<type>DateTime</type>') +
      component('Account.Hidden__c', '<type>Text</type><length>20</length>') +
      component('Account.Shown__c', '<type>Text</type><length>20</length>') +
      component('Lead.Note__c', '<type>Text</type><length>20</length>') +
      component(
        'Account.Grade__c',
        `<type>Picklist</type><valueSet><restricted>true</restricted><valueSetDefinition><sorted>false</sorted>${value('A')}${value('B')}</valueSetDefinition></valueSet>`,
      ),
  );
  assert.equal(String(made.body).match(/<success>true/g)?.length, 8);
  const right = (field: string, editable = true) =>
    `<fieldPermissions><field>${field}</field><readable>true</readable><editable>${editable}</editable></fieldPermissions>`;
  const set = await callMetadata(
    twin,
    'administrator',
    'upsertMetadata',
    `<metadata xsi:type="PermissionSet"><fullName>Writers</fullName><label>Writers</label>${['Points__c', 'Note__c', 'Short__c', 'When__c', 'Grade__c'].map((name) => right(`Account.${name}`)).join('')}${right('Account.Shown__c', false)}${right('Lead.Note__c')}</metadata>`,
  );
  assert.match(String(set.body), /<created>true<\/created>/);
  const admin = await login(twin, 'administrator');
  const found = await admin(
    'GET',
    `/query?q=${encodeURIComponent("SELECT Id FROM PermissionSet WHERE Name = 'Writers'")}`,
  );
  const user = await admin(
    'GET',
    `/query?q=${encodeURIComponent("SELECT Id FROM User WHERE Name = 'Fieldnote Integration'")}`,
  );
  const assigned = await admin('POST', '/sobjects/PermissionSetAssignment', {
    PermissionSetId: firstId(found),
    AssigneeId: firstId(user),
  });
  assert.equal(assigned.status, 201);
}

/** The id of a query's first row. */
export function firstId(reply: Reply): string {
  const [first] = records(reply);
  return String(first?.Id);
}

/** A query's rows. */
export function records(reply: Reply): Record<string, unknown>[] {
  const { body } = reply;
  assert.ok(typeof body === 'object' && body !== null && 'records' in body && Array.isArray(body.records));
  return body.records;
}

/** The code of a REST refusal. */
export function errorCode(reply: Reply): string {
  const first: unknown = Array.isArray(reply.body) ? reply.body[0] : undefined;
  assert.ok(typeof first === 'object' && first !== null && 'errorCode' in first, JSON.stringify(reply.body));
  return String(first.errorCode);
}

export const soql = (
  ask: Ask,
  query: string,
  path = '/query',
  headers?: Record<string, string>,
): Promise<Reply> => ask('GET', `${path}?q=${encodeURIComponent(query)}`, undefined, headers);
