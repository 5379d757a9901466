import type { CrmObject, CurrentRecord } from '../../connectors/crm.ts';
import { ProviderError } from '../../errors.ts';
import type { FlushSession } from './flush-session.ts';
import { explainRefusal, explainUnreadable } from './explain-refusal.ts';

/**
 * What a record holds now, or why the CRM would not say. The read began at `startedAt` on a steady clock, and at `clockAt`
 * by the CRM's own (ours, where it does not tell), in milliseconds.
 */
export type Reading = { startedAt: number; clockAt: number } & (
  | { current: CurrentRecord }
  | { refused: string }
);

/**
 * Reads records of one object in the largest batches, by external id. A refusal of a whole batch is halved down to the
 * record that it is about. Throws what the connector throws for anything that waiting or a person must mend.
 */
export async function readRecords(
  session: Pick<FlushSession, 'crm' | 'call'>,
  object: CrmObject,
  externalIds: readonly string[],
  kind: 'read' | 'readBack',
): Promise<Map<string, Reading>> {
  const readings = new Map<string, Reading>();
  const read = async (ids: readonly string[]): Promise<void> => {
    if (ids.length === 0) return;
    const startedAt = performance.now();
    try {
      const found = await session.call(kind, (options) => session.crm.readCurrent(object, ids, options));
      const elapsed = performance.now() - startedAt;
      for (const current of found) {
        const now = current.readAt === undefined ? Date.now() : Date.parse(current.readAt);
        const { externalId, unreadable } = current;
        const what = unreadable === undefined ? { current } : { refused: explainUnreadable(unreadable) };
        readings.set(externalId, { startedAt, clockAt: now - elapsed, ...what });
      }
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const [only] = ids;
      if (ids.length === 1 && only !== undefined) {
        readings.set(only, { startedAt, clockAt: Date.now(), refused: explainRefusal(error) });
        return;
      }
      for (const half of halves(ids)) await read(half);
    }
  };
  const size = session.crm.readBatch;
  for (let at = 0; at < externalIds.length; at += size) await read(externalIds.slice(at, at + size));
  return readings;
}

/** Two parts of a batch of two or more. */
export function halves<Item>(batch: readonly Item[]): [Item[], Item[]] {
  const middle = Math.ceil(batch.length / 2);
  return [batch.slice(0, middle), batch.slice(middle)];
}

/** True when the CRM understood the whole call and said no, so that nothing of it took effect. */
export function isRefusal(error: unknown): error is ProviderError {
  return (
    error instanceof ProviderError &&
    !error.maybeApplied &&
    (error.kind === 'refused' || error.kind === 'not-found')
  );
}

/** True when the CRM itself answered, if not readably: it is done with the call. What gateways say (502 and up) tells nothing. */
export function isOver(error: unknown): boolean {
  return error instanceof ProviderError && error.status !== undefined && error.status <= 500;
}
