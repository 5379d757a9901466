import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import type { TestWeb } from './web-fixture.ts';
import { openWeb } from './web-fixture.ts';

let web: TestWeb;
before(async () => {
  web = await openWeb();
});
after(() => web.close());

// fetch does not let a Host header be chosen.
const askAs = (base: string, host: string, path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    httpRequest(`${base}${path}`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });

test('on loopback only our own names are answered, so that a rebound domain reads nothing', async () => {
  for (const host of [
    'evil.example',
    'evil.example:3000',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '10.0.0.1',
  ])
    assert.equal(await askAs(web.base, host, '/'), 421, host);
  for (const host of ['127.0.0.1', '127.0.0.1:3000', 'localhost:80', 'LOCALHOST', '[::1]:3000'])
    assert.equal(await askAs(web.base, host, '/'), 200, host);
});

test('beyond loopback pages refuse and say how to reach them; health and metrics stay', async () => {
  for (const bind of [
    { host: '0.0.0.0', publicUrl: 'http://127.0.0.1:3000' },
    { host: '::', publicUrl: 'https://notes.example' },
    // A proxy in front of a loopback bind makes it public too.
    { host: '127.0.0.1', publicUrl: 'https://notes.example' },
  ]) {
    const open = await openWeb(bind);
    try {
      const page = await fetch(`${open.base}/`);
      assert.equal(page.status, 403);
      assert.match(await page.text(), /sign-in is not set up[\s\S]*HOST&#x3D;127\.0\.0\.1/);
      for (const form of ['/runs/x/pause', '/settings/x'])
        assert.equal((await fetch(`${open.base}${form}`, { method: 'POST' })).status, 403, form);
      for (const path of ['/healthz', '/readyz', '/metrics', '/assets/base.css'])
        assert.equal((await fetch(`${open.base}${path}`)).status, 200, path);
    } finally {
      await open.close();
    }
  }
});
