import type { CallOptions } from './call.ts';
import type { CrmObject } from './crm.ts';

/** A change that the CRM tells of when it happens: the record is to be looked at. */
export type ToldChange = {
  object: CrmObject;
  externalId: string;
  kind: 'changed' | 'gone';
  /** The platform's names of what changed; null: it does not say. */
  fields: readonly string[] | null;
};

/** Where one left off listening: the platform's own number of the last event, per object. */
export type StreamPosition = Partial<Record<CrmObject, number>>;

export type ToldBatch = {
  changes: ToldChange[];
  /** Changes may have gone by that nobody can name, and why: only reading what changed finds them. */
  missed: string | null;
  /** Where to go on once this batch is kept. */
  position: StreamPosition;
};

/**
 * Goes on behind that position, renewing what runs out, until the signal stops it. ProviderError of kind unavailable, rate-limited or
 * quota where it helps to come back later, refused where somebody must set the platform up for it. `onNotice` hears what it
 * does not tell of.
 * @param onFollowing called each time that it has begun to listen
 */
export type FollowChanges = (
  position: StreamPosition,
  options: CallOptions & { onFollowing?: () => void },
) => AsyncGenerator<ToldBatch>;
