import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { isFromEnvironment } from '../app-crms.ts';
import type { CrmKind } from '../connectors/crm.ts';
import type { CrmCheck } from '../connectors/crm-check.ts';
import { UserError } from '../errors.ts';
import { policyOf } from '../pipeline/7-write-back/field-policy.ts';
import { checkConnection, commandFor } from '../pipeline/open-connection.ts';
import { DEFAULT_CONNECTION, findNamedConnection, nameConnection, resumeConnection } from '../pipeline/store/connections.ts'; // prettier-ignore
import type { Connection } from '../pipeline/store/connections.ts';
import { issueButtonKey, printButtonKeys, takeButtonKey } from './connect-button-key.ts';
import { SOURCES } from './connect-credentials.ts';
import type { CredentialsSource } from './connect-credentials.ts';
import { listAll, removeNamed, resealAll } from './connect-manage.ts';
import { listFields, setSettings, showSettings, summarise } from './connect-settings.ts';
import { connectSlack } from './connect-slack.ts';
import { storeConnection } from './connect-store.ts';
import { dropUnconnected } from '../pipeline/store/workspaces.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';
import type { Terminal } from './terminal.ts';

type ConnectOptions = {
  name: string;
  workspace?: string;
  credentials?: CredentialsSource;
  install?: boolean;
  list?: boolean;
  remove?: string;
  reseal?: boolean;
  show?: boolean;
  set?: string;
  fields?: string;
  buttonKey?: boolean;
  buttonKeys?: boolean;
  revokeButtonKey?: string;
  json?: boolean;
};

/** `fieldnote connect`: stores credentials, checks access and fields; with --install an administrator's login makes the fields. */
export function addConnect(program: Command, context: Context): void {
  program
    .command('connect')
    .description(
      'connect a CRM: store its credentials, check access and Fieldnote fields; or Slack; idempotent',
    )
    .addArgument(new Argument('[crm]', 'which CRM, or slack').choices(['salesforce', 'hubspot', 'slack']))
    .option('--name <name>', 'a connection with credentials of its own, stored sealed', DEFAULT_CONNECTION)
    .addOption(workspaceOption())
    .addOption(new Option('--credentials <from>', 'store other ones, from there').choices([...SOURCES]))
    .option('--install', "create the fields (takes an administrator's credentials)")
    .option('--list', 'all connections of the workspace')
    .option('--remove <name>', 'forget a connection; what was written through it stays to be read')
    .option('--reseal', 'seal all stored credentials under SECRET_KEY, opened with SECRET_KEY_PREVIOUS')
    .option('--show', 'print the settings: field mapping, policies, exclusions')
    .option('--set <file>', 'take the settings from a YAML or JSON document; -: from standard input')
    .option('--fields <object>', 'list the fields of an object that may be mapped')
    .option('--button-key', "make a key for Salesforce's card and buttons; it is shown once")
    .option('--button-keys', 'list these keys, without their secrets')
    .option('--revoke-button-key <id>', 'take a key’s rights away, at once')
    .option('--json', 'print as JSON')
    .action(async (chosen: CrmKind | 'slack' | undefined, options: ConnectOptions) => {
      const kind = chosen === 'slack' ? undefined : chosen;
      const named = options.name !== DEFAULT_CONNECTION;
      const makeWorkspace = chosen !== undefined && options.remove === undefined;
      // Credentials that are given for another connection must not make the environment's own as well.
      const settings = {
        worker: false,
        workspace: options.workspace,
        makeWorkspace,
        ignoreEnvironment: named,
      };
      await withApp(context, settings, async (app) => {
        if (options.list) return listAll(app, context.terminal, { json: options.json ?? false });
        if (options.reseal) return resealAll(app, context.terminal);
        if (options.remove !== undefined)
          return removeNamed(app, context.terminal, { name: options.remove, kind });
        if (chosen === 'slack') return connectSlack(app, context.terminal, { json: options.json ?? false });
        if (kind === undefined)
          throw new UserError('Which CRM?', 'fieldnote connect salesforce, or hubspot (or --list).');
        return connect(app, context, kind, options).catch(async (error: unknown) => {
          if (app.isNewWorkspace) await dropUnconnected(app.db, app.workspaceId);
          throw error;
        });
      });
    });
}

async function connect(app: App, context: Context, kind: CrmKind, options: ConnectOptions): Promise<void> {
  const { terminal, signal } = context;
  const connection = await findOrStore(app, context, kind, options);
  const json = options.json ?? false;
  if (options.show) return showSettings(app, context, connection, { json });
  if (options.buttonKey) return issueButtonKey(app, terminal, connection, { json });
  if (options.buttonKeys) return printButtonKeys(app, terminal, connection, { json });
  if (options.revokeButtonKey !== undefined)
    return takeButtonKey(app, terminal, connection, options.revokeButtonKey);
  if (options.fields !== undefined) return listFields(app, context, connection, options.fields, { json });
  if (options.set !== undefined) return setSettings(app, context, connection, options.set);
  if (options.install && kind === 'salesforce' && app.config.salesforceAdmin === null)
    throw new UserError(
      'Creating fields in Salesforce takes an administrator',
      'Set SALESFORCE_ADMIN_CLIENT_ID and SALESFORCE_ADMIN_CLIENT_SECRET to those of an app that runs as one.',
    );
  // A person waits, who may use what batch work leaves of the day's calls.
  const call = { signal, interactive: true };
  const installed = options.install ? await app.crmOf(connection).installFields(call) : [];
  const check = await checkConnection(app, connection, call);
  await resume(app, connection);
  if (options.json) terminal.json({ ...check, installed });
  else printCheck(terminal, connection, check, installed.filter((one) => one.result === 'created').length);
  // A field that is never written may be missing.
  const { write } = connection.settings;
  const bad = check.fields.filter(
    ({ object, key, status }) => status !== 'ok' && policyOf(write, object, key) !== 'never',
  );
  if (bad.length > 0 || check.missingPermissions.length > 0)
    throw new UserError(
      `${nameConnection(connection)}: not as it must be: ${countFaults(bad.length, check.missingPermissions.length)}`,
      adviseFix(connection, new Set(bad.map(({ status }) => status)), check.missingPermissions.length > 0),
    );
}

