import { createHmac } from 'node:crypto';

// The characters that are signed decoded ("Validating requests").
const DECODED = /%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi;

/** The headers by which HubSpot signs a request: v3, over method, address, body and timestamp ("Validating requests"). */
export function signRequest(request: {
  method: string;
  url: string;
  body: string;
  clientSecret: string;
  /** Milliseconds. */
  at: number;
}): Record<string, string> {
  const { method, url, body, clientSecret, at } = request;
  const signed = `${method}${url.replace(DECODED, decodeURIComponent)}${body}${at}`;
  return {
    'x-hubspot-request-timestamp': String(at),
    'x-hubspot-signature-v3': createHmac('sha256', clientSecret).update(signed).digest('base64'),
  };
}
