import type { CrmObject, FieldValues } from '../../connectors/crm.ts';
import { FIELDS } from '../../connectors/crm-fields.ts';
import type { Tx } from '../../db.ts';
import { findConnection } from '../store/connections.ts';
import { changeRunState, createRun, listRuns } from '../store/runs.ts';
import { findLedgers, recordKey } from '../store/writes-ledger.ts';
import { delayWrites } from '../store/writes-delay.ts';
import { insertWrites } from '../store/writes-insert.ts';
import { planWrites } from './plan-writes.ts';

const NOTHING: FieldValues = Object.fromEntries(FIELDS.map(({ key }) => [key, null]));
// A name is looked up in the meantime, and a slip put right: what is planned then takes the place of the emptying.
const WAIT_MS = 10 * 60_000;
// Whatever stands on such a record is another company's.
const NO_COMPANY = '';

/**
 * Records that belong to no company any more (their website was removed, say), for which nothing is planned: what we wrote
 * of their company is to be emptied, ten minutes later. That is planned like any write, so a value that a person edited stays, and it is a run of its own,
 * so it can be undone. Answers how many fields are planned.
 */
export async function emptyStrayed(
  tx: Tx,
  at: { workspaceId: string; connectionId: string },
  strayed: readonly { object: CrmObject; externalId: string }[],
): Promise<number> {
  if (strayed.length === 0) return 0;
  const { workspaceId, connectionId } = at;
  const records = strayed.map((record) => ({ ...record, connectionId }));
  const ledgers = await findLedgers(tx, records);
  const policies = (await findConnection(tx, connectionId))?.settings.write;
  const wanted = records.flatMap((record) => {
    const ledger = ledgers.get(recordKey(record));
    const plan = { desired: NOTHING, record, companyId: NO_COMPANY, ledger, explicit: false };
    return planWrites(policies === undefined ? plan : { ...plan, policies }).flatMap((write) => {
      const known = ledger?.[write.field];
      const companyId = (known?.open ?? known?.written)?.companyId;
      return companyId === undefined ? [] : { ...write, companyId };
    });
  });
  const [last] = await listRuns(tx, 1);
  if (wanted.length === 0 || last === undefined) return 0;
  const run = await createRun(tx, workspaceId, {
    kind: 'scheduled',
    model: last.model,
    startedBy: { via: 'schedule', name: null },
  });
  const planned = await insertWrites(tx, run.id, wanted);
  await delayWrites(tx, run.id, WAIT_MS);
  // It has no companies to wait for.
  await changeRunState(tx, run.id, 'done');
  return planned;
}
