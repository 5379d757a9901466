import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { UserError } from '../errors.ts';
import { domainOf } from '../pipeline/1-sync/domain.ts';
import { askForScores } from '../pipeline/ask-for-scores.ts';
import { whySpent } from '../pipeline/budget.ts';
import { cancelRun, readProgress, requestFlushes } from '../pipeline/runs.ts';
import { readScoreCard } from '../pipeline/score-card.ts';
import type { ScoreCard } from '../pipeline/score-card.ts';
import { listItems } from '../pipeline/store/run-items.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';
import { formatUsd } from './terminal.ts';
import type { Terminal } from './terminal.ts';

const LOOK_EVERY_MS = 100;

/** `fieldnote score DOMAIN`: the score of one company and why; researched now if there is none. */
export function addScore(program: Command, context: Context): void {
  program
    .command('score')
    .description('the score of one company and why; researched now unless a fresh one is stored')
    .argument('<domain>', 'a domain, web address or e-mail address')
    .option('--refresh', 'read the sources again whatever their age')
    .option('--json', 'print one object')
    .addOption(workspaceOption())
    .action(async (input: string, options: { refresh?: boolean; json?: boolean; workspace?: string }) => {
      const found = domainOf(input);
      if ('skip' in found)
        throw new UserError(`${input}: ${found.detail}`, 'Give the domain of a company, e.g. acme.com.');
      await withApp(context, { worker: true, workspace: options.workspace }, async (app) => {
        const card = await scoreDomain(app, context, found.domain, options.refresh ?? false);
        if (options.json) context.terminal.json(keepPromised(card));
        else printCard(context.terminal, card);
      });
    });
}

/** The keys that programs build on, and no other; whose words stand in a pitch is told by `pitch --json`. */
function keepPromised(card: ScoreCard): object {
  if (card.pitch === null) return card;
  const { keyPoints, callToAction, text } = card.pitch;
  return { ...card, pitch: { keyPoints, callToAction, text } };
}

async function scoreDomain(app: App, context: Context, domain: string, refresh: boolean): Promise<ScoreCard> {
  const { db, workspaceId } = app;
  const spent = await whySpent(app.budget, app.config.monthlyBudgetUsd, workspaceId);
  const {
    companies: [company],
    run,
  } = await db.inWorkspace(workspaceId, (tx) =>
    askForScores(tx, app.queue, {
      workspaceId,
      model: app.modelName,
      domains: [domain],
      refresh,
      startedBy: { via: 'command-line', name: null },
      spent,
    }),
  );
  if (company === undefined) throw new Error(`nobody answers for ${domain}`);
  if (run === null) return readScoreCard(db, workspaceId, company.id);
  let stage = 'waiting';
  await app.startWorker({
    schedule: false,
    // This process answers a person; batches are for workers.
    concurrency: 0,
    onStage: (_job, name) => {
      stage = name;
    },
  });
  const progress = context.terminal.startProgress(domain);
  for (;;) {
    if (context.signal.aborted) {
      // Nobody waits for it any more: left queued, the next worker would buy what nobody asks for.
      await cancelRun(app, workspaceId, run.id).catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
      });
      context.signal.throwIfAborted();
    }
    const now = await readProgress(db, workspaceId, run.id);
    progress.update({ done: now.done + now.failed, total: now.total, note: stage });
    if (now.run.state !== 'running') break;
    await wait(LOOK_EVERY_MS);
  }
  progress.end();
  const [failed] = await db.inWorkspace(workspaceId, (tx) => listItems(tx, run.id, 'failed', 1));
  if (failed !== undefined)
    throw new UserError(`${domain} could not be scored: ${failed.error ?? 'unknown reason'}`);
  await requestFlushes(app, workspaceId);
  return readScoreCard(db, workspaceId, company.id);
}

function printCard(terminal: Terminal, card: ScoreCard): void {
  terminal.print('');
  terminal.print(
    card.status === 'scored'
      ? `${terminal.bold(`${card.name}  ${card.score?.toFixed(1)}  ${card.band}`)}   ${Math.round(card.confidence * 100)} % sure   ${card.domain}`
      : `${terminal.bold(`${card.name}  not enough evidence`)}   ${card.domain}`,
  );
  if (card.why !== null) terminal.print(card.why);
  for (const reason of card.reasons) {
    const points = `${reason.points > 0 ? '+' : ''}${reason.points.toFixed(1)}`.padStart(7);
    terminal.print(`${points}  ${reason.label}`);
    if (reason.quote !== null) {
      terminal.print(`         “${reason.quote}”`);
      terminal.print(
        terminal.dim(`         ${reason.url ?? ''}${reason.published ? `  ${reason.published}` : ''}`),
      );
    }
  }
  if (card.personas.length > 0) terminal.print(terminal.bold('Personas (inferred)'));
  for (const persona of card.personas) {
    const people = persona.matches.map((match) => `${match.name}, ${match.title}`);
    terminal.print(
      `  ${persona.title}${people.length > 0 ? `: ${people.join('; ')}` : ': nobody in the CRM yet'}`,
    );
  }
  if (card.competitors.length > 0)
    terminal.print(`${terminal.bold('Competitors')} ${card.competitors.map((one) => one.name).join(', ')}`);
  if (card.pitch !== null) {
    terminal.print(terminal.bold('Pitch'));
    terminal.print(card.pitch.text);
    for (const line of card.pitch.edits) terminal.print(terminal.dim(line));
  }
  terminal.print(
    terminal.dim(
      `method: ${card.method}   model: ${card.modelVersion}   scored ${card.scoredAt}   cost ${formatUsd(card.cost.usd)}`,
    ),
  );
}
