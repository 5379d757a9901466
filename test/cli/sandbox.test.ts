import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { z } from 'zod';
import { checkSignature } from '../../src/web/webhooks/hubspot-signature.ts';
import { editTwin } from '../e2e/twin-records.ts';
import { fieldnote, makeFolder } from './run-command.ts';

const Records = z.object({ companies: z.object({ records: z.array(z.object({ id: z.string() })) }) });

test('an edit in the sandbox’s HubSpot is told, signed, to the web server of its environment', async () => {
  const folder = await makeFolder();
  const heard = Promise.withResolvers<{ request: IncomingMessage; body: string }>();
  const web = createServer((request, response) => {
    void text(request).then((body) => {
      response.writeHead(204).end();
      heard.resolve({ request, body });
    });
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  const address = web.address();
  assert.ok(typeof address === 'object' && address !== null);
  const edit = async (url: string): Promise<void> => {
    const dump = await fetch(`${url}/_twin/dump`, { signal: AbortSignal.timeout(30_000) });
    const [company] = Records.parse(await dump.json()).companies.records;
    await editTwin(url, {
      as: 'rep:Nora',
      object: 'companies',
      id: company?.id,
      properties: { name: 'Nora’s Name' },
    });
    await heard.promise;
  };

  const edits: Promise<void>[] = [];
  const ended = await fieldnote(['sandbox', '--limit', '3'], {
    env: { FIELDNOTE_HOME: folder.path, PORT: String(address.port), PUBLIC_URL: 'https://fieldnote.example' },
    onOutput: (child, said) => {
      const url = /HUBSPOT_BASE_URL=(\S+)/.exec(said)?.[1];
      if (edits.length > 0 || url === undefined || !said.includes('Ctrl-C')) return;
      edits.push(edit(url).finally(() => child.kill('SIGTERM')));
    },
  });
  await Promise.all(edits);
  web.close();
  await folder.remove();

  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stderr, /HubSpot's webhooks go to https:\/\/fieldnote\.example\/hubspot\/webhooks/);
  assert.match(ended.stdout, /^# export SLACK_APP_TOKEN=xapp-\S+$/m);
  assert.match(
    ended.stdout,
    /^# export OIDC_ISSUER=http:\/\/127\.0\.0\.1:\d+\n# export OIDC_CLIENT_ID=\S+$/m,
  );
  assert.match(ended.stdout, /^# export SLACK_CLIENT_ID=\S+\n# export SLACK_CLIENT_SECRET=\S+$/m);
  const secret = /HUBSPOT_CLIENT_SECRET=(\S+)/.exec(ended.stdout)?.[1] ?? '';
  const { request, body } = await heard.promise;
  const { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': timestamp } = request.headers;
  assert.deepEqual(
    checkSignature(
      {
        method: 'POST',
        url: 'https://fieldnote.example/hubspot/webhooks',
        body: Buffer.from(body),
        signature: String(signature),
        timestamp: String(timestamp),
      },
      [secret],
    ),
    { secret },
  );
  assert.match(body, /"propertyName":"name","propertyValue":"Nora’s Name"/);
});
