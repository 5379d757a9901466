import type { App } from '../app.ts';
import { isFromEnvironment } from '../app-crms.ts';
import type { CrmKind } from '../connectors/crm.ts';
import { UserError } from '../errors.ts';
import { resealButtonKeys } from '../pipeline/button-key.ts';
import { describeDay } from '../pipeline/describe-day.ts';
import { commandFor, whyClosed } from '../pipeline/open-connection.ts';
import { listConnectionsEver, nameConnection } from '../pipeline/store/connections.ts';
import type { Connection } from '../pipeline/store/connections.ts';
import { updateExclusionsBy } from '../pipeline/store/exclusions.ts';
import { listQuotas } from '../pipeline/store/quotas.ts';
import { deleteMirror, retireConnection } from '../pipeline/store/remove-connection.ts';
import { readWorkspaces } from '../pipeline/store/workspaces.ts';
import type { Terminal } from './terminal.ts';

/** `connect --list`: every connection of the workspace, with where its credentials are and whether they open here. */
export async function listAll(app: App, terminal: Terminal, options: { json: boolean }): Promise<void> {
  const { known, quotas } = await app.db.inWorkspace(app.workspaceId, async (tx) => ({
    known: await listConnectionsEver(tx),
    quotas: await listQuotas(tx),
  }));
  const dayOf = (connection: Connection) =>
    connection.status === 'removed' ? null : describeDay(quotas, connection);
  const rows = known.map((connection) => ({
    crm: connection.kind,
    name: connection.name,
    organization: connection.organization,
    organizationId: connection.organizationId,
    status: connection.status,
    because: connection.pausedBecause,
    credentials: describeCredentials(app, connection),
    syncedAt: connection.syncedAt?.toISOString() ?? null,
    day: dayOf(connection),
  }));
  if (options.json) {
    terminal.json(rows);
    return;
  }
  if (rows.length === 0) {
    terminal.print('No connection yet: fieldnote connect salesforce|hubspot');
    return;
  }
  terminal.table(
    ['CRM', 'name', 'organization', 'status', 'credentials', 'last sync'],
    rows.map((row) => [
      row.crm,
      row.name,
      row.organization ?? 'not checked yet',
      row.status,
      row.credentials,
      row.syncedAt ?? 'never',
    ]),
  );
  // A reason is a sentence or two, and would push the columns behind it out of sight.
  for (const [index, { status, because, day }] of rows.entries()) {
    const connection = known[index];
    if (connection === undefined) continue;
    const name = nameConnection(connection);
    if (because !== null)
      terminal.print(`${name} is ${status}: ${because}. When that is done: ${commandFor(connection)}`);
    if (day !== null && day.waits !== null) terminal.print(`${name}: ${day.calls}. ${day.waits}`);
  }
}

function describeCredentials(app: App, connection: Connection): string {
  if (connection.status === 'removed') return 'none';
  const why = whyClosed(app, connection);
  const place = isFromEnvironment(app, connection) ? 'environment' : 'stored, sealed';
  return why === null ? place : `${place}, not to be used here: ${why.message}`;
}

/** `connect --remove NAME`: forgets the credentials and the copy of the CRM's rows; what was written stays to be read. */
export async function removeNamed(
  app: App,
  terminal: Terminal,
  wanted: { name: string; kind: CrmKind | undefined },
): Promise<void> {
  const connection = await chooseNamed(app, wanted);
  const name = nameConnection(connection);
  if (isFromEnvironment(app, connection) && app.config[connection.kind] !== null)
    throw new UserError(
      `${name} takes its credentials from the environment`,
      'Take them out of the environment (and .env) first: it would be connected again at the next start.',
    );
  const { db, workspaceId } = app;
  const unsent = await db.inWorkspace(workspaceId, (tx) => retireConnection(tx, connection));
  let rows = 0;
  for (;;) {
    const deleted = await db.inWorkspace(workspaceId, (tx) => deleteMirror(tx, connection));
    if (deleted === 0) break;
    rows += deleted;
  }
  // What it left out may be taken up again, if another connection knows it.
  await db.inWorkspace(workspaceId, (tx) => updateExclusionsBy(tx, connection));
  terminal.print(
    `Removed ${name}: its credentials and ${rows} mirrored row${rows === 1 ? ' is' : 's are'} gone, ${unsent} planned field${unsent === 1 ? '' : 's'} will not be sent. What was written stays to be read; nothing was changed in the CRM.`,
  );
}

async function chooseNamed(
  app: App,
  { name, kind }: { name: string; kind: CrmKind | undefined },
): Promise<Connection> {
  const known = await app.db.inWorkspace(app.workspaceId, listConnectionsEver);
  const [found, ...others] = known.filter((one) => one.name === name && (kind ?? one.kind) === one.kind);
  if (found === undefined)
    throw new UserError(
      `There is no connection "${name}"`,
      known.length === 0
        ? 'There is none at all.'
        : `There are: ${known.map((one) => `${one.kind} ${one.name}`).join(', ')}.`,
    );
  if (others.length > 0)
    throw new UserError(
      `Both CRMs have a connection "${name}"`,
      `Say which: fieldnote connect salesforce --remove ${name}, or hubspot.`,
    );
  return found;
}

/** `connect --reseal`: seals what SECRET_KEY_PREVIOUS opens under SECRET_KEY, in every workspace. */
export async function resealAll(app: App, terminal: Terminal): Promise<void> {
  let [resealed, keys] = [0, 0];
  for (const { id } of await readWorkspaces(app.db)) {
    resealed += await app.vault.reseal(id);
    keys += await resealButtonKeys(app.db, app.vault.requireSeal(), id);
  }
  terminal.print(
    resealed + keys === 0
      ? 'Everything is sealed under SECRET_KEY already.'
      : `Sealed the credentials of ${resealed} connections and ${keys} keys of Salesforce's button anew. SECRET_KEY_PREVIOUS can go once no process uses it.`,
  );
}
