import type { CallOptions } from '../connectors/call.ts';
import type { Author } from '../connectors/crm-users.ts';
import type { Crm } from '../connectors/crm.ts';
import { repeat } from '../db.ts';
import type { Database } from '../db.ts';
import { ProviderDownError, ProviderError } from '../errors.ts';
import { sameValue } from './7-write-back/same-value.ts';
import type { Connection } from './store/connections.ts';
import { listUnnamed, saveEditors } from './store/writes-editors.ts';
import type { NamedEditor, UnnamedConflict } from './store/writes-editors.ts';

// Ten calls of HubSpot's history at most, with each sync; the next one goes on.
const CONFLICTS_AT_ONCE = 500;

type Deps = { db: Database; onError(error: unknown, what: string): void };

/**
 * Asks a CRM who made the changes that stand against what we wanted to write, of each conflict once: by the field's history where there is
 * one, and the names of the users. Not in the flush that finds a conflict, whose calls a rehearsal tells beforehand. Where the CRM does not tell, nothing is said.
 */
export async function nameEditors(
  deps: Deps,
  crm: Crm,
  { workspaceId, id: connectionId }: Connection,
  call: CallOptions,
): Promise<void> {
  const { readAuthors } = crm;
  if (readAuthors === undefined) return;
  const save = (editors: readonly NamedEditor[]): Promise<void> =>
    repeat(() => deps.db.inWorkspace(workspaceId, (tx) => saveEditors(tx, editors)));
  const unnamed = await deps.db.inWorkspace(workspaceId, (tx) =>
    listUnnamed(tx, connectionId, CONFLICTS_AT_ONCE),
  );
  if (unnamed.length === 0) return;
  const of = crm.history === undefined ? ('record' as const) : ('field' as const);
  try {
    const authors = await findAuthors(crm, unnamed, call);
    const ids = [...new Set([...authors.values()].flatMap(({ userId }) => userId ?? []))];
    const names = ids.length === 0 ? new Map<string, string>() : await readAuthors(ids, call);
    const editors = unnamed.map(({ id }) => {
      const { userId = null, what = null } = authors.get(id) ?? {};
      const name = userId === null ? what : (names.get(userId) ?? null);
      return { id, userId, name, of };
    });
    await save(editors);
  } catch (error) {
    const isCrm = error instanceof ProviderError || error instanceof ProviderDownError;
    if (call.signal.aborted || !isCrm) throw error;
    deps.onError(error, 'who edited fields in the CRM is not known');
    // What it refuses now it will refuse again.
    if (error instanceof ProviderError && !error.retryable)
      await save(unnamed.map(({ id, userId, name }) => ({ id, userId, name, of })));
  }
}

/** Who it was, by conflict: seen when the conflict was found, or told by the field's history. */
async function findAuthors(
  { history }: Crm,
  unnamed: readonly UnnamedConflict[],
  call: CallOptions,
): Promise<Map<number, Author>> {
  const authors = new Map<number, Author>();
  for (const { id, userId, name } of unnamed)
    if (userId !== null || name !== null) authors.set(id, { userId, what: name });
  if (history === undefined) return authors;
  const rest = unnamed.filter(({ id }) => !authors.has(id));
  for (const [object, ofObject] of Map.groupBy(rest, (one) => one.object)) {
    const records = [...Map.groupBy(ofObject, ({ externalId }) => externalId)];
    const fields = [...new Set(ofObject.map(({ field }) => field))];
    for (let at = 0; at < records.length; at += history.batch) {
      const batch = new Map(records.slice(at, at + history.batch));
      for (const { externalId, versions } of await history.read(object, [...batch.keys()], fields, call))
        for (const { id, field, theirs } of batch.get(externalId) ?? []) {
          const version = versions?.[field]?.find(({ value }) => sameValue(field, theirs, value));
          if (version?.by !== undefined) authors.set(id, version.by);
        }
    }
  }
  return authors;
}
