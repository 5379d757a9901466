import type { CrmObject, RecordWrite } from '../../connectors/crm.ts';
import { recordKey } from '../store/writes-ledger.ts';
import type { Write } from '../store/writes.ts';
import type { Reading } from './flush-read.ts';
import type { FlushSession } from './flush-session.ts';
import { judgeMergedUndos } from './merged-undos.ts';
import type { JudgedUndo } from './merged-undos.ts';
import type { RehearsedField } from './rehearse.ts';
import { sameValue } from './same-value.ts';

export type RehearsedMerged = {
  /** By the write's id. */
  fields: Map<number, RehearsedField>;
  /** What the real run would send to the survivors. */
  sent: { key: string; write: RecordWrite }[];
};

/** What an undo would do with values whose records were merged meanwhile: as follow-undos.ts does, without a single write. */
export async function rehearseMerged(
  session: FlushSession,
  object: CrmObject,
  rows: readonly Write[],
  readings: ReadonlyMap<string, Reading>,
): Promise<RehearsedMerged> {
  const judged = await judgeMergedUndos(session, object, rows, readings);
  const fields = new Map(judged.map((one) => [one.row.id, describe(one)]));
  const goingBack = judged.filter(({ row }) => fields.get(row.id)?.verdict === 'would-apply');
  const now = new Date().toISOString();
  const sent = [...Map.groupBy(goingBack, ({ survivorId }) => survivorId)].map(([externalId, group]) => {
    const isConditional = session.conditional && group.some(({ row }) => session.peopleMayEdit(object, row.field)); // prettier-ignore
    return {
      key: recordKey({ connectionId: session.connectionId, object, externalId }),
      write: {
        object,
        externalId,
        fields: Object.fromEntries(group.map(({ row }) => [row.field, row.newValue])),
        unmodifiedSince: isConditional ? now : null,
      },
    };
  });
  return { fields, sent };
}

function describe({ row, survivorId, present, verdict }: JudgedUndo): RehearsedField {
  const { id, connectionId, object, externalId, companyId, field, newValue } = row;
  const at = { id, connectionId, object, externalId, companyId, field, old: present, new: newValue };
  if (!verdict.follows)
    return {
      ...at,
      verdict: verdict.state === 'skipped' ? 'unchanged' : 'would-conflict',
      reason: verdict.reason,
    };
  const isThere = sameValue(field, present, newValue);
  return {
    ...at,
    verdict: isThere ? 'unchanged' : 'would-apply',
    reason: `Merged into ${survivorId}, where it goes back`,
  };
}
