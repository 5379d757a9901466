import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { UserError } from '../errors.ts';
import { domainOf } from '../pipeline/1-sync/domain.ts';
import { whySpent } from '../pipeline/budget.ts';
import { pauseRun, readProgress, resumeRun, startRun } from '../pipeline/runs.ts';
import { ensureCompanies } from '../pipeline/store/companies.ts';
import type { Run } from '../pipeline/store/runs.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';
import { findRunId } from './find-run.ts';
import { followWrites } from './follow-writes.ts';
import { printRehearsal } from './rehearsal.ts';
import { collectReport, printReport } from './report.ts';
import type { RunReport } from './report.ts';
import { parseCount } from './sandbox.ts';
import { printUnsynced, refuseUnsynced, requireConnections, syncAll } from './sync.ts';

type RunOptions = {
  model?: string;
  limit?: number;
  dryRun?: boolean;
  refresh?: boolean;
  domains?: string;
  resume?: string;
  json?: boolean;
  workspace?: string;
};

/** `fieldnote run`: syncs, then takes companies through all stages and writes the results into the CRMs. */
export function addRun(program: Command, context: Context): void {
  program
    .command('run')
    .description('sync, then research, score, pitch and write back every company')
    .option('--model <name>', 'scoring model')
    .option('--limit <n>', 'at most N companies', parseCount)
    .option('--dry-run', 'write nothing: print each field that would change, and what it would cost')
    .option('--refresh', 'read sources again whatever their age; unchanged text costs nothing further')
    .option('--domains <file>', 'only the domains in this file, one a line')
    .option('--resume <run>', 'go on with a run that was paused')
    .option('--json', 'print the result as JSON')
    .addOption(workspaceOption())
    .action(async (options: RunOptions) => {
      await withApp(context, { worker: true, workspace: options.workspace }, async (app) => {
        const domains = options.domains === undefined ? undefined : await readDomains(options.domains);
        if (domains === undefined) requireConnections(app);
        await app.loadModel(options.model ?? app.modelName);
        // A wrong id is said before anything is read.
        const resume = options.resume === undefined ? undefined : await findRunId(app, options.resume);
        const synced = await syncAll(app, context, { full: false });
        printUnsynced(context.terminal, synced);
        const spent = await whySpent(app.budget, app.config.monthlyBudgetUsd, app.workspaceId);
        if (spent !== null) throw spent;
        const run = await beginRun(app, resume === undefined ? options : { ...options, resume }, domains);
        await app.startWorker({ schedule: false });
        const finished = await followRun(app, context, run.id);
        if (!finished) {
          context.terminal.note(`Paused. Go on with: fieldnote run --resume ${run.id}`);
          return;
        }
        const report = await collectReport(app, run.id);
        let left: string | null = null;
        if (run.dryRun) await printRehearsal(app, context, run.id, { json: options.json ?? false });
        else {
          const notFor = synced.flatMap(({ id, synced: done }) => (done ? [] : id));
          left = await followWrites(app, context, run.id, { notFor });
          const written = await collectReport(app, run.id);
          if (options.json) context.terminal.json(written);
          else {
            printReport(context.terminal, written);
            if (written.writes.length > 0)
              context.terminal.print(`Take it back with: npx fieldnote undo ${run.id}`);
          }
        }
        refuseFailures(report);
        if (left !== null) throw new UserError(left);
        refuseUnsynced(synced);
      });
    });
}

async function beginRun(app: App, options: RunOptions, domains: string[] | undefined): Promise<Run> {
  if (options.resume !== undefined) {
    const { run } = await readProgress(app.db, app.workspaceId, options.resume);
    // One that was killed, not paused, has lost nothing: its companies are still queued.
    if (run.state !== 'running') await resumeRun(app, app.workspaceId, run.id);
    return run;
  }
  const { workspaceId } = app;
  // Domains that a person names are researched whether a CRM knows them or not.
  const named = [...new Set(domains)].slice(0, options.limit);
  const companyIds = await app.db.inWorkspace(workspaceId, (tx) => ensureCompanies(tx, workspaceId, named));
  return startRun(app, {
    workspaceId,
    kind: 'manual',
    startedBy: { via: 'command-line', name: null },
    model: options.model ?? app.modelName,
    ...(options.refresh === undefined ? {} : { refresh: options.refresh }),
    ...(options.dryRun === undefined ? {} : { dryRun: options.dryRun }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(domains === undefined ? {} : { companyIds }),
  });
}

/** A command that left companies behind is no success. */
export function refuseFailures({ companies }: RunReport): void {
  if (companies.failed > 0)
    throw new UserError(
      `${companies.failed} of ${companies.total} companies failed`,
      'The reasons stand above; a new run takes them up again.',
    );
  if (companies.cancelled > 0)
    throw new UserError(
      `The run was cancelled with ${companies.cancelled} of ${companies.total} companies to go`,
      'What was done stays; a new run takes up the rest.',
    );
}

const LOOK_EVERY_MS = 200;

/**
 * Shows progress until the run is over, also through a pause that someone asked for elsewhere. False when a person stopped it
 * here: then it is paused, and nothing is lost.
 */
export async function followRun(app: App, context: Context, runId: string): Promise<boolean> {
  const progress = context.terminal.startProgress('companies');
  for (;;) {
    if (context.signal.aborted) {
      await pauseRun(app, app.workspaceId, runId).catch((error: unknown) => {
        // It may have finished in the meantime.
        if (!(error instanceof UserError)) throw error;
      });
      progress.end();
      return false;
    }
    const now = await readProgress(app.db, app.workspaceId, runId);
    progress.update({
      ...now,
      done: now.done + now.failed + now.cancelled,
      ...(now.failed > 0 ? { note: `${now.failed} failed` } : {}),
      ...(now.run.state === 'paused' ? { note: 'paused elsewhere, waiting for it to resume' } : {}),
    });
    if (now.run.state === 'paused' && now.run.pausedBecause !== null) {
      progress.end();
      throw new UserError(
        `The run is paused: ${now.run.pausedBecause}`,
        `When that is done, go on with: fieldnote run --resume ${runId} (a worker goes on by itself)`,
      );
    }
    if (now.run.state === 'done' || now.run.state === 'cancelled') {
      progress.end();
      return true;
    }
    await wait(LOOK_EVERY_MS);
  }
}

async function readDomains(file: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} cannot be read`, 'Check the path and its permissions.', error);
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const domains = lines.flatMap((line, index) => {
    if (line === '' || line.startsWith('#')) return [];
    const found = domainOf(line);
    if ('skip' in found) throw new UserError(`${file} line ${index + 1}: ${line}: ${found.detail}`);
    return [found.domain];
  });
  if (domains.length === 0) throw new UserError(`${file} names no domain`, 'Write one domain a line.');
  return domains;
}
