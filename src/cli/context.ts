import { createLog } from '../log.ts';
import type { Log } from '../log.ts';
import { buildApp } from '../app.ts';
import type { App, BuildOptions } from '../app.ts';
import { readConfig } from '../config.ts';
import type { Config } from '../config.ts';
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
  options: BuildOptions & { config?: Config },
  act: (app: App) => Promise<T>,
): Promise<T> {
  const config = options.config ?? readConfig(context.environment);
  const log: Log = createLog(config.logLevel);
  const app = await buildApp(config, log, options);
  try {
    return await act(app);
  } finally {
    await app.stop();
  }
}
