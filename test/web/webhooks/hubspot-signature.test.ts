import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { signDelivery } from '../../../sandbox/hubspot/webhook-delivery.ts';
import { checkSignature } from '../../../src/web/webhooks/hubspot-signature.ts';
import type { SignedRequest } from '../../../src/web/webhooks/hubspot-signature.ts';

const SECRET = 'the-app-secret';
const NOW = Date.UTC(2026, 10, 28, 12);
const MINUTE = 60_000;
const URL = 'https://fieldnote.example/hubspot/webhooks';

const signed = (over: Partial<{ url: string; at: number; secret: string }> = {}): SignedRequest => {
  const targetUrl = over.url ?? URL;
  const { body, headers } = signDelivery({
    targetUrl,
    clientSecret: over.secret ?? SECRET,
    events: [{ objectId: 1, propertyValue: 'Grüße 🙂' }],
    at: over.at ?? NOW,
  });
  return {
    method: 'POST',
    url: targetUrl,
    body: Buffer.from(body),
    signature: headers['x-hubspot-signature-v3'],
    timestamp: headers['x-hubspot-request-timestamp'],
  };
};
const verdict = (request: SignedRequest, secrets = [SECRET]) => checkSignature(request, secrets, NOW);

describe("HubSpot's signature", () => {
  test('is right when the app signed method, address, body and time', () => {
    assert.deepEqual(verdict(signed()), { secret: SECRET });
    assert.deepEqual(verdict(signed(), ['another', SECRET]), { secret: SECRET });
  });

  test('is the HMAC SHA-256 of these four, in Base64, as its guide says', () => {
    const body = '[{"eventId":1,"subscriptionId":12345,"portalId":62515}]';
    const signature = createHmac('sha256', SECRET).update(`POST${URL}${body}${NOW}`).digest('base64');
    const request = { method: 'POST', url: URL, body: Buffer.from(body), signature, timestamp: String(NOW) };
    assert.deepEqual(verdict(request), { secret: SECRET });
  });

  test('covers the address with HubSpot’s twelve characters decoded, and no others', () => {
    const url = `${URL}?a=%3A%2f%3F%40%21%24%27%28%29%2A%2C%3B&b=%20%25`;
    assert.deepEqual(verdict(signed({ url })), { secret: SECRET });
    assert.deepEqual(verdict({ ...signed({ url }), url: url.replace('%20', ' ') }), { refused: 'forged' });
  });

  test('is refused when anything of it is another', () => {
    const right = signed();
    const body = Buffer.from(right.body);
    body[7] = (body[7] ?? 0) ^ 1;
    const flipped = (right.signature ?? '').replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
    const cases: Record<string, SignedRequest> = {
      'one bit of the body': { ...right, body },
      'a body with a space more': { ...right, body: Buffer.concat([right.body, Buffer.from(' ')]) },
      'no body': { ...right, body: Buffer.alloc(0) },
      'another method': { ...right, method: 'PUT' },
      'another path': { ...right, url: `${URL}/` },
      'another host': { ...right, url: URL.replace('fieldnote', 'fieldn0te') },
      'plain http': { ...right, url: URL.replace('https', 'http') },
      'a query': { ...right, url: `${URL}?x=1` },
      'another second': { ...right, timestamp: String(NOW + 1000) },
      'another app': signed({ secret: 'another-secret' }),
      'an empty secret': signed({ secret: '' }),
      'one character of the signature': { ...right, signature: flipped },
      'a signature that is cut': { ...right, signature: right.signature?.slice(0, -1) },
      'a signature with a tail': { ...right, signature: `${right.signature}=` },
      'an empty signature': { ...right, signature: '' },
      'a signature that is no Base64': { ...right, signature: 'ü'.repeat(44) },
    };
    for (const [what, request] of Object.entries(cases))
      assert.deepEqual(verdict(request), { refused: 'forged' }, what);
    assert.deepEqual(verdict(right, []), { refused: 'forged' }, 'no app is known');
  });

  test('is refused without one of its headers', () => {
    assert.deepEqual(verdict({ ...signed(), signature: undefined }), { refused: 'unsigned' });
    assert.deepEqual(verdict({ ...signed(), timestamp: undefined }), { refused: 'unsigned' });
  });

  test('is refused more than five minutes before or after now, and with a time that is none', () => {
    for (const at of [NOW - 5 * MINUTE, NOW - 1, NOW, NOW + 5 * MINUTE])
      assert.deepEqual(verdict(signed({ at })), { secret: SECRET }, String(at - NOW));
    for (const at of [
      NOW - 5 * MINUTE - 1,
      NOW + 5 * MINUTE + 1,
      0,
      NOW / 1000,
      Number.NaN,
      Infinity,
      -NOW,
      1e300,
    ])
      assert.deepEqual(verdict(signed({ at })), { refused: 'stale' }, String(at));
    for (const timestamp of ['', ' ', 'soon', '0x1', `${NOW} `, `${NOW}.0`, `+${NOW}`, '1e3'])
      assert.deepEqual(verdict({ ...signed(), timestamp }), { refused: 'stale' }, timestamp);
  });
});
