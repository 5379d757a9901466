import type { CrmObject } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';
import { linkRecords } from './company-links.ts';
import { updateExclusions } from './exclusions.ts';
import { takeTurn } from './turns.ts';

/** Keeps what a look-up by name found, or why it found nothing; the account belongs there if it still says nothing itself. */
export async function saveFoundDomain(
  tx: Tx,
  at: { workspaceId: string; connectionId: string },
  { object, externalId }: { object: CrmObject; externalId: string },
  found: { domain: string } | { because: string },
): Promise<void> {
  await takeTurn(tx, at.workspaceId);
  const domain = 'domain' in found ? found.domain : null;
  const { rowCount } = await tx.query(
    `update records set domain = $4, placed_by = 'name', skipped_because = coalesce($5, skipped_because)
     where connection_id = $1 and object = $2 and external_id = $3 and domain is null and skipped_because = 'no website'`,
    [at.connectionId, object, externalId, domain, 'because' in found ? found.because : null],
  );
  if (rowCount === 0 || domain === null) return;
  const was = { domain: null, parentId: null, writable: true, changedSince: false };
  const row = { object, externalId, domain, parentId: null, excluded: false, writable: true, was };
  const { domains } = await linkRecords(tx, at, { changed: [row], stale: 0 });
  await updateExclusions(tx, at.connectionId, { domains, excluding: [], strayed: [] });
}
