import type { App } from '../app.ts';
import { readProgress } from '../pipeline/runs.ts';
import { countBands, rankCompanies } from '../pipeline/store/scores.ts';
import type { RankedCompany } from '../pipeline/store/scores.ts';
import { nameConnection } from '../pipeline/store/connections.ts';
import { countExcluded } from '../pipeline/store/exclusions.ts';
import type { Starter } from '../pipeline/store/runs.ts';
import { countOutcomes, listRunCompanies } from '../pipeline/store/run-companies.ts';
import { countSkipped } from '../pipeline/store/skipped-records.ts';
import type { SkippedCount } from '../pipeline/store/skipped-records.ts';
import { sumUsage } from '../pipeline/store/usage.ts';
import type { UsageTotal } from '../pipeline/store/usage.ts';
import { countWritesByConnection } from '../pipeline/store/writes.ts';
import type { WriteCount } from '../pipeline/store/writes.ts';
import { UNREADABLE_FIX, listUnreadable } from '../pipeline/store/unreadable-rows.ts';
import type { UnreadableLine } from '../pipeline/store/unreadable-rows.ts';
import { formatDuration, formatUsd, shorten } from './terminal.ts';
import type { Terminal } from './terminal.ts';

export type RunReport = {
  run: string;
  /** Who asked for it; null: nobody noted it. */
  startedBy: Starter | null;
  method: 'llm' | 'phrases' | 'mixed' | null;
  companies: {
    total: number;
    scored: number;
    notEnoughEvidence: number;
    /** Left out by the time they were to be taken up. */
    excluded: number;
    failed: number;
    cancelled: number;
  };
  /** Companies of the workspace that are left out, by reason. */
  leftOut: { because: string; companies: number }[];
  bands: { band: string | null; companies: number }[];
  ranking: RankedCompany[];
  writes: WriteCount[];
  usage: UsageTotal[];
  usd: number;
  milliseconds: number;
  /** Rows that lead to no company, and the commonest reasons. */
  skipped: SkippedCount;
  /** Rows of the CRMs that can't be read, and the latest of them. */
  unreadable: { rows: number; listed: UnreadableLine[] };
  failures: { company: string; error: string }[];
};

const SHOWN_FAILURES = 50;
const SHOWN_UNREADABLE = 5;
const SHOWN_SKIPPED = 3;
// The strongest; "fieldnote export" has all.
const LONGEST_RANKING = 5_000;

/** What a run did: counts, ranking, writes, calls and cost. */
export async function collectReport(app: Pick<App, 'db' | 'workspaceId'>, runId: string): Promise<RunReport> {
  const progress = await readProgress(app.db, app.workspaceId, runId);
  return app.db.inWorkspace(app.workspaceId, async (tx) => {
    const ranking = await rankCompanies(tx, { runId, limit: LONGEST_RANKING });
    const usage = await sumUsage(tx, { since: progress.run.createdAt });
    const outcomes = await countOutcomes(tx, runId);
    const failures = await listRunCompanies(tx, runId, { state: 'failed', limit: SHOWN_FAILURES, offset: 0 });
    return {
      run: runId,
      startedBy: progress.run.startedBy,
      method: methodOf(ranking),
      companies: {
        total: progress.total,
        scored: outcomes.get('scored') ?? 0,
        notEnoughEvidence: outcomes.get('not-enough-evidence') ?? 0,
        excluded: outcomes.get('excluded') ?? 0,
        failed: progress.failed,
        cancelled: progress.cancelled,
      },
      bands: await countBands(tx, runId),
      ranking,
      writes: await countWritesByConnection(tx, runId),
      usage,
      usd: usage.reduce((sum, row) => sum + row.usd, 0),
      milliseconds: (progress.run.finishedAt ?? new Date()).getTime() - progress.run.createdAt.getTime(),
      leftOut: await countExcluded(tx),
      skipped: await countSkipped(tx, SHOWN_SKIPPED),
      unreadable: await listUnreadable(tx, SHOWN_UNREADABLE),
      failures: failures.map(({ domain, error }) => ({ company: domain, error: error ?? '' })),
    };
  });
}

function methodOf(ranking: readonly RankedCompany[]): RunReport['method'] {
  const [method, ...others] = new Set(ranking.map((company) => company.method));
  return others.length > 0 ? 'mixed' : (method ?? null);
}

