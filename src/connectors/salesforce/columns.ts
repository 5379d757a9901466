import { ProviderError } from '../../errors.ts';
import type { ObjectPlan } from '../crm-reading.ts';
import { ourFields } from './describe.ts';
import type { ObjectDescription } from './describe.ts';
import { provider } from './failures.ts';
import type { SalesforceObject } from './fields.ts';
import { fixedFields } from './to-record.ts';

/**
 * What a sync selects of an object: what exists and the integration user may see.
 * @throws ProviderError of kind refused where a field that settings name, or that is needed (needed-fields.ts), is not among it: read
 *   without it, every record would seem to have lost its value
 */
export function selectColumns(plan: ObjectPlan<SalesforceObject>, description: ObjectDescription): string[] {
  for (const [name, use] of plan.asked)
    if (!description.fields.has(name))
      throw new ProviderError({
        provider,
        operation: 'query',
        kind: 'refused',
        message: `${plan.object} has no field ${name} that the integration user may see, and the connection's settings name it (${use})`,
        fix: 'grant read access to the field, or map another one: fieldnote connect salesforce --set FILE',
      });
  for (const [name, { use, instead }] of plan.needed)
    if (!description.fields.has(name))
      throw new ProviderError({
        provider,
        operation: 'query',
        kind: 'refused',
        message: `the integration user may not see ${plan.object}.${name}, which is read for ${use}`,
        fix: `grant it read access to the field${instead === null ? '' : `, or ${instead}`}`,
      });
  const standard = listWanted(plan).filter((name) => description.fields.has(name));
  const columns = ['Id', 'SystemModstamp', 'IsDeleted', ...standard.filter((name) => !ALWAYS.has(name))];
  if (standard.includes('AccountId')) columns.push('Account.Name');
  columns.push(...ourFields(description).filter((name) => !columns.includes(name)));
  return columns;
}

/** What would be selected, but does not exist or may not be seen: rows come without it. */
export function listUnseen(plan: ObjectPlan<SalesforceObject>, description: ObjectDescription): string[] {
  return listWanted(plan).filter((name) => !description.fields.has(name));
}

function listWanted(plan: ObjectPlan<SalesforceObject>): string[] {
  return [
    ...new Set([...fixedFields[plan.object], ...plan.fields.flatMap(([, names]) => names), ...plan.others]),
  ];
}

const ALWAYS = new Set(['Id', 'SystemModstamp', 'IsDeleted']);
