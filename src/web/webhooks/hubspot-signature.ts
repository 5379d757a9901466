import { createHmac, timingSafeEqual } from 'node:crypto';

/** HubSpot's guide "Validating requests": older than five minutes is refused. We refuse what lies ahead by as much, too. */
const WINDOW_MS = 5 * 60_000;

// The characters that HubSpot signs decoded, and no others (the same guide).
const SIGNED_DECODED: Readonly<Record<string, string>> = {
  '%3A': ':',
  '%2F': '/',
  '%3F': '?',
  '%40': '@',
  '%21': '!',
  '%24': '$',
  '%27': "'",
  '%28': '(',
  '%29': ')',
  '%2A': '*',
  '%2C': ',',
  '%3B': ';',
};

export type SignedRequest = {
  method: string;
  /** The whole address as HubSpot called it: before any proxy. */
  url: string;
  /** As it came, not a byte read into anything. */
  body: Buffer;
  /** X-HubSpot-Signature-v3 */
  signature: string | undefined;
  /** X-HubSpot-Request-Timestamp, milliseconds. */
  timestamp: string | undefined;
};

/** Who signed it, or why nobody did. */
export type Verdict = { secret: string } | { refused: 'unsigned' | 'stale' | 'forged' };

/**
 * Checks HubSpot's signature (v3) of a call. Not with the library's own check: that one takes timestamps of any future, and compares
 * in a time that tells how much was right.
 * @param secrets of the apps that may have signed it
 */
export function checkSignature(
  request: SignedRequest,
  secrets: readonly string[],
  nowMs = Date.now(),
): Verdict {
  const { signature, timestamp } = request;
  if (signature === undefined || timestamp === undefined) return { refused: 'unsigned' };
  // Strictly digits: with NaN every comparison is false, also the one that refuses.
  if (!/^\d{1,15}$/.test(timestamp) || Math.abs(nowMs - Number(timestamp)) > WINDOW_MS)
    return { refused: 'stale' };
  const given = Buffer.from(signature);
  const secret = secrets.find((one) => {
    const right = Buffer.from(sign(request, timestamp, one));
    return right.length === given.length && timingSafeEqual(right, given);
  });
  return secret === undefined ? { refused: 'forged' } : { secret };
}

function sign({ method, url, body }: SignedRequest, timestamp: string, secret: string): string {
  return createHmac('sha256', secret)
    .update(`${method}${decodeSigned(url)}`)
    .update(body)
    .update(timestamp)
    .digest('base64');
}

function decodeSigned(url: string): string {
  return url.replace(/%[0-9a-f]{2}/gi, (code) => SIGNED_DECODED[code.toUpperCase()] ?? code);
}
