import type { z } from 'zod';
import { ApiError } from './problem.ts';

/** The place after which the next page begins, opaque to its reader. */
export function writeCursor(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** A cursor → its place; null without one. @throws ApiError 400 where it is none of ours */
export function readCursor<Place>(cursor: string | undefined, schema: z.ZodType<Place>): Place | null {
  if (cursor === undefined) return null;
  try {
    const text = Buffer.from(cursor, 'base64url').toString();
    if (!text.includes('\\u0000') && !text.includes('\0')) return schema.parse(JSON.parse(text));
  } catch {
    // Whatever is wrong with it, the answer is the same.
  }
  throw new ApiError(400, 'The cursor is none that this list gave', 'Begin without one.', {
    kind: 'invalid-cursor',
    fields: [{ in: 'query', pointer: 'cursor', message: 'not a cursor of this list' }],
  });
}
