import type { CrmObject, FieldVersion, Survivor } from '../../connectors/crm.ts';
import { listReplacements } from '../store/writes-replaced.ts';
import type { Replacement } from '../store/writes-replaced.ts';
import type { FlushSession, Landed } from './flush-session.ts';
import { couldHaveBecome, isEmpty, sameValue } from './same-value.ts';

/** A write of ours among the versions of its field. */
export type Fall = {
  ours: FieldVersion;
  /** What it replaced there; undefined: nothing that the history tells of. */
  on: FieldVersion | undefined;
};

/** A write that seems to have replaced a person's value on the survivor of its record. */
type Suspect = Pick<Landed, 'id' | 'field' | 'value'> & { survivor: Survivor; fall: Fall };

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
    const { id, field, value, fall } = suspect;
    const ids = placesOf(suspect).map(({ externalId }) => externalId);
    return known.some(
      (other) =>
        other.id !== id &&
        other.field === field &&
        ids.includes(other.externalId) &&
        (isEmptying(other, fall) || isSameLanding(other, value, fall)),
    );
  });
  return new Set(explained.map(({ id }) => id));
}

/** It was meant to replace that very value by this one: it had seen it, and went out afterwards. */
function isSameLanding(
  { field, oldValue, newValue, baseModifiedAt: seenAt }: Replacement,
  value: Suspect['value'],
  { ours, on }: Fall,
): boolean {
  if (!sameValue(field, oldValue, on?.value) || !couldHaveBecome(field, newValue, value)) return false;
  // Where records get the same value, most have the same before it too: an empty one. When it was emptied tells them apart.
  return isBy(on, seenAt) && (seenAt === null || Date.parse(ours.at) >= seenAt.getTime());
}

/** It emptied what the write fell on, if nobody else did; what we put back empty is a person's. */
function isEmptying({ runId, field, newValue }: Replacement, { ours, on }: Fall): boolean {
  if (runId === null || !isEmpty(field, newValue) || !isEmpty(field, on?.value)) return false;
  const isOthers = on?.source !== undefined && ours.source !== undefined && on.source !== ours.source;
  return (on?.by?.userId ?? null) === null && !isOthers;
}

const isBy = (version: FieldVersion | undefined, time: Date | null): boolean =>
  version === undefined || time === null || Date.parse(version.at) <= time.getTime();
