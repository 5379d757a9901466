import type { NextFunction, Request, Response } from 'express';

// What Slack sends is far smaller: a modal's state at the most.
const MOST_BYTES = 1_000_000;
const FIVE_MINUTES = 300;

/**
 * Refuses what Bolt would let through: a request from the future, which would stay good for longer than five minutes after it was signed,
 * and one whose size nobody says or that is larger than any of Slack's. Bolt checks the signature itself, and that it is not old.
 */
export function checkRequest(request: Request, response: Response, next: NextFunction): void {
  const bytes = Number(request.get('content-length') ?? 'NaN');
  if (request.method === 'POST' && !(bytes <= MOST_BYTES)) {
    response.status(413).end();
    return;
  }
  const signedAt = Number(request.get('x-slack-request-timestamp') ?? '0');
  if (signedAt > Date.now() / 1000 + FIVE_MINUTES) {
    response.status(401).end();
    return;
  }
  next();
}
