import { buildApp } from '../app.ts';
import type { App } from '../app.ts';
import { readConfig } from '../config.ts';
import type { Config } from '../config.ts';
import { createLog } from '../log.ts';
import { readDemoState } from './demo-state.ts';
import type { Terminal } from './terminal.ts';

/** What every command is given. */
export type Context = {
  environment: Record<string, string | undefined>;
  terminal: Terminal;
  /** Aborted by the first Ctrl-C or SIGTERM: stop cleanly. */
  signal: AbortSignal;
};

/** Builds the app, runs `act`, and stops the app whatever happens. */
export async function withApp<T>(
  context: Context,
  options: { worker: boolean },
  act: (app: App) => Promise<T>,
): Promise<T> {
  const { config, workspace } = await chooseConfig(context);
  const app = await buildApp(config, createLog(config.logLevel), {
    ...options,
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