function countFaults(fields: number, permissions: number): string {
  const count = (number: number, noun: string): string[] =>
    number === 0 ? [] : [`${number} ${noun}${number === 1 ? '' : 's'}`];
  return [...count(fields, 'field'), ...count(permissions, 'permission')].join(' and ');
}

/** What to do first. */
function adviseFix(
  connection: Connection,
  bad: ReadonlySet<CrmCheck['fields'][number]['status']>,
  isLackingRights: boolean,
): string {
  const command = commandFor(connection);
  const install = `"${command} --install"${connection.kind === 'salesforce' ? " with an administrator's login" : ''}`;
  // HubSpot's token creates the fields itself, and sees them by its scopes.
  if (connection.kind === 'hubspot' && isLackingRights)
    return `Give the app the scopes that the list above names as missing, then run ${bad.has('missing') ? install : `"${command}"`}.`;
  if (bad.has('missing')) return `Run ${install}.`;
  return bad.has('wrong-type')
    ? `Rename or delete each field of another type in the CRM, then run ${install}; grant what else the list above names.`
    : 'Grant what the list above names.';
}

const MOST_TOLD_EACH = 2;

/** The connection of that name; one that has no credentials yet, or is to have others, asks for them. */
async function findOrStore(
  app: App,
  context: Context,
  kind: CrmKind,
  { name, credentials }: ConnectOptions,
): Promise<Connection> {
  const { db, workspaceId } = app;
  if (isFromEnvironment(app, { workspaceId, name })) {
    if (credentials !== undefined)
      throw new UserError(
        `"${name}" takes its credentials from the environment`,
        `Give the one to be stored a name: fieldnote connect ${kind} --name NAME`,
      );
    const found = app.connections.find((one) => one.kind === kind && one.name === name);
    if (found !== undefined) return found;
    throw new UserError(
      `${kind} is not configured`,
      `${kind === 'salesforce' ? 'Set SALESFORCE_LOGIN_URL, SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET' : 'Set HUBSPOT_ACCESS_TOKEN'}, or store credentials under a name: --name NAME`,
    );
  }
  const known = await db.inWorkspace(workspaceId, (tx) => findNamedConnection(tx, kind, name));
  if (known?.credentials && credentials === undefined) return known;
  return storeConnection(app, context, { kind, name, source: credentials });
}

/** Credentials that work again take the connection out of its pause; what waited for it goes on at once. */
async function resume(app: App, { workspaceId, id }: Connection): Promise<void> {
  await app.db.inWorkspace(workspaceId, async (tx) => {
    if (!(await resumeConnection(tx, id))) return;
    const job = { workspaceId, connectionId: id };
    await app.queue.requestSync(tx, job);
    await app.queue.requestFlush(tx, job);
  });
}

function printCheck(terminal: Terminal, connection: Connection, check: CrmCheck, created: number): void {
  terminal.print(
    `${nameConnection(connection)}: ${check.organization} as ${check.user}, API ${check.apiVersion}`,
  );
  if (created > 0) terminal.print(`Created ${created} fields.`);
  // What is said of many fields alike is said once: a fresh org lacks all twenty.
  const alike = Map.groupBy(check.fields, ({ detail }) => detail ?? '');
  const shared = [...alike].filter(([detail, fields]) => detail !== '' && fields.length > MOST_TOLD_EACH);
  terminal.table(
    ['object', 'field', 'status', 'people may edit', 'detail'],
    check.fields.map((field) => [
      field.object,
      field.platformName,
      field.status,
      field.peopleMayEdit ? 'yes' : 'no',
      shared.some(([detail]) => detail === field.detail) ? '' : (field.detail ?? ''),
    ]),
  );
  for (const [detail, fields] of shared) terminal.print(`${fields.length} of these fields: ${detail}`);
  terminal.print('');
  const missing = new Set(check.missingPermissions.map(({ name }) => name));
  terminal.table(
    ['permission', 'granted', 'for'],
    check.permissions.map(({ name, granted, use }) => [
      name,
      granted ? 'yes' : missing.has(name) ? 'NO' : 'not needed now',
      use,
    ]),
  );
  for (const { name, disables } of check.missingPermissions)
    terminal.print(`missing: ${name} (disables ${disables})`);
  for (const note of check.notes) terminal.print(note);
  terminal.print(`Settings (--show prints them all): ${summarise(connection.settings)}`);
  if (check.usage !== null) terminal.print(`API calls today: ${check.usage.used} of ${check.usage.limit}`);
}
