import { createHash } from 'node:crypto';
import type { Request } from 'express';
import type { z } from 'zod';
import type { Tx } from '../../db.ts';
import { claimApiRequest, saveApiAnswer } from '../../pipeline/store/api-requests.ts';
import type { WebDeps } from '../deps.ts';
import type { Caller } from './authenticate.ts';
import { ApiError } from './problem.ts';

const KEY = /^[\x21-\x7e]{1,200}$/;
const LONGEST_WAIT_S = 25;

/**
 * Begins what a caller asks for, once for each Idempotency-Key: asked again within a day, the answer is that of the first time. What
 * `act` returns must pass `schema` when it comes back from the store. @throws ApiError 409 where the key came with something else
 */
export async function startOnce<Begun>(
  { deps, caller, request, body }: { deps: WebDeps; caller: Caller; request: Request; body: unknown },
  schema: z.ZodType<Begun>,
  act: (tx: Tx) => Promise<Begun>,
): Promise<Begun> {
  const key = request.get('idempotency-key');
  if (key === undefined) return deps.db.inWorkspace(caller.workspaceId, act);
  if (!KEY.test(key))
    throw new ApiError(
      400,
      'The Idempotency-Key is not 1 to 200 visible ASCII characters',
      'A UUID will do.',
      {
        kind: 'invalid-request',
        fields: [{ in: 'header', pointer: 'Idempotency-Key', message: '1 to 200 visible ASCII characters' }],
      },
    );
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([request.method, request.path, body]))
    .digest();
  const asked = { caller: caller.id, key, fingerprint };
  return deps.db.inWorkspace(caller.workspaceId, async (tx) => {
    const before = await claimApiRequest(tx, caller.workspaceId, asked);
    if (before !== null) {
      if (!before.fingerprint.equals(fingerprint))
        throw new ApiError(
          409,
          'This Idempotency-Key came with another request before',
          'Take a new key for a new request.',
          { kind: 'idempotency-key-reused' },
        );
      return schema.parse(before.answer);
    }
    const begun = await act(tx);
    await saveApiAnswer(tx, asked, begun);
    return begun;
  });
}

/** How long the caller would rather wait than ask again ("Prefer: wait=10", RFC 7240), in milliseconds; 25 s at most. */
export function readPatience(request: Request): number {
  const seconds = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/i.exec(request.get('prefer') ?? '')?.[1];
  return Math.min(Number(seconds ?? 0), LONGEST_WAIT_S) * 1000;
}
