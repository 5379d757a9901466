import { describeDay } from '../../pipeline/describe-day.ts';
import type { Day } from '../../pipeline/describe-day.ts';
import { listBreakers } from '../../pipeline/store/breakers.ts';
import { listStreams } from '../../pipeline/store/change-streams.ts';
import type { ChangeStream } from '../../pipeline/store/change-streams.ts';
import { listConnections } from '../../pipeline/store/connections.ts';
import { countExcluded } from '../../pipeline/store/exclusions.ts';
import { listQuotas } from '../../pipeline/store/quotas.ts';
import { listRefusals } from '../../pipeline/store/slack-refusals.ts';
import { countSkipped } from '../../pipeline/store/skipped-records.ts';
import type { SkippedCount } from '../../pipeline/store/skipped-records.ts';
import { UNREADABLE_FIX, listUnreadable } from '../../pipeline/store/unreadable-rows.ts';
import { sumUsage } from '../../pipeline/store/usage.ts';
import { renderPage } from '../render.ts';
import { describeCost } from './describe-cost.ts';
import { CRM_NAMES } from './describe-writes.ts';
import { describeMoment, formatCount } from './format.ts';
import { describeFrame } from './frame.ts';
import type { PageDeps } from './page-deps.ts';

const SHOWN_UNREADABLE = 20;
const SHOWN_SKIPPED = 5;

/** Is everything well: providers with their breakers, queues, CRM connections, records left out, this month's cost. */
export async function showStatus({ db, workspaceId, queue, health, visitor }: PageDeps): Promise<string> {
  const [readiness, queues, breakers, found] = await Promise.all([
    health.read(),
    queue.countJobs(),
    listBreakers(db),
    db.inWorkspace(workspaceId, async (tx) => ({
      connections: await listConnections(tx),
      quotas: await listQuotas(tx),
      streams: await listStreams(tx),
      leftOut: await countExcluded(tx),
      skipped: await countSkipped(tx, SHOWN_SKIPPED),
      refusals: await listRefusals(tx),
      unreadable: await listUnreadable(tx, SHOWN_UNREADABLE),
      usage: await sumUsage(tx, { since: startOfMonth(new Date()) }),
    })),
  ]);
  const down = new Set(
    breakers.flatMap(({ provider, state }) =>
      state === 'open' ? provider.slice(provider.indexOf(':') + 1) : [],
    ),
  );
  return renderPage('status', {
    ...describeFrame({ title: 'Status', section: 'status', visitor }),
    status: readiness.status,
    ready: readiness.status === 'ready',
    reasons: readiness.reasons,
    providers: readiness.providers.map((provider) => ({
      name: provider.name,
      ok: provider.ok,
      detail: provider.detail,
      breaker: provider.breaker,
      failures: formatCount(provider.failures),
    })),
    // The library's own housekeeping queues say nothing to people.
    queues: queues
      .filter(({ queue: name }) => !name.startsWith('__'))
      .map(({ queue: name, queued, active, failed }) => ({
        name,
        queued: formatCount(queued),
        active: formatCount(active),
        failed: formatCount(failed),
      })),
    connections: found.connections.map((connection) => ({
      crm: CRM_NAMES[connection.kind],
      name: connection.name,
      organization: connection.organization ?? 'not checked yet',
      active: connection.status === 'active',
      status: connection.status,
      because: connection.pausedBecause ?? (down.has(connection.id) ? 'does not answer at the moment' : ''),
      day: showDay(describeDay(found.quotas, connection)),
      syncedAt: connection.syncedAt === null ? null : describeMoment(connection.syncedAt),
      stream: describeStream(found.streams.find(({ connectionId }) => connectionId === connection.id)),
    })),
    refusals: found.refusals.map(({ teamId, reason, since }) => ({
      teamId,
      reason,
      since: describeMoment(since),
    })),
    leftOut: found.leftOut.map(({ because, companies }) => ({
      because,
      companies: formatCount(companies),
    })),
    skipped: describeSkipped(found.skipped),
    unreadable:
      found.unreadable.rows === 0
        ? null
        : {
            rows: formatCount(found.unreadable.rows),
            more: found.unreadable.rows > found.unreadable.listed.length,
            fix: UNREADABLE_FIX,
            listed: found.unreadable.listed.map(({ crm, connection, object, id, problem, firstSeenAt }) => ({
              where: `${CRM_NAMES[crm]} ${connection}`,
              object,
              id,
              problem,
              since: describeMoment(firstSeenAt),
            })),
          },
    cost: describeCost(found.usage),
  });
}

function describeSkipped({ rows, listed }: SkippedCount) {
  if (rows === 0) return null;
  const more = rows - listed.reduce((sum, reason) => sum + reason.rows, 0);
  return {
    rows: formatCount(rows),
    listed: listed.map((reason) => ({ because: reason.because, rows: formatCount(reason.rows) })),
    more: more > 0 ? formatCount(more) : null,
  };
}

function showDay(day: Day | null) {
  return day === null ? null : { ...day, saidAt: describeMoment(day.saidAt) };
}

/** Whether its changes are seen as they happen, and what is not; null where nobody tries. */
function describeStream(stream: ChangeStream | undefined) {
  if (stream === undefined || !stream.held) return null;
  const { followingSince, because } = stream;
  if (followingSince === null && because === null) return null;
  return { since: followingSince === null ? null : describeMoment(followingSince), because };
}

function startOfMonth(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
}
