import type { Tx } from '../db.ts';
import { UserError } from '../errors.ts';
import { isStale } from '../pipeline/ask-for-scores.ts';
import { readScoreCard } from '../pipeline/score-card.ts';
import { listConnections } from '../pipeline/store/connections.ts';
import type { Connection } from '../pipeline/store/connections.ts';
import { WRITABLE_OBJECTS, listWritableRecords } from '../pipeline/store/records.ts';
import type { CompanyRecord } from '../pipeline/store/records.ts';
import { rankInBook } from '../pipeline/store/books.ts';
import { findPerson, isWatched } from '../pipeline/store/slack-people.ts';
import { findCurrentScore, findScoreBefore } from '../pipeline/store/scores.ts';
import type { SlackDeps } from './deps.ts';
import type { CardData } from './views/types.ts';

/** For whom a card is; without a user it says nothing personal. */
export type Viewer = { workspaceId: string; teamId?: string; userId?: string };

/** Our own page about a company. */
export function pageOf(publicUrl: string, domain: string): string {
  return `${publicUrl}/companies/${encodeURIComponent(domain)}`;
}

/**
 * Everything that a card shows of one company, for the person who asked.
 * @throws UserError when the company was never scored
 */
export async function readCard(
  deps: Pick<SlackDeps, 'db' | 'crmOf' | 'publicUrl'>,
  viewer: Viewer,
  companyId: string,
): Promise<CardData> {
  const card = await readScoreCard(deps.db, viewer.workspaceId, companyId);
  const more = await deps.db.inWorkspace(viewer.workspaceId, async (tx) => {
    const score = await findCurrentScore(tx, companyId);
    const records = await listWritableRecords(tx, companyId, WRITABLE_OBJECTS);
    return {
      before: score === null ? null : await findScoreBefore(tx, score),
      records,
      connections: records.length === 0 ? [] : await listConnections(tx),
      ...(await readPersonal(tx, viewer, companyId)),
    };
  });
  return {
    ...card,
    companyId,
    ours: pageOf(deps.publicUrl, card.domain),
    trend: more.before === null || card.score === null ? null : card.score - more.before,
    rank: more.rank,
    records: linkRecords(deps, more.records, more.connections),
    inCrm: more.records.length > 0,
    stale: isStale(new Date(card.scoredAt)),
    watched: more.watched,
  };
}

/** What the card says to this person alone. Their address is known once a job has met them. */
async function readPersonal(
  tx: Tx,
  { workspaceId, teamId, userId }: Viewer,
  companyId: string,
): Promise<{ rank: CardData['rank']; watched: boolean }> {
  if (teamId === undefined || userId === undefined) return { rank: null, watched: false };
  const user = { workspaceId, teamId, userId };
  const email = (await findPerson(tx, user))?.email ?? null;
  return {
    rank: email === null ? null : await rankInBook(tx, email, companyId),
    watched: await isWatched(tx, user, companyId),
  };
}

/** One record of each CRM: an account rather than a person. */
function linkRecords(
  { crmOf }: Pick<SlackDeps, 'crmOf'>,
  records: readonly CompanyRecord[],
  connections: readonly Connection[],
): CardData['records'] {
  const places = [...records].toSorted(
    (a, b) => WRITABLE_OBJECTS.indexOf(a.object) - WRITABLE_OBJECTS.indexOf(b.object),
  );
  const links = new Map<Connection['kind'], string>();
  for (const { connectionId, object, externalId } of places) {
    const connection = connections.find(({ id }) => id === connectionId);
    if (connection === undefined || links.has(connection.kind)) continue;
    try {
      links.set(connection.kind, crmOf(connection).recordUrl(object, externalId));
    } catch (error) {
      // Its credentials are not here: then nobody can say its address.
      if (!(error instanceof UserError)) throw error;
    }
  }
  return [...links].map(([crm, url]) => ({ crm, url }));
}
