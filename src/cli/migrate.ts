import type { Command } from 'commander';
import { openServer } from '../app.ts';
import { readConfig } from '../config.ts';
import { migrate } from '../migrate.ts';
import type { Context } from './context.ts';

/** `fieldnote migrate`: brings the database's schema up to date. */
export function addMigrate(program: Command, { environment, terminal }: Context): void {
  program
    .command('migrate')
    .description("bring the database's schema up to date; safe to run by several processes at once")
    .action(async () => {
      const server = await openServer(readConfig(environment));
      try {
        const ran = await migrate(server.url, { onProgress: (what) => terminal.note(what) });
        terminal.print(ran.length === 0 ? 'The schema is up to date.' : `Ran ${ran.join(', ')}.`);
      } finally {
        await server.release();
      }
    });
}
