import type { Crm, CrmObject } from '../connectors/crm.ts';
import type { Database } from '../db.ts';
import type { Queue } from './queue/queue.ts';
import { askForSync } from './store/connections.ts';
import type { Connection } from './store/connections.ts';
import { countHints, saveHints } from './store/record-hints.ts';
import type { HintKind } from './store/record-hints.ts';

/** What a platform said of one record, its own doing apart. */
export type Telling = {
  object: CrmObject;
  externalId: string;
  kind: HintKind;
  /** The platform's names of the fields that changed; null: it does not say, so the record is looked at anyway. */
  fields: readonly string[] | null;
};

export type TellCounts = {
  /** Tellings that are kept as hints. */
  kept: number;
  /** About objects or fields that we do not read. */
  ignored: number;
  /** More waits than is kept: a sync looks at these. */
  leftToSync: number;
};

/**
 * Records of one connection that may wait to be read by their ids: ten batches at HubSpot. What comes on top is better read by a sync,
 * which takes twice as many in a call and knows where it left off.
 */
export const MOST_HINTS = 1_000;

/**
 * Keeps what a platform told us about records of one connection and asks for them to be read, in one transaction. Told twice, in any
 * order, it is one look at one record. In a flood no work is added: the connection is synced at once instead.
 */
export async function tellHints(
  deps: { db: Database; queue: Pick<Queue, 'requestCatchUp' | 'requestSync'> },
  connection: Pick<Connection, 'workspaceId' | 'id'>,
  crm: Pick<Crm, 'readObjects' | 'syncedFields'>,
  tellings: readonly Telling[],
): Promise<TellCounts> {
  const matters = createFilter(crm);
  const hints = tellings.filter(matters);
  const ignored = tellings.length - hints.length;
  if (hints.length === 0) return { kept: 0, ignored, leftToSync: 0 };
  const { workspaceId, id: connectionId } = connection;
  const at = { workspaceId, connectionId };
  return deps.db.inWorkspace(workspaceId, async (tx) => {
    if ((await countHints(tx, connectionId)) + hints.length > MOST_HINTS) {
      await askForSync(tx, connectionId);
      await deps.queue.requestSync(tx, at);
      return { kept: 0, ignored, leftToSync: hints.length };
    }
    await saveHints(tx, at, hints);
    await deps.queue.requestCatchUp(tx, at);
    return { kept: hints.length, ignored, leftToSync: 0 };
  });
}

/** Objects that we read, and of a change those fields that we read. */
function createFilter(crm: Pick<Crm, 'readObjects' | 'syncedFields'>): (telling: Telling) => boolean {
  const read = new Map(crm.readObjects.map((object) => [object, new Set(crm.syncedFields(object))]));
  return ({ object, kind, fields }) => {
    const known = read.get(object);
    if (known === undefined) return false;
    return kind !== 'changed' || fields === null || fields.some((field) => known.has(field));
  };
}
