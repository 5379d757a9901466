import { buildApp } from '../app.ts';
import type { App } from '../app.ts';
import { readConfig } from '../config.ts';
import type { Config } from '../config.ts';
import { createLog, createPlainLog } from '../log.ts';
import { readDemoState } from './demo-state.ts';
import type { Terminal } from './terminal.ts';

/** What every command is given. */
export type Context = {
  environment: Record<string, string | undefined>;
  terminal: Terminal;
  /** Aborted by the first Ctrl-C or SIGTERM: stop cleanly. */
  signal: AbortSignal;
};

/** Builds the app, runs `act`, and stops the app whatever happens. `serves`: its log is for machines to read. */
export async function withApp<T>(
  context: Context,
  { worker, serves = false }: { worker: boolean; serves?: boolean },
  act: (app: App) => Promise<T>,
): Promise<T> {
  const { config, workspace } = await chooseConfig(context);
  const log = serves
    ? createLog(config.logLevel)
    : createPlainLog(config.logLevel, (line) => context.terminal.note(line));
  const app = await buildApp(config, log, {
    worker,
    ...(workspace === null ? {} : { workspace }),
  });
  try {
    return await act(app);
  } finally {
    await app.stop();
  }
}

/** The environment's configuration; where it names no provider and no database, what the last demo left. */
async function chooseConfig({
  environment,
  terminal,
}: Context): Promise<{ config: Config; workspace: string | null }> {
  const config = readConfig(environment);
  if (config.salesforce || config.hubspot || config.tavily || config.databaseUrl)
    return { config, workspace: null };
  const demo = await readDemoState(config.home);
  if (demo === null) return { config, workspace: null };
  terminal.note(
    Object.keys(demo.environment).length > 0
      ? 'No provider is configured: using the demo that is running.'
      : "No provider is configured: using the last demo's data.",
  );
  return { config: readConfig({ ...environment, ...demo.environment }), workspace: demo.workspace };
}
