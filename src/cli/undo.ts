import type { Command } from 'commander';
import { UserError } from '../errors.ts';
import { describeUnsettled, planUndo } from '../pipeline/7-write-back/undo.ts';
import { nameConnection } from '../pipeline/store/connections.ts';
import { listWriteTroubles } from '../pipeline/store/writes-list.ts';
import { countWritesByConnection } from '../pipeline/store/writes.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';
import { printRehearsal } from './rehearsal.ts';
import { followWrites } from './follow-writes.ts';
import { requireConnections } from './sync.ts';

// The commonest.
const SHOWN_TROUBLES = 10;

/** `fieldnote undo RUN`: puts back what a run wrote, except what someone changed since. */
export function addUndo(program: Command, context: Context): void {
  program
    .command('undo')
    .description('put back every field that a run wrote, except those that someone changed since')
    .argument('<run>', 'id of the run')
    .option('--dry-run', 'write nothing: print what would be put back')
    .option('--json', 'print as JSON')
    .addOption(workspaceOption())
    .action(async (runId: string, options: { dryRun?: boolean; json?: boolean; workspace?: string }) => {
      await withApp(context, { worker: true, workspace: options.workspace }, async (app) => {
        requireConnections(app);
        const { db, workspaceId } = app;
        const planning = context.terminal.startProgress('fields planned');
        const planned = await planUndo(db, {
          workspaceId,
          runId,
          dryRun: options.dryRun ?? false,
          startedBy: { via: 'command-line', name: null },
          signal: context.signal,
          onPortion: (fields) => planning.update({ done: fields, total: null }),
        }).finally(() => planning.end());
        if (planned.run.state === 'cancelled')
          throw new UserError(
            'The undo was cancelled elsewhere while it was planned: nothing was put back',
            `Start it again: fieldnote undo ${runId}`,
          );
        if (options.dryRun) {
          await printRehearsal(app, context, planned.run.id, { json: options.json ?? false });
          return;
        }
        await app.startWorker({ schedule: false, concurrency: 0 });
        const left = await followWrites(app, context, planned.run.id);
        const { writes, troubles } = await db.inWorkspace(workspaceId, async (tx) => ({
          writes: await countWritesByConnection(tx, planned.run.id),
          troubles: await listWriteTroubles(tx, planned.run.id, SHOWN_TROUBLES),
        }));
        if (options.json) {
          const { run, overtaken, unsettled } = planned;
          context.terminal.json({
            run: run.id,
            undoes: runId,
            startedBy: run.startedBy,
            overtaken,
            unsettled,
            writes,
            troubles,
          });
        } else {
          context.terminal.table(
            ['CRM', 'object', 'state', 'records', 'fields'],
            writes.map((row) => [
              nameConnection({ kind: row.crm, name: row.connection }),
              row.object,
              row.state,
              String(row.records),
              String(row.fields),
            ]),
            { right: [3, 4] },
          );
          for (const { writes: fields, state, reason } of troubles)
            context.terminal.print(`${fields} ${state}: ${reason ?? 'no reason is stored'}`);
          if (troubles.length === SHOWN_TROUBLES)
            context.terminal.print('All of them, record by record: "fieldnote export --failed".');
          if (planned.overtaken > 0)
            context.terminal.print(
              `${planned.overtaken} fields were written again by a later run and stay as they are.`,
            );
          const unsettled = describeUnsettled(planned.unsettled);
          if (unsettled !== null) context.terminal.print(unsettled);
        }
        if (left !== null) throw new UserError(left);
      });
    });
}
