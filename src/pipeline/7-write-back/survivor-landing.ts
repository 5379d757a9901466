import type { FieldVersion } from '../../connectors/crm.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { Sent } from './lost-races.ts';
import { couldHaveBecome, sameValue } from './same-value.ts';

/** What became of a write that fell on the record which its own was merged into. */
export type SurvivorLanding = {
  /** What the field held there before. */
  replaced: FieldValue;
  /** That is nothing of ours. */
  isTheirs: boolean;
  /** What the field holds now. */
  present: FieldValue;
  /** Our value is what it holds. */
  stands: boolean;
};

/**
 * Looks for a write among the versions of the survivor, newest first; null: it did not fall there. What it replaced there was never
 * read before, however old it is: ours is only what the ledgers say that we left on either record. Pure.
 */
export function findLandingOnSurvivor(
  sent: Sent,
  versions: readonly FieldVersion[],
  ours: readonly FieldValue[],
): SurvivorLanding | null {
  const { field, value, baseModifiedAt } = sent;
  const fresh = versions.filter(
    ({ at }) => baseModifiedAt === null || Date.parse(at) > baseModifiedAt.getTime(),
  );
  const exact = fresh.findIndex((version) => sameValue(field, value, version.value));
  const at =
    exact === -1 ? fresh.findIndex((version) => couldHaveBecome(field, value, version.value)) : exact;
  if (at === -1) return null;
  const replaced = versions[at + 1]?.value ?? null;
  return {
    replaced,
    isTheirs: !ours.some((known) => sameValue(field, known, replaced)),
    present: versions[0]?.value ?? null,
    stands: at === 0,
  };
}
