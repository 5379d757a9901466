import type { Database } from './db.ts';
import type { Log } from './log.ts';
import { findNewer, nameMigrations, watchSchema } from './migrate-newer.ts';
import type { Queue } from './pipeline/queue/queue.ts';

export type SchemaGuard = {
  /** Has a worker take up no work from the moment on in which a newer version changes the schema. */
  guard(queue: Pick<Queue, 'rest'>, everyMs?: number): { stop(): Promise<void> };
};

/**
 * Says where a newer version has changed the schema before this process started. It goes on all the same: that version's migrations leave
 * what the one before needs, and there is no other way back to that.
 */
export async function openSchemaGuard(db: Database, log: Log): Promise<SchemaGuard> {
  const known = await findNewer(db);
  if (known.length > 0)
    log.warn(
      `A newer version of Fieldnote has changed the database's schema (${nameMigrations(known)}). This one works with it only if it is the version right before: start the newer one as soon as you can.`,
    );
  return {
    guard: (queue, everyMs) =>
      watchSchema(db, {
        known,
        everyMs,
        onNewer: (migrations) => {
          log.error(
            `A newer version of Fieldnote has changed the database's schema (${nameMigrations(migrations)}). This worker takes up no more work and leaves it to workers of the newer version: start those, and stop this one.`,
          );
          queue.rest();
        },
        onError: (error) => log.warn({ err: error }, 'whether the schema was changed could not be looked up'),
      }),
  };
}
