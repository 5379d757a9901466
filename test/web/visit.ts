import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';

/** Goes to an address as a browser does where a person clicked: fetch says itself what it is, and is never that. */
export function visit(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; html: string; type: string }> {
  const said = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' };
  return new Promise((resolve, reject) => {
    httpRequest(url, { headers: { ...said, ...headers } }, (incoming) => {
      const type = incoming.headers['content-type'] ?? '';
      text(incoming).then((html) => resolve({ status: incoming.statusCode ?? 0, html, type }), reject);
    })
      .on('error', reject)
      .end();
  });
}
