import { FIELDS } from '../../src/connectors/crm-fields.ts';
import { describeField, describePermissionSets } from '../../src/connectors/salesforce/describe-metadata.ts';
import { writeObjects } from '../../src/connectors/salesforce/fields.ts';

/** Where the Salesforce package lies, from the repository's root. */
export const PACKAGE = 'crm/salesforce/force-app/main/default';

type Value = string | number | boolean | undefined | readonly Value[] | { readonly [name: string]: Value };

/** What `connect --install` makes where notes are set, as files of the package: path from the repository's root → content. */
export function renderSalesforceMetadata(): Map<string, string> {
  const files = new Map<string, string>();
  for (const object of writeObjects)
    for (const definition of FIELDS) {
      const { fullName: _, ...field } = describeField(object, definition);
      const name = definition.salesforceName;
      files.set(
        `${PACKAGE}/objects/${object}/fields/${name}.field-meta.xml`,
        renderDocument('CustomField', { fullName: name, ...field }),
      );
    }
  // With the right that notes take: a deployment would take it away from whoever has them.
  for (const { fullName, ...set } of describePermissionSets(true))
    files.set(
      `${PACKAGE}/permissionsets/${fullName}.permissionset-meta.xml`,
      renderDocument('PermissionSet', set),
    );
  return files;
}

function renderDocument(type: string, content: { readonly [name: string]: Value }): string {
  const lines = renderParts(content, '    ').join('\n');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${type} xmlns="http://soap.sforce.com/2006/04/metadata">\n${lines}\n</${type}>\n`;
}

/** In the order in which the org itself writes them: by name, what a component inherits first. */
function renderParts(content: { readonly [name: string]: Value }, indent: string): string[] {
  const names = Object.keys(content).toSorted((a, b) =>
    a === 'fullName' ? -1 : b === 'fullName' ? 1 : a < b ? -1 : 1,
  );
  return names.flatMap((name) => renderPart(name, content[name], indent));
}

function renderPart(name: string, value: Value, indent: string): string[] {
  if (value === undefined) return [];
  if (isList(value)) return value.flatMap((one) => renderPart(name, one, indent));
  if (typeof value !== 'object') return [`${indent}<${name}>${escapeXml(String(value))}</${name}>`];
  return [`${indent}<${name}>`, ...renderParts(value, `${indent}    `), `${indent}</${name}>`];
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
