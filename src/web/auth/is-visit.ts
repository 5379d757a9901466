import type { Request } from 'express';

/**
 * Does a browser go there because a person asked for it? Browsers say so (Fetch Metadata, https://www.w3.org/TR/fetch-metadata/), to
 * https and to this machine alone; what fetches ahead says that, too.
 */
export function isVisit(request: Request): boolean {
  const ahead = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some(
    (name) => request.get(name) !== undefined,
  );
  return (
    request.method === 'GET' &&
    !ahead &&
    request.get('sec-fetch-mode') === 'navigate' &&
    request.get('sec-fetch-dest') === 'document'
  );
}
