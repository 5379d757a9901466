import type { Request } from 'express';
import { z } from 'zod';

const Collection = z.object({ records: z.array(z.unknown()) });
const Composite = z.object({
  compositeRequest: z.array(z.object({ method: z.string(), body: z.unknown().optional() })),
});

/** How many rows a request writes, by a collection or a composite of them; 0: it only reads. */
export function countWrittenRows(request: Request): number {
  const path = request.path.replace(/^\/services\/data\/v\d+\.0/, '');
  const body: unknown = request.body;
  if (!Buffer.isBuffer(body)) return 0;
  if (path === '/composite/sobjects') return countRecords(readJson(body)) ?? 0;
  if (path !== '/composite') return 0;
  const parts = Composite.safeParse(readJson(body)).data?.compositeRequest ?? [];
  return parts.reduce((sum, part) => sum + (part.method === 'GET' ? 0 : (countRecords(part.body) ?? 1)), 0);
}

const countRecords = (body: unknown): number | undefined => Collection.safeParse(body).data?.records.length;

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
