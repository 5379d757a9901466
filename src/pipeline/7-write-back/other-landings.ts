import type { CrmObject, Survivor } from '../../connectors/crm.ts';
import type { Author } from '../../connectors/crm-users.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import { listReplacements } from '../store/writes-replaced.ts';
import type { FlushSession, Landed } from './flush-session.ts';
import { couldHaveBecome, isEmpty, sameValue } from './same-value.ts';

/** A write that seems to have replaced a person's value on the survivor of its record. */
type Suspect = Pick<Landed, 'id' | 'field' | 'value'> & {
  survivor: Survivor;
  replaced: FieldValue;
  /** Whose that is, where the platform tells. */
  replacedBy: Author | null;
};

/**
 * Which of them are other writes of ours, by id. The survivor goes on with the history of one record; a company's records get the
 * same value, so what looks like ours there may be what we wrote to that one, over what we had meant to replace. And an undo of ours may have
 * emptied what it fell on.
 */
export async function findOtherLandings(
  { inTx, connectionId }: Pick<FlushSession, 'inTx' | 'connectionId'>,
  object: CrmObject,
  suspects: readonly Suspect[],
): Promise<Set<number>> {
  if (suspects.length === 0) return new Set();
  const placesOf = ({ survivor, field }: Suspect) =>
    [survivor.survivorId, ...survivor.mergedIds].map((externalId) => ({ externalId, field }));
  const known = await inTx((tx) =>
    listReplacements(tx, { connectionId, object }, suspects.flatMap(placesOf)),
  );
  const explained = suspects.filter((suspect) => {
    const { id, field, value, replaced, replacedBy } = suspect;
    const mayBeEmptiedByUs = isEmpty(field, replaced) && (replacedBy?.userId ?? null) === null;
    const ids = placesOf(suspect).map(({ externalId }) => externalId);
    return known.some(
      (other) =>
        other.id !== id &&
        other.field === field &&
        ids.includes(other.externalId) &&
        ((mayBeEmptiedByUs && isEmpty(field, other.newValue)) ||
          (sameValue(field, other.oldValue, replaced) && couldHaveBecome(field, other.newValue, value))),
    );
  });
  return new Set(explained.map(({ id }) => id));
}
