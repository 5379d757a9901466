import type { Command } from 'commander';
import { describeStarter } from '../pipeline/describe-starter.ts';
import { listRuns, listUndos } from '../pipeline/store/runs.ts';
import type { Run, RunState, Starter } from '../pipeline/store/runs.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';
import { parseCount } from './sandbox.ts';

type Undo = { run: string; state: RunState; startedBy: Starter | null; at: Date };
type RunLine = Run & { undoneBy: Undo[] };

const LIMIT = 20;
// Some weeks of a worker that starts one a minute: who wants more asks for what a run wrote.
const MOST = 10_000;

/** `fieldnote runs`: the newest runs, who started each, and who put it back. */
export function addRuns(program: Command, context: Context): void {
  program
    .command('runs')
    .description('the newest runs: who started each, what became of it, and who undid it')
    .option('--limit <n>', 'at most N', parseCount, LIMIT)
    .option('--json', 'print one object a line')
    .addOption(workspaceOption())
    .action(async (options: { limit: number; json?: boolean; workspace?: string }) => {
      await withApp(context, { worker: false, workspace: options.workspace }, async ({ db, workspaceId }) => {
        const lines = await db.inWorkspace(workspaceId, async (tx): Promise<RunLine[]> => {
          const runs = await listRuns(tx, Math.min(options.limit, MOST));
          const undos = await listUndos(
            tx,
            runs.map(({ id }) => id),
          );
          return runs.map((run) => ({
            ...run,
            undoneBy: undos
              .filter(({ undoes }) => undoes === run.id)
              .map(({ id, state, startedBy, createdAt }) => ({ run: id, state, startedBy, at: createdAt })),
          }));
        });
        if (options.json) for (const line of lines) context.terminal.write(`${JSON.stringify(line)}\n`);
        else printTable(context, lines);
      });
    });
}

function printTable({ terminal }: Context, runs: readonly RunLine[]): void {
  if (runs.length === 0) {
    terminal.print('There were no runs yet: "fieldnote run" starts one.');
    return;
  }
  terminal.table(
    ['run', 'started', 'by', 'what', 'state', 'undone'],
    runs.map((run) => [
      run.id,
      show(run.createdAt),
      describe(run.startedBy),
      describeKind(run),
      run.state,
      run.undoneBy.map(describeUndo).join(', '),
    ]),
  );
}

function describeKind({ kind, dryRun, undoes }: Run): string {
  const what = kind === 'undo' ? `undo of ${undoes?.slice(0, 8) ?? '?'}` : kind;
  return dryRun ? `${what}, dry run` : what;
}

const describeUndo = ({ state, startedBy, at }: Undo): string =>
  `${show(at)} by ${describe(startedBy)}${state === 'planning' ? ', still being planned' : ''}`;

const show = (at: Date): string => at.toISOString().slice(0, 19).replace('T', ' ');

const describe = (starter: Starter | null): string =>
  starter === null ? 'not known' : describeStarter(starter);
