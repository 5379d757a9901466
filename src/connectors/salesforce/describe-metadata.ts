import { FIELDS } from '../crm-fields.ts';
import type { FieldDefinition } from '../crm-fields.ts';
import { NUMBER_PRECISION, NUMBER_SCALE, readObjects, writeObjects } from './fields.ts';
import type { SalesforceObject } from './fields.ts';

/** The integration user's permission set: reads what is synced, edits our fields and nothing else of its own. */
export const INTEGRATION_SET = 'Fieldnote_Integration';
/** For people: sees all our fields, edits those that are theirs to edit. */
const READERS_SET = 'Fieldnote_Readers';

/** One of our fields as a CustomField of the Metadata API. */
export function describeField(object: SalesforceObject, definition: FieldDefinition) {
  const { label, description, type, length, values, salesforceName } = definition;
  const base = { fullName: `${object}.${salesforceName}`, label, description, inlineHelpText: description };
  switch (type) {
    case 'number':
      return { ...base, type: 'Number', precision: NUMBER_PRECISION, scale: NUMBER_SCALE };
    case 'text':
      return { ...base, type: 'Text', length };
    case 'long-text':
      return { ...base, type: 'LongTextArea', length, visibleLines: 6 };
    case 'url':
      return { ...base, type: 'Url' };
    case 'datetime':
      return { ...base, type: 'DateTime' };
    case 'picklist': {
      const value = (values ?? []).map((name) => ({ fullName: name, default: false, label: name }));
      return {
        ...base,
        type: 'Picklist',
        valueSet: { restricted: true, valueSetDefinition: { sorted: false, value } },
      };
    }
  }
}

/** Our two permission sets as the Metadata API takes them; `notes`: the integration user makes notes on timelines. */
export function describePermissionSets(notes: boolean) {
  const rights = (editable: (definition: FieldDefinition) => boolean) =>
    writeObjects.flatMap((object) =>
      FIELDS.map((definition) => ({
        editable: editable(definition),
        field: `${object}.${definition.salesforceName}`,
        readable: true,
      })),
    );
  const objectPermissions = [...readObjects, 'Opportunity' as const].map((object) => ({
    allowCreate: false,
    allowDelete: false,
    allowEdit: object === 'Account' || object === 'Lead',
    allowRead: true,
    modifyAllRecords: false,
    object,
    viewAllRecords: true,
  }));
  return [
    {
      fullName: INTEGRATION_SET,
      label: 'Fieldnote Integration',
      description: 'For the user that Fieldnote runs as.',
      fieldPermissions: rights(() => true),
      objectPermissions,
      // ViewSetup lets it see who else may edit our fields, which decides how writes are protected.
      userPermissions: [
        { enabled: true, name: 'ApiEnabled' },
        { enabled: true, name: 'ViewSetup' },
        ...(notes ? [{ enabled: true, name: 'EditTask' }] : []),
      ],
    },
    {
      fullName: READERS_SET,
      label: 'Fieldnote Readers',
      description: 'For people who read what Fieldnote found.',
      fieldPermissions: rights((definition) => definition.peopleMayEdit),
    },
  ];
}
