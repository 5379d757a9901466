import type { NeededField, ReadKey, ReadingPlan } from '../crm-reading.ts';
import type { SalesforceObject } from './fields.ts';
import { usualFields } from './to-record.ts';

const DOMAIN_KEYS: Readonly<Record<SalesforceObject, readonly ReadKey[]>> = {
  Account: ['website'],
  Lead: ['email', 'website'],
  Contact: ['email'],
};

/**
 * Standard fields that a sync must see, by name. Salesforce leaves out of an answer what a user may not see: records would seem to have
 * lost their company, so that what we wrote there would be emptied, and customers and people who opted out would be anybody.
 */
export function neededFields(object: SalesforceObject, plan: ReadingPlan): Map<string, NeededField> {
  const needed = new Map<string, NeededField>();
  const mapped = plan.fields[object] ?? {};
  for (const key of DOMAIN_KEYS[object])
    if (mapped[key] === undefined)
      for (const name of usualFields[object][key] ?? [])
        needed.set(name, { use: "finding the company's domain", instead: MAP_ANOTHER });
  if (object === 'Contact')
    needed.set('AccountId', { use: 'finding the company of a contact', instead: null });
  if (object === 'Account' && plan.customers)
    needed.set('Type', { use: 'leaving out customers', instead: 'set exclude.customers to false' });
  if (object !== 'Account' && plan.optedOut)
    needed.set('HasOptedOutOfEmail', {
      use: 'leaving out people who opted out',
      instead: 'set exclude.optedOut to false',
    });
  return needed;
}

const MAP_ANOTHER = 'map another one: fieldnote connect salesforce --set FILE';
