import type { Command } from 'commander';
import type { App } from '../app.ts';
import { ProviderDownError, ProviderError, UserError, describeError } from '../errors.ts';
import { SettingsChanged } from '../pipeline/1-sync/settings-changed.ts';
import { SyncedElsewhere } from '../pipeline/1-sync/synced-elsewhere.ts';
import type { SyncResult } from '../pipeline/1-sync/sync.ts';
import { commandFor, pauseRefused } from '../pipeline/open-connection.ts';
import { nameConnection } from '../pipeline/store/connections.ts';
import type { Connection } from '../pipeline/store/connections.ts';
import { syncOnce } from '../pipeline/sync-job.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';
import type { Terminal } from './terminal.ts';

export type SyncedConnection = { id: string; connection: string } & (
  | ({ synced: true } & SyncResult & { companiesFound: number })
  /** Nothing is lost by it: the next sync goes on where this one stopped. */
  | { synced: false; because: string; fix: string | null }
);

/** `fieldnote sync`: reads what changed in every connection, now. */
export function addSync(program: Command, context: Context): void {
  program
    .command('sync')
    .description('read what changed in the CRMs since last time')
    .option('--full', 'read everything anew; where that is stopped, the next sync goes on without it')
    .option('--json', 'print the counts as JSON')
    .addOption(workspaceOption())
    .action(async (options: { full?: boolean; json?: boolean; workspace?: string }) => {
      await withApp(context, { worker: false, workspace: options.workspace }, async (app) => {
        requireConnections(app);
        const results = await syncAll(app, context, { full: options.full ?? false });
        if (options.json) context.terminal.json(results);
        else printSync(context.terminal, results);
        if (options.full && results.some((result) => !result.synced))
          context.terminal.note(
            'The next sync goes on where this one stopped; with --full it would begin anew.',
          );
        refuseUnsynced(results);
      });
    });
}

/** Says what to do when no CRM is connected. */
export function requireConnections(app: App): void {
  if (app.connections.length === 0 && app.closed.length === 0)
    throw new UserError(
      'No CRM is connected',
      'Set the SALESFORCE_… or HUBSPOT_… variables ("fieldnote doctor" lists them), or store credentials ("fieldnote connect --help"), or try "fieldnote demo".',
    );
}

/** Syncs every connection with progress on the terminal; one that cannot be synced is told and keeps none of the others from it. */
export async function syncAll(
  app: App,
  context: Context,
  options: { full: boolean },
): Promise<SyncedConnection[]> {
  const results: SyncedConnection[] = app.closed.map(({ connection, why }) => explain(connection, why));
  for (const connection of app.connections)
    results.push(await syncConnection(app, context, connection, options));
  return results;
}

async function syncConnection(
  app: App,
  { terminal, signal }: Context,
  connection: Connection,
  options: { full: boolean },
): Promise<SyncedConnection> {
  const name = nameConnection(connection);
  if (connection.status === 'paused') {
    const because = `paused: ${connection.pausedBecause ?? 'no reason is stored'}`;
    return {
      id: connection.id,
      connection: name,
      synced: false,
      because,
      fix: `When that is done: ${commandFor(connection)}`,
    };
  }
  const progress = terminal.startProgress(name);
  try {
    const result = await syncOnce({ ...app, ...app.connectors, prices: app.config.prices }, connection, {
      full: options.full,
      signal,
      onWait: () => terminal.note(`${name}: another process is syncing it; waiting until that is through`),
      onProgress: (at) => {
        progress.update({ done: at.read, total: null, note: `rows, now ${at.object}` });
      },
    });
    progress.end(`${name}: ${result.read} rows read`);
    return { id: connection.id, connection: name, synced: true, ...result };
  } catch (error) {
    progress.end();
    const known =
      error instanceof ProviderError ||
      error instanceof ProviderDownError ||
      error instanceof UserError ||
      error instanceof SettingsChanged ||
      error instanceof SyncedElsewhere;
    if (signal.aborted || !known) throw error;
    // The command itself says it.
    await pauseRefused({ db: app.db, onError: () => undefined }, connection, error);
    return explain(connection, error);
  }
}

function explain(connection: Connection, error: Error): SyncedConnection {
  const fix = 'fix' in error && typeof error.fix === 'string' ? error.fix : null;
  return {
    id: connection.id,
    connection: nameConnection(connection),
    synced: false,
    because: describeError(error),
    fix,
  };
}

/** Says at once which connections were left out of a run, which goes on with what is known of them. */
export function printUnsynced(terminal: Terminal, results: readonly SyncedConnection[]): void {
  for (const result of results)
    if (!result.synced) terminal.note(`${result.connection} was not synced: ${result.because}`);
}

/** A sync that left a connection out is no success. */
export function refuseUnsynced(results: readonly SyncedConnection[]): void {
  const left = results.flatMap((result) => (result.synced ? [] : result));
  const [first] = left;
  if (first === undefined) return;
  throw new UserError(
    left.length === 1
      ? `${first.connection} was not synced: ${first.because}`
      : `${left.length} of ${results.length} connections were not synced:\n${left
          .map((one) => `  ${one.connection}: ${one.because}${one.fix === null ? '' : `. ${one.fix}`}`)
          .join('\n')}`,
    left.length === 1 ? (first.fix ?? undefined) : undefined,
  );
}

export function printSync(terminal: Terminal, results: readonly SyncedConnection[]): void {
  const rows = results.flatMap((row) => (row.synced ? row : []));
  if (rows.length === 0) return;
  const someUnreadable = rows.some((row) => row.unreadable > 0);
  terminal.table(
    [
      'CRM',
      'rows read',
      'new or changed',
      'companies added',
      'changed',
      'found by name',
      ...(someUnreadable ? ['unreadable'] : []),
    ],
    rows.map((row) => [
      row.connection,
      String(row.read),
      String(row.changed),
      String(row.companiesAdded),
      String(row.companiesChanged),
      String(row.companiesFound),
      ...(someUnreadable ? [String(row.unreadable)] : []),
    ]),
    { right: [1, 2, 3, 4, 5, 6] },
  );
  if (someUnreadable) terminal.print('Which rows can’t be read, and why: "fieldnote export --unreadable".');
}
