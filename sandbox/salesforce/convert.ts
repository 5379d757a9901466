import type { OrgEvent } from './events.ts';
import { makeId } from './ids.ts';
import type { SalesforceValue } from './options.ts';
import type { Org } from './org.ts';
import type { Row } from './rows.ts';

type Values = Record<string, SalesforceValue>;

/**
 * A converted lead leaves a contact, at an account that is named or made from the lead's company. Custom fields are copied where an
 * administrator mapped them, into an account that was there before only where it holds nothing (Salesforce Help, "Considerations for
 * Converting Leads").
 */
export function planConversion(
  org: Org,
  lead: Row,
  { by, account }: { by: string; account: Row | null },
): { events: OrgEvent[]; answer: { accountId: string; contactId: string } } {
  if (lead.object !== 'Lead' || lead.values.IsConverted === true || lead.deleted)
    throw new Error(`${lead.id} is no lead that can be converted`);
  const act = { at: org.now(), by };
  const { Company, Website, FirstName, LastName, Email, Title, OwnerId } = lead.values;
  const owner = { OwnerId: OwnerId ?? org.people.administrator.id };
  const events: OrgEvent[] = [];
  const forAccount = readMapped(org, lead, 'Account');
  const accountId = account?.id ?? makeId('Account', `converted:${lead.id}`);
  if (account === null) {
    const values = { Name: Company ?? null, Website: Website ?? null, ...owner, ...forAccount };
    events.push({ type: 'create', ...act, object: 'Account', id: accountId, values });
  } else {
    const blank = Object.entries(forAccount).filter(([name]) => org.value(account, name) === null);
    if (blank.length > 0)
      events.push({ type: 'update', ...act, id: accountId, values: Object.fromEntries(blank) });
  }
  const contactId = makeId('Contact', `converted:${lead.id}`);
  const person = { FirstName: FirstName ?? null, LastName: LastName ?? null, Email: Email ?? null };
  const values = { ...person, Title: Title ?? null, AccountId: accountId, ...owner, ...readMapped(org, lead, 'Contact') }; // prettier-ignore
  events.push({ type: 'create', ...act, object: 'Contact', id: contactId, values });
  events.push({ type: 'convert', ...act, id: lead.id, accountId, contactId });
  return { events, answer: { accountId, contactId } };
}

/** What the lead holds in fields that are mapped to that object's. */
function readMapped(org: Org, lead: Row, object: 'Account' | 'Contact'): Values {
  const copied: Values = {};
  for (const { from, to } of org.leadMapping()) {
    const value = org.value(lead, from);
    if (to.object === object && value !== null) copied[to.field] = value;
  }
  return copied;
}
