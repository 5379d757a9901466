import type { FieldVersion } from '../../connectors/crm.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { Sent } from './lost-races.ts';
import type { Fall } from './other-landings.ts';
import { couldHaveBecome, isEmpty, sameValue } from './same-value.ts';

/** What became of a write that fell on the record which its own was merged into. */
export type SurvivorLanding = {
  fall: Fall;
  /** What it fell on is nothing of ours. */
  isTheirs: boolean;
  /** What the field holds now. */
  present: FieldValue;
  /** Our value is what it holds. */
  stands: boolean;
};

/**
 * Looks for a write among the versions of the survivor, newest first; null: it did not fall there. What it replaced there was never
 * read before, however old it is: ours is only what the ledgers say that we left on either record. `siblings` are the values that went
 * to other records which were merged into the same one. Pure.
 */
export function findLandingOnSurvivor(
  sent: Sent,
  versions: readonly FieldVersion[],
  { ours, siblings }: { ours: readonly FieldValue[]; siblings: readonly FieldValue[] },
): SurvivorLanding | null {
  const { field, value, baseModifiedAt } = sent;
  const isFresh = ({ at }: FieldVersion): boolean =>
    baseModifiedAt === null || Date.parse(at) > baseModifiedAt.getTime();
  const fresh = versions.filter(isFresh);
  const exact = fresh.findIndex((version) => sameValue(field, value, version.value));
  const at =
    exact === -1 ? fresh.findIndex((version) => couldHaveBecome(field, value, version.value)) : exact;
  const landed = versions[at];
  if (landed === undefined) return null;
  // What went to the other record fell here as well: both replaced what stood there before the first of them.
  // What a CRM may make of our value, a person may have typed: of a version of theirs only the very same value is ours.
  const isSibling = (version: FieldVersion): boolean => {
    const isOurs = (version.by?.userId ?? null) === null ? couldHaveBecome : sameValue;
    return isFresh(version) && siblings.some((other) => isOurs(field, other, version.value));
  };
  const on = versions.slice(at + 1).find((version) => !isSibling(version));
  // Never set in all that is told of it, and it was to be empty.
  const isFree = on === undefined && isEmpty(field, sent.before);
  return {
    fall: { ours: landed, on },
    isTheirs: !isFree && !ours.some((known) => sameValue(field, known, on?.value)),
    present: versions[0]?.value ?? null,
    stands: at === 0,
  };
}
