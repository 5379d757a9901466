import type { Request } from 'express';
import type { Tx } from '../../db.ts';
import { describeCalls } from '../../pipeline/7-write-back/describe-calls.ts';
import { nameCompanies } from '../../pipeline/store/companies.ts';
import { listConnectionsEver, nameConnection, nameObject } from '../../pipeline/store/connections.ts';
import { findRehearsal } from '../../pipeline/store/rehearsals.ts';
import type { StoredRehearsal, UnreadConnection } from '../../pipeline/store/rehearsals.ts';
import type { Run } from '../../pipeline/store/runs.ts';
import { listRehearsedLines } from '../../pipeline/store/rehearsed-lines.ts';
import type { RehearsedLine } from '../../pipeline/store/rehearsed-lines.ts';
import { VERDICTS, countNone, countVerdicts } from '../../pipeline/store/writes-rehearsal.ts';
import type { Verdict } from '../../pipeline/store/writes-rehearsal.ts';
import { CRM_NAMES, describeChange, labelField } from './describe-writes.ts';
import { formatCount } from './format.ts';
import { linkWith } from './pager.ts';
import { READS } from './run-waits.ts';

const LINES = 50;

const MEANINGS: Record<Verdict, string> = {
  'would-apply': 'would be written',
  'would-conflict': "a person's value stands",
  'would-reject': 'would be refused',
  unchanged: 'holds the value already, or is left alone',
};
// As the same is coloured among writes.
const TONES: Record<Verdict, string> = {
  'would-apply': 'applied',
  'would-conflict': 'conflicted',
  'would-reject': 'rejected',
  unchanged: 'skipped',
};

type FoundRehearsal = {
  read: StoredRehearsal | null;
  counts: Record<Verdict, number>;
  lines: RehearsedLine[];
  names: ReadonlyMap<string, { name: string; domain: string }>;
  verdict: Verdict | undefined;
  isFirst: boolean;
  nextAfter: number | null;
  unread: readonly (UnreadConnection & { name: string })[];
};

/** What a dry run came to, and the page of its fields that `?verdict=` and `?after=` ask for; null: it is none. */
export async function readRunRehearsal(tx: Tx, run: Run, request: Request): Promise<FoundRehearsal | null> {
  if (!run.dryRun) return null;
  const read = await findRehearsal(tx, run.id);
  const verdict = VERDICTS.find((one) => one === request.query['verdict']);
  const after = request.query['after'];
  const afterId = typeof after === 'string' && /^\d{1,15}$/.test(after) ? Number(after) : 0;
  const page = { verdict, afterId, limit: LINES + 1 };
  const found = read !== null && read.readAt !== null ? await listRehearsedLines(tx, run.id, page) : [];
  const lines = found.slice(0, LINES);
  const unread = read?.unread ?? [];
  const known = unread.length > 0 ? await listConnectionsEver(tx) : [];
  return {
    read,
    // What is still being read is not shown, and not counted with each look.
    counts:
      read?.counts ?? (read !== null && read.readAt !== null ? await countVerdicts(tx, run.id) : countNone()),
    lines,
    names: await nameCompanies(
      tx,
      lines.map(({ companyId }) => companyId),
    ),
    verdict,
    isFirst: afterId === 0,
    nextAfter: found.length > LINES ? (lines.at(-1)?.id ?? null) : null,
    unread: unread.map((one) => {
      const connection = known.find(({ id }) => id === one.connectionId);
      return { ...one, name: connection === undefined ? one.connectionId : nameConnection(connection) };
    }),
  };
}

/** The same for the page of the run at `path`. */
export function describeRehearsal(path: string, run: Run, found: FoundRehearsal | null) {
  if (found === null) return null;
  const { read, counts, verdict, isFirst, nextAfter } = found;
  const link = (query: Record<string, string | undefined>): string => `${linkWith(path, query)}#rehearsal`;
  const isRead = read !== null && read.readAt !== null;
  return {
    isRead,
    waits: isRead ? '' : explainWait(run, read),
    // Looked at again by itself, while somebody reads.
    state: !isRead && isReading(run, read) ? `${path}/state` : null,
    calls: read?.calls ? describeCalls(read.calls) : '',
    unread: found.unread,
    filters: [
      { label: 'All', count: formatCount(VERDICTS.reduce((sum, one) => sum + counts[one], 0)), href: link({}), on: verdict === undefined },
      ...VERDICTS.map((one) => ({ label: MEANINGS[one], count: formatCount(counts[one]), href: link({ verdict: one }), on: one === verdict })),
    ],
    lines: found.lines.map((line) => ({
      company: found.names.get(line.companyId)?.name ?? '',
      companyHref: linkCompany(found.names.get(line.companyId)),
      record: `${CRM_NAMES[line.crm]} ${nameObject(line.connection, line.object)} ${line.externalId}`,
      field: labelField(line.field),
      ...describeChange(line.old, line.new),
      tone: TONES[line.verdict],
      meaning: MEANINGS[line.verdict],
      reason: line.reason ?? '',
    })),
    first: isFirst ? null : link({ verdict }),
    more: nextAfter === null ? null : link({ verdict, after: String(nextAfter) }),
  };
} // prettier-ignore

function linkCompany(company: { domain: string } | undefined): string {
  return company === undefined ? '' : `/companies/${encodeURIComponent(company.domain)}`;
}

function explainWait(run: Run, read: StoredRehearsal | null): string {
  if (read !== null && read.failedBecause !== null)
    return `The CRMs could not be read: ${read.failedBecause}`;
  if (run.state !== 'done') return 'The CRMs are read once the run is over.';
  return read === null
    ? 'Nobody had the CRMs read for it, or who did was stopped: rehearse once more.'
    : READS;
}

const isReading = (run: Run, read: StoredRehearsal | null): boolean =>
  read !== null && read.failedBecause === null && run.state === 'done';
