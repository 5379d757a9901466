import { Option } from 'commander';
import { buildApp } from '../app.ts';
import type { App, AppOptions } from '../app.ts';
import { readConfig } from '../config.ts';
import type { Config } from '../config.ts';
import { createLog, createPlainLog } from '../log.ts';
import { readDemoState } from './demo-state.ts';
import type { Keyboard } from './keyboard.ts';
import type { Terminal } from './terminal.ts';

/** What every command is given. */
export type Context = {
  environment: Record<string, string | undefined>;
  terminal: Terminal;
  /** Aborted by the first Ctrl-C or SIGTERM: stop cleanly. */
  signal: AbortSignal;
  keyboard: Keyboard;
};

/** `--workspace NAME`, for every command that acts on one. */
export const workspaceOption = (): Option =>
  new Option('--workspace <name>', 'the workspace to act on; unset: the one that the environment connects');

/** Builds the app, runs `act`, and stops the app whatever happens. `serves`: its log is for machines to read. */
export async function withApp<T>(
  context: Context,
  { serves = false, ...options }: Omit<AppOptions, 'homeWorkspace'> & { serves?: boolean },
  act: (app: App) => Promise<T>,
): Promise<T> {
  const { config, homeWorkspace } = await chooseConfig(context);
  const log = serves
    ? createLog(config.logLevel)
    : createPlainLog(config.logLevel, (line) => context.terminal.note(line));
  const app = await buildApp(config, log, { ...options, homeWorkspace });
  try {
    return await act(app);
  } finally {
    await app.stop();
  }
}

/** The environment's configuration; where it names no provider, no database and no key, what the last demo left. */
async function chooseConfig({
  environment,
  terminal,
}: Context): Promise<{ config: Config; homeWorkspace?: string }> {
  const config = readConfig(environment);
  if (config.salesforce || config.hubspot || config.tavily || config.databaseUrl || config.secretKey)
    return { config };
  const demo = await readDemoState(config.home);
  if (demo === null) return { config };
  terminal.note(
    Object.keys(demo.environment).length > 0
      ? 'No provider is configured: using the demo that is running.'
      : "No provider is configured: using the last demo's data.",
  );
  return { config: readConfig({ ...environment, ...demo.environment }), homeWorkspace: demo.workspace };
}
