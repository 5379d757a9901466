import { once } from 'node:events';
import type { Command } from 'commander';
import { UserError } from '../errors.ts';
import { isLoopback, requirePublicUrl } from '../config.ts';
import type { App } from '../app.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';
import { openWeb } from './web.ts';

/** `fieldnote start`, `web` and `worker`: the long-running processes. */
export function addServe(program: Command, context: Context): void {
  const serve = (name: string, description: string, parts: { web: boolean; worker: boolean }): void => {
    const command = program.command(name).description(description);
    // A worker serves them all; pages show one.
    if (parts.web) command.addOption(workspaceOption());
    command.action(async ({ workspace }: { workspace?: string }) => {
      await withApp(context, { worker: parts.worker, serves: true, workspace }, async (app) => {
        requireSecretBeyondLoopback(app);
        requirePublicUrl(app.config);
        const web = parts.web ? await openWeb(app, { elseAnyPort: false }) : null;
        let socket: { stop(): Promise<void> } | null = null;
        try {
          if (parts.web && app.slack !== null) socket = await app.slack.listen();
          if (web !== null) context.terminal.note(`Listening on ${app.config.publicUrl} (port ${web.port})`);
          if (parts.worker) {
            await app.startWorker({ schedule: true });
            context.terminal.note(`Working on up to ${app.config.runConcurrency} companies at once.`);
          }
          if (!context.signal.aborted) await once(context.signal, 'abort');
          context.terminal.note('Stopping: what is under way is finished or handed on.');
        } finally {
          await socket?.stop();
          await web?.close();
        }
      });
    });
  };
  serve('start', 'web server and worker in one process', { web: true, worker: true });
  serve('web', 'the web server alone', { web: true, worker: false });
  serve('worker', 'a worker alone; start as many as you like, on any machine', { web: false, worker: true });
}

function requireSecretBeyondLoopback({ config }: App): void {
  if (!isLoopback(config.host) && config.secretKey === null)
    throw new UserError(
      `HOST is ${config.host}, beyond this machine, and SECRET_KEY is not set`,
      'Set SECRET_KEY to 32 bytes in base64 (openssl rand -base64 32), or HOST to 127.0.0.1.',
    );
}
