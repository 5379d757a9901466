import type { Command } from 'commander';
import { UserError } from '../errors.ts';
import { describeUnsettled, planUndo } from '../pipeline/7-write-back/undo.ts';
import type { PlannedUndo } from '../pipeline/7-write-back/undo.ts';
import type { App } from '../app.ts';
import { describeStarter } from '../pipeline/describe-starter.ts';
import { cancelRun, requestFlushes } from '../pipeline/runs.ts';
import { nameConnection } from '../pipeline/store/connections.ts';
import { listAlikeTroubles, listWriteTroubles } from '../pipeline/store/writes-list.ts';
import { findOpenPlan } from '../pipeline/store/undos.ts';
import { countWritesByConnection } from '../pipeline/store/writes.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';
import { findRunId } from './find-run.ts';
import { printRehearsal } from './rehearsal.ts';
import { followWrites } from './follow-writes.ts';
import { requireConnections } from './sync.ts';

// The commonest.
const SHOWN_TROUBLES = 10;
const LISTED_TROUBLES = 1_000;
const GOES_OUT =
  'Stopped watching. All of it is planned: what is not put back yet goes out with a worker, or the next command that writes.';

type UndoOptions = { dryRun?: boolean; cancel?: boolean; json?: boolean; workspace?: string };

/** `fieldnote undo RUN`: puts back what a run wrote, except what someone changed since. */
export function addUndo(program: Command, context: Context): void {
  program
    .command('undo')
    .description('put back every field that a run wrote, except those that someone changed since')
    .argument('<run>', 'id of the run, or its first eight characters')
    .option('--dry-run', 'write nothing: print what would be put back')
    .option('--cancel', 'cancel the undo of this run, whoever began it, while it is still being planned')
    .option('--json', 'print as JSON')
    .addOption(workspaceOption())
    .action(async (typed: string, options: UndoOptions) => {
      if (options.cancel) return cancelUndo(context, typed, options);
      return withApp(context, { worker: true, workspace: options.workspace }, async (app) => {
        requireConnections(app);
        const { db, workspaceId } = app;
        const runId = await findRunId(app, typed);
        const planning = context.terminal.startProgress('fields planned');
        const planned = await planUndo(db, {
          workspaceId,
          runId,
          dryRun: options.dryRun ?? false,
          startedBy: { via: 'command-line', name: null },
          signal: context.signal,
          onPortion: (fields) => planning.update({ done: fields, total: null }),
        }).finally(() => planning.end());
        const { overtaken, begunHere } = planned;
        if (context.signal.aborted) {
          await sayWhatGoesOn(app, context, runId, planned);
          return;
        }
        if (!begunHere && !options.json) context.terminal.print(`${nameUndo(planned)} is under way already.`);
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
        if (context.signal.aborted) context.terminal.note(GOES_OUT);
        const { writes, troubles, alike } = await db.inWorkspace(workspaceId, async (tx) => ({
          writes: await countWritesByConnection(tx, planned.run.id),
          troubles: await listWriteTroubles(tx, planned.run.id, LISTED_TROUBLES),
          alike: await listAlikeTroubles(tx, planned.run.id, SHOWN_TROUBLES + 1),
        }));
        if (options.json) {
          const { run, unsettled } = planned;
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
          for (const { writes: fields, state, crm, reason } of alike.slice(0, SHOWN_TROUBLES))
            context.terminal.print(`${fields} ${state} in ${crm}: ${reason ?? 'no reason is stored'}`);
          if (alike.length > 0)
            context.terminal.print(
              `${alike.length > SHOWN_TROUBLES ? 'All reasons, record by record' : 'Record by record'}: "fieldnote writes --run ${planned.run.id} --state rejected", or conflicted.`,
            );
          if (overtaken > 0)
            context.terminal.print(
              `${overtaken} fields were written again by a later run and stay as they are.`,
            );
          const unsettled = describeUnsettled(planned.unsettled);
          if (unsettled !== null) context.terminal.print(unsettled);
        }
        if (left !== null) throw new UserError(left);
      });
    });
}

const nameUndo = ({ run }: PlannedUndo): string =>
  `The undo ${run.id}${run.startedBy === null ? '' : `, begun by ${describeStarter(run.startedBy)},`}`;

/** Ctrl-C while it was planned: what it stopped, and what it did not. */
async function sayWhatGoesOn(
  app: App,
  { terminal }: Context,
  runId: string,
  planned: PlannedUndo,
): Promise<void> {
  if (planned.run.state !== 'cancelled')
    terminal.note(
      planned.run.state === 'planning'
        ? `Stopped watching. ${nameUndo(planned)} goes on: whoever began it plans it to its end, or a worker. Until then nothing is put back, and it can be cancelled: fieldnote undo ${runId} --cancel`
        : GOES_OUT,
    );
  else if (planned.run.dryRun) terminal.note('Stopped: nothing was rehearsed.');
  else {
    await requestFlushes(app, app.workspaceId);
    terminal.note('Cancelled: nothing was put back, and the run sends what it still had to send.');
  }
}

/** `fieldnote undo RUN --cancel`. */
async function cancelUndo(context: Context, typed: string, options: UndoOptions): Promise<void> {
  await withApp(context, { worker: false, workspace: options.workspace }, async (app) => {
    const { db, workspaceId } = app;
    const runId = await findRunId(app, typed);
    const undo = await db.inWorkspace(workspaceId, (tx) => findOpenPlan(tx, runId));
    if (undo === null)
      throw new UserError(
        `No undo of run ${runId} is being planned`,
        'One that is planned to its end goes out as a whole. To have the results again, start an ordinary run behind it.',
      );
    await cancelRun(app, workspaceId, undo);
    if (options.json) context.terminal.json({ run: undo, undoes: runId, state: 'cancelled' });
    else context.terminal.print(`Cancelled the undo ${undo}: nothing was put back, and the run sends what it still had to send.`); // prettier-ignore
  });
}