/** The report for people: the ranking first, then what was written, and what it cost. */
export function printReport(terminal: Terminal, report: RunReport, options: { top?: number } = {}): void {
  const top = options.top ?? 25;
  const { companies } = report;
  terminal.print('');
  terminal.table(
    ['#', 'company', 'domain', 'band', 'score', 'sure', 'top reason', 'source'],
    report.ranking.slice(0, top).map((company, index) => {
      const reason = company.reasons.find((one) => one.quote !== null && one.points > 0);
      return [
        String(index + 1),
        shorten(company.name, 26),
        company.domain,
        company.band ?? '–',
        company.score === null ? '–' : company.score.toFixed(1),
        `${Math.round(company.confidence * 100)} %`,
        company.status === 'scored'
          ? shorten(reason ? `${reason.label}: “${reason.quote}”` : 'nothing speaks for a need', 62)
          : shorten(company.why ?? 'not enough evidence', 62),
        reason?.url ? shorten(reason.url.replace(/^https?:\/\//, ''), 36) : '',
      ];
    }),
    { right: [0, 4, 5] },
  );
  const ranked = companies.scored + companies.notEnoughEvidence;
  if (ranked > top) terminal.print(terminal.dim(`… and ${ranked - top} more`));
  terminal.print('');
  terminal.print(
    `${terminal.bold(String(companies.scored))} scored, ${companies.notEnoughEvidence} without enough evidence, ` +
      `${companies.excluded > 0 ? `${companies.excluded} left out, ` : ''}${companies.failed} failed, of ${companies.total} companies in ${formatDuration(report.milliseconds)}` +
      `   ${report.bands.map((row) => `${row.band ?? 'none'}: ${row.companies}`).join('  ')}`,
  );
  for (const failure of report.failures) terminal.print(`  failed: ${failure.company}: ${failure.error}`);
  if (report.leftOut.length > 0)
    terminal.print(`Left out: ${report.leftOut.map((row) => `${row.companies} ${row.because}`).join(', ')}`);
  printSkipped(terminal, report.skipped);
  printUnreadable(terminal, report.unreadable);
  terminal.print('');
  if (report.writes.length === 0) terminal.print('Nothing had to be written to the CRMs.');
  else
    terminal.table(
      ['written to', 'object', 'state', 'records', 'fields'],
      report.writes.map((row) => [
        nameConnection({ kind: row.crm, name: row.connection }),
        row.object,
        row.state,
        String(row.records),
        String(row.fields),
      ]),
      { right: [3, 4] },
    );
  if (report.writes.some((row) => row.state === 'rejected' || row.state === 'conflicted'))
    terminal.print('Why fields were rejected or conflict: "fieldnote export --failed".');
  terminal.print('');
  printUsage(terminal, report.usage);
}

function printSkipped(terminal: Terminal, { rows, listed }: SkippedCount): void {
  if (rows === 0) return;
  const more = rows - listed.reduce((sum, reason) => sum + reason.rows, 0);
  const reasons = listed.map((reason) => `${reason.rows} ${reason.because}`);
  if (more > 0) reasons.push(`… and ${more} more: "fieldnote export --skipped"`);
  terminal.print(terminal.dim(`Rows that lead to no company: ${rows}`));
  for (const reason of reasons) terminal.print(terminal.dim(`  ${reason}`));
}

function printUnreadable(terminal: Terminal, { rows, listed }: RunReport['unreadable']): void {
  if (rows === 0) return;
  terminal.print(`Rows that can’t be read and are left out: ${rows}`);
  for (const { crm, connection, object, id, problem } of listed)
    terminal.print(`  ${nameConnection({ kind: crm, name: connection })}, ${object} ${id}: ${problem}`);
  if (rows > listed.length) terminal.print('  … all of them: "fieldnote export --unreadable"');
  terminal.print(`  What to do: ${UNREADABLE_FIX}`);
}

/** Calls and cost per provider. */
function printUsage(terminal: Terminal, usage: readonly UsageTotal[]): void {
  if (usage.length === 0) {
    terminal.print('No calls to any provider.');
    return;
  }
  const usd = usage.reduce((sum, row) => sum + row.usd, 0);
  terminal.table(
    ['provider', 'call', 'requests', 'failed', 'credits', 'tokens in', 'tokens out', 'cost'],
    [
      ...usage.map((row) => [
        row.provider,
        row.operation,
        String(row.requests),
        row.failed > 0 ? String(row.failed) : '',
        row.searchCredits > 0 ? String(row.searchCredits) : '',
        row.promptTokens > 0 ? String(row.promptTokens) : '',
        row.completionTokens > 0 ? String(row.completionTokens) : '',
        row.usd > 0 ? formatUsd(row.usd) : '',
      ]),
      ['', '', '', '', '', '', 'total', formatUsd(usd)],
    ],
    { right: [2, 3, 4, 5, 6, 7] },
  );
}
