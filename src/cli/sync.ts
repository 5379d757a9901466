import type { Command } from 'commander';
import type { App } from '../app.ts';
import { UserError } from '../errors.ts';
import type { SyncResult } from '../pipeline/1-sync/sync.ts';
import { syncOnce } from '../pipeline/sync-job.ts';
import { withApp } from './context.ts';
import type { Context } from './context.ts';
import type { Terminal } from './terminal.ts';

export type SyncedConnection = { connection: string } & SyncResult & { companiesFound: number };

/** `fieldnote sync`: reads what changed in every connection, now. */
export function addSync(program: Command, context: Context): void {
  program
    .command('sync')
    .description('read what changed in the CRMs since last time')
    .option('--full', 'forget where the last sync left off and read everything')
    .option('--json', 'print the counts as JSON')
    .action(async (options: { full?: boolean; json?: boolean }) => {
      await withApp(context, { worker: false }, async (app) => {
        requireConnections(app);
        const results = await syncAll(app, context, { full: options.full ?? false });
        if (options.json) context.terminal.json(results);
        else printSync(context.terminal, results);
      });
    });
}

/** Says what to set when no CRM is configured. */
export function requireConnections(app: App): void {
  if (app.connections.length === 0)
    throw new UserError(
      'No CRM is connected',
      'Set the SALESFORCE_… or HUBSPOT_… variables ("fieldnote doctor" lists them), or try "fieldnote demo".',
    );
}

/** Syncs every connection with progress on the terminal. */
export async function syncAll(
  app: App,
  { terminal, signal }: Context,
  options: { full: boolean },
): Promise<SyncedConnection[]> {
  const results: SyncedConnection[] = [];
  for (const connection of app.connections) {
    const progress = terminal.startProgress(connection.kind);
    const result = await syncOnce({ ...app, ...app.connectors, prices: app.config.prices }, connection, {
      full: options.full,
      signal,
      onProgress: (at) => {
        progress.update({ done: at.read, total: null, note: `rows, now ${at.object}` });
      },
    });
    progress.end(`${connection.kind}: ${result.read} rows read`);
    results.push({ connection: connection.kind, ...result });
  }
  return results;
}

export function printSync(terminal: Terminal, results: readonly SyncedConnection[]): void {
  terminal.table(
    ['CRM', 'rows read', 'new or changed', 'companies added', 'changed', 'found by name'],
    results.map((row) => [
      row.connection,
      String(row.read),
      String(row.changed),
      String(row.companiesAdded),
      String(row.companiesChanged),
      String(row.companiesFound),
    ]),
    { right: [1, 2, 3, 4, 5] },
  );
}
