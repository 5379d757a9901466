import type { Request, Response } from 'express';
import { readProgress } from '../../pipeline/runs.ts';
import type { RunProgress } from '../../pipeline/runs.ts';
import { STAGE_NAMES } from '../../pipeline/stage.ts';
import type { RunCompany, RunTrouble } from '../../pipeline/store/run-companies.ts';
import { countWorkingByStage, listRunCompanies, listTroubles } from '../../pipeline/store/run-companies.ts';
import type { ItemState } from '../../pipeline/store/run-items.ts';
import { listUndos } from '../../pipeline/store/runs.ts';
import { sumUsage } from '../../pipeline/store/usage.ts';
import { nameObject } from '../../pipeline/store/connections.ts';
import { listAlikeTroubles } from '../../pipeline/store/writes-list.ts';
import type { AlikeTrouble } from '../../pipeline/store/writes-list.ts';
import { WRITE_FIELDS, countWritesByConnection } from '../../pipeline/store/writes.ts';
import { issueFormToken } from '../guard.ts';
import { renderPage } from '../render.ts';
import { adviseOn } from './advise.ts';
import { describeCost } from './describe-cost.ts';
import { describeProgress } from './describe-progress.ts';
import { CRM_NAMES, WRITE_MEANINGS, labelField } from './describe-writes.ts';
import { describeMoment, formatCount } from './format.ts';
import { describeFrame } from './frame.ts';
import { PAGE_SIZE, describePager, linkWith, readPageNumber } from './pager.ts';
import type { PageDeps } from './page-deps.ts';
import { readRunId } from './read-run-id.ts';
import { describeRehearsal, readRunRehearsal } from './run-rehearsal.ts';
import { describeTakeBack } from './run-undo.ts';
import { describeWaits } from './run-waits.ts';
import { describeRun } from './runs.ts';

const ITEM_STATES = [
  'working',
  'failed',
  'queued',
  'done',
  'cancelled',
] as const satisfies readonly ItemState[];

/** One run: progress, trouble with what to do, cost, writes, and its companies. */
export async function showRun(deps: PageDeps, request: Request, response: Response): Promise<string> {
  const { db, workspaceId } = deps;
  const runId = await readRunId(deps, request);
  const state = ITEM_STATES.find((each) => each === request.query['state']);
  const page = readPageNumber(request.query['page']);
  const progress = await readProgress(db, workspaceId, runId);
  const found = await db.inWorkspace(workspaceId, async (tx) => ({
    companies: await listRunCompanies(tx, runId, { state, limit: PAGE_SIZE, offset: (page - 1) * PAGE_SIZE }),
    stages: await countWorkingByStage(tx, runId),
    troubles: await listTroubles(tx, runId),
    usage: await sumUsage(tx, { runId }),
    writes: await countWritesByConnection(tx, runId),
    writeTroubles: await listAlikeTroubles(tx, runId),
    undos: await listUndos(tx, [runId]),
    rehearsal: await readRunRehearsal(tx, progress.run, request),
  }));
  const path = `/runs/${runId}`;
  const { run } = progress;
  const rehearsal = describeRehearsal(path, run, found.rehearsal);
  const waits = describeWaits(run, found.writes);
  return renderPage('run', {
    ...describeFrame({
      title: `Run ${runId.slice(0, 8)}`,
      section: 'runs',
      visitor: deps.visitor,
      down: await deps.health.readDown(),
    }),
    ...describeRun(run, found.undos),
    takeBack: describeTakeBack(run, found.writes),
    rehearsal,
    progress: describeProgress(progress),
    token: issueFormToken(request, response, deps.publicUrl),
    pausedBecause: run.state === 'paused' ? run.pausedBecause : null,
    mayPause: run.state === 'running',
    mayResume: run.state === 'paused',
    isUndo: run.kind === 'undo',
    mayCancel: run.state !== 'done' && run.state !== 'cancelled',
    stages: describeStages(found.stages),
    anyWorking: progress.working > 0,
    troubles: found.troubles.map(describeTrouble),
    cost: describeCost(found.usage),
    writes: found.writes.map(({ crm, connection, object, state: writeState, fields }) => ({
      crm: `${CRM_NAMES[crm]} ${nameObject(connection, object)}`,
      state: writeState,
      meaning: WRITE_MEANINGS[writeState],
      count: formatCount(fields),
      href: linkWith('/writes', { state: writeState, run: runId }),
    })),
    waits,
    looksAgain: waits !== null || (rehearsal?.state ?? null) !== null,
    writeTroubles: found.writeTroubles.map(describeWriteTrouble),
    // An undo is about records alone.
    hasCompanies: run.kind !== 'undo',
    filters: describeFilters(path, progress, state),
    companies: found.companies.map(describeItem),
    pager: describePager(path, { state }, { page, total: state ? progress[state] : progress.total }),
  });
}

/** Where the companies at work are: the stage after the last one that they finished. */
function describeStages(counts: readonly { stage: string | null; items: number }[]) {
  return STAGE_NAMES.map((name, index) => {
    const before = index === 0 ? null : STAGE_NAMES[index - 1];
    const items = counts.find(({ stage }) => stage === before)?.items ?? 0;
    return { name, items: formatCount(items), busy: items > 0 };
  });
}

function describeFilters(path: string, progress: RunProgress, state: ItemState | undefined) {
  return [
    { label: 'All', count: formatCount(progress.total), href: path, on: state === undefined },
    ...ITEM_STATES.map((each) => ({
      label: each,
      count: formatCount(progress[each]),
      href: linkWith(path, { state: each }),
      on: each === state,
    })),
  ];
}

function describeWriteTrouble({ crm, state, fields, reason, writes }: AlikeTrouble) {
  return {
    crm: CRM_NAMES[crm],
    state,
    fields: WRITE_FIELDS.filter((field) => fields.includes(field))
      .map(labelField)
      .join(', '),
    reason: reason ?? WRITE_MEANINGS[state],
    count: formatCount(writes),
  };
}

function describeTrouble({ error, failed, retrying, domains }: RunTrouble) {
  const parts = [
    ...(failed > 0 ? [`${formatCount(failed)} failed`] : []),
    ...(retrying > 0 ? [`${formatCount(retrying)} being tried again`] : []),
  ];
  return {
    error,
    counts: parts.join(', '),
    advice: adviseOn(error, { retrying: failed === 0 }),
    domains: domains.map((domain) => ({ domain, href: `/companies/${encodeURIComponent(domain)}` })),
    more: failed + retrying > domains.length ? formatCount(failed + retrying - domains.length) : null,
  };
}

function describeItem(item: RunCompany) {
  const next = STAGE_NAMES[STAGE_NAMES.findIndex((name) => name === item.stage) + 1];
  return {
    name: item.name,
    domain: item.domain,
    href: `/companies/${encodeURIComponent(item.domain)}`,
    state: item.state,
    now: item.state === 'working' ? (next ?? 'finishing') : (item.outcome?.replaceAll('-', ' ') ?? ''),
    attempts: item.attempts,
    error: item.error ?? '',
    finishedAt: item.finishedAt === null ? null : describeMoment(item.finishedAt),
  };
}
