import { saveFieldAccess } from '../store/connections.ts';
import type { FlushSession } from './flush-session.ts';

// An administrator may open a field to people at any moment. For so long at most it is still written without a condition.
const ACCESS_AGE_MS = 15 * 60_000;

/** Asks again who may edit our fields, where that was asked too long ago, and keeps the answer for all. */
export async function renewAccess(session: FlushSession): Promise<void> {
  const { access, connectionId, crm } = session;
  const { readFieldAccess } = crm;
  if (readFieldAccess === undefined || performance.now() - access.askedAt < ACCESS_AGE_MS) return;
  const fields = await session.call('read', (options) => readFieldAccess(options));
  Object.assign(access, { fields, askedAt: performance.now() });
  await session.inTx((tx) => saveFieldAccess(tx, connectionId, fields));
}
