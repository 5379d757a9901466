import { readFile } from 'node:fs/promises';
import { LineCounter, isMap, isScalar, parseDocument, stringify } from 'yaml';
import type { Document } from 'yaml';
import type { App } from '../app.ts';
import type { CrmKind } from '../connectors/crm.ts';
import { UserError } from '../errors.ts';
import { describeRule } from '../pipeline/1-sync/exclude.ts';
import { changeSettings } from '../pipeline/change-settings.ts';
import type { SettingsProblem } from '../pipeline/check-settings.ts';
import { commandFor } from '../pipeline/open-connection.ts';
import { describeSettings } from '../pipeline/settings-document.ts';
import type { ConnectionSettings } from '../pipeline/store/connection-settings.ts';
import { nameConnection } from '../pipeline/store/connections.ts';
import type { Connection } from '../pipeline/store/connections.ts';
import type { Context } from './context.ts';

const WHERE_EXPLAINED: Record<CrmKind, string> = {
  salesforce: 'docs/connect-salesforce.md#settings',
  hubspot: 'docs/connect-hubspot.md#settings',
};

/** `connect … --show`: the settings as one document that can be changed and put back. */
export function showSettings(
  app: App,
  { terminal }: Context,
  connection: Connection,
  options: { json: boolean },
): void {
  const document = describeSettings(app.crmOf(connection), connection.settings);
  if (options.json) {
    terminal.json(document);
    return;
  }
  terminal.write(
    `# Settings of ${nameConnection(connection)}. Put them back with: ${commandFor(connection)} --set FILE\n` +
      `# What is left out is as usual. ${WHERE_EXPLAINED[connection.kind]} explains each.\n`,
  );
  terminal.write(stringify(document, { lineWidth: 0 }));
}

/** `connect … --set FILE|-`: checks a document against the CRM and stores it. @throws UserError with a line for each mistake */
export async function setSettings(
  app: App,
  context: Context,
  connection: Connection,
  file: string,
): Promise<void> {
  const { terminal, signal } = context;
  const text = file === '-' ? await context.keyboard.readAll() : await readText(file);
  const crm = app.crmOf(connection);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = file === '-' ? 'standard input' : file;
  const [broken] = document.errors;
  if (broken !== undefined)
    throw new UserError(
      `${place} line ${lines.linePos(broken.pos[0]).line}: ${broken.message}`,
      'Write YAML, or JSON; --show prints the settings as they are.',
    );
  const call = { signal, interactive: true };
  const changed = await changeSettings(app.db, crm, connection, document.toJS(), call);
  if (changed.outcome === 'refused')
    throw new UserError(
      changed.problems.map((problem) => describeProblem(place, document, lines, problem)).join('\n'),
      'Nothing was changed. --show prints the settings as they are, --fields OBJECT what may be mapped.',
    );
  if (changed.outcome === 'overtaken')
    throw new UserError(
      'Somebody else changed the settings in this moment',
      'Look at them with --show, then set yours again.',
    );
  terminal.print(`Stored the settings of ${nameConnection(connection)}.`);
  if (changed.again.length > 0)
    terminal.print(
      `The next sync reads every ${changed.again.join(', every ')} again, since what is read of it changed.`,
    );
}

/** `connect … --fields OBJECT`: what may be mapped. */
export async function listFields(
  app: App,
  { terminal, signal }: Context,
  connection: Connection,
  name: string,
  options: { json: boolean },
): Promise<void> {
  const crm = app.crmOf(connection);
  const object = crm.readObjects.find((one) => one.toLowerCase() === name.toLowerCase());
  if (object === undefined)
    throw new UserError(`${crm.kind} has no ${name}`, `There are ${crm.readObjects.join(', ')}.`);
  const fields = await crm.listFields(object, { signal, interactive: true });
  if (options.json) terminal.json(fields);
  else
    terminal.table(
      ['field', 'label', 'type'],
      fields.map((field) => [field.name, field.label, field.platformType]),
    );
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} cannot be read`, 'Check the path and its permissions.', error);
  }
}

function describeProblem(
  place: string,
  document: Document,
  lines: LineCounter,
  { path, message, hint }: SettingsProblem,
): string {
  const offset = findOffset(document, path);
  const at = offset === null ? '' : ` line ${lines.linePos(offset).line}`;
  return `${place}${at}: ${path.join('.') || 'the document'}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
}

/** Where in the text the last part of the path that is there stands: a key rather than its value. */
function findOffset(document: Document, path: readonly (string | number)[]): number | null {
  for (let length = path.length; length > 0; length -= 1) {
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isScalar(key) && key.value === last);
      if (pair !== undefined && isScalar(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range))
      return Number(node.range[0]);
  }
  return null;
}

/** What of the settings a person should know without asking. */
export function summarise({
  read,
  write,
  exclude,
  dailyShare,
  noteOnBandChange,
}: ConnectionSettings): string {
  const mapped = Object.entries(read).flatMap(([object, map]) =>
    Object.entries(map).map(([key, names]) => `${object} ${key} from ${names.join(' or ') || 'nothing'}`),
  );
  const policies = Object.entries(write).flatMap(([key, value]) =>
    typeof value === 'string'
      ? `${key} ${value}`
      : Object.entries(value ?? {}).map(([field, policy]) => `${field} of ${key} ${policy}`),
  );
  const left = [
    exclude.customers && 'customers',
    exclude.openDeals && 'open deals',
    exclude.optedOut && 'people who opted out',
    ...exclude.where.map((rule) => `${rule.object} where ${describeRule(rule)}`),
  ].filter((one) => one !== false);
  return [
    `left out are ${left.join(', ') || 'none'}`,
    mapped.length > 0 ? `read are ${mapped.join(', ')}` : 'fields are read as usual',
    policies.length > 0
      ? `written are ${policies.join(', ')}`
      : 'our fields are written until somebody edits them',
    `${Math.round(dailyShare * 100)} % of the day's calls at most`,
    noteOnBandChange ? 'a note when the band changes' : 'no notes',
  ].join('; ');
}
