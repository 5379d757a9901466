import type { Request } from 'express';
import { NOTHING_STORED } from '../../pipeline/store/seen.ts';
import type { Seen } from '../../pipeline/store/seen.ts';
import { ApiError } from './problem.ts';

const TAG = String.raw`(?:W\/)?"([\x21\x23-\x7e]{0,100})"`;
const TAGS = new RegExp(String.raw`^${TAG}(?:\s*,\s*${TAG}){0,19}$`);

/**
 * The versions over which a caller's change may go: those of If-Match; with "If-None-Match: *" only where there is nothing; null: the
 * caller names none. A weak tag counts like a strong one: our tags name what is stored, and proxies that compress weaken them.
 * @throws ApiError 400
 */
export function readSeen(request: Request): Seen {
  const match = request.get('if-match')?.trim();
  if (match === undefined) return request.get('if-none-match')?.trim() === '*' ? [NOTHING_STORED] : null;
  if (match === '*') return ['*'];
  if (!TAGS.test(match))
    throw new ApiError(
      400,
      'If-Match is no list of at most 20 ETags',
      'Send the ETag as it came, with its quotation marks, or *.',
      {
        kind: 'invalid-request',
        fields: [
          { in: 'header', pointer: 'If-Match', message: 'an ETag, several with commas between, or *' },
        ],
      },
    );
  return [...match.matchAll(new RegExp(TAG, 'g'))].map(([, version = '']) => version);
}

/** What a caller hears whose change would go over something that it did not see. `what`: "The settings", say. */
export function refuseUnseen(what: string): ApiError {
  return new ApiError(
    412,
    `${what} changed since you read it, and nothing was changed`,
    'Read it again, and send your change with its ETag as If-Match. Without If-Match it goes over whatever stands.',
    { kind: 'changed-meanwhile' },
  );
}
