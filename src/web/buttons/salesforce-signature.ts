import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** As long as HubSpot's: clocks differ, and a call is on its way for seconds. What lies ahead by as much is taken as well. */
const WINDOW_MS = 5 * 60_000;

/** A call of the Salesforce package (crm/salesforce, FieldnoteCall.cls), as it came. */
export type SignedCall = {
  /** Below the address that the org's named credential holds. */
  path: string;
  /** Milliseconds. */
  timestamp: string;
  /** Not a byte read into anything. */
  body: Buffer;
  /** The org that it says it comes from. */
  orgId: string;
};

/** Is a call's time within five minutes of now? */
export function isInTime({ timestamp }: Pick<SignedCall, 'timestamp'>, nowMs = Date.now()): boolean {
  // Strictly digits: with NaN every comparison is false.
  return /^\d{1,15}$/.test(timestamp) && Math.abs(nowMs - Number(timestamp)) <= WINDOW_MS;
}

/** The HMAC of a call's five lines: method, path, timestamp, hash of the body, org. */
function signCall({ path, timestamp, body, orgId }: SignedCall, secret: string): Buffer {
  const bodyHash = createHash('sha256').update(body).digest('hex');
  const lines = ['POST', path, timestamp, bodyHash, orgId];
  return createHmac('sha256', secret).update(lines.join('\n')).digest();
}

/** What `v1=…` holds; null: it has not that shape. */
export function readSignature(text: string): Buffer | null {
  const hex = /^v1=([0-9a-f]{64})$/.exec(text)?.[1];
  return hex === undefined ? null : Buffer.from(hex, 'hex');
}

/** Did who holds this secret sign this call? */
export function isSignedBy(call: SignedCall, signature: Buffer, secret: string): boolean {
  const right = signCall(call, secret);
  return right.length === signature.length && timingSafeEqual(right, signature);
}
