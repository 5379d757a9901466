import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'node:test';
import { openBrowser } from './browser.ts';

test('a page counts as loaded when it is, whatever the one before it still had to load', async () => {
  let picture: ServerResponse | undefined;
  let seen: (() => void) | undefined;
  const firstIsLoaded = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === '/picture') picture = response;
    else if (request.url === '/loaded') {
      seen?.();
      response.end();
    } else if (request.url === '/second') {
      // The browser is on its way to the second page, and now has all of the first.
      picture?.writeHead(404).end();
      await firstIsLoaded;
      response.setHeader('content-type', 'text/html').write('<p>second</p>');
      await wait(300);
      response.end('<p>whole</p>');
    } else
      response
        .setHeader('content-type', 'text/html')
        .end(`<p>first</p><img src="/picture"><script>onload = () => fetch('/loaded')</script>`);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const base = `http://127.0.0.1:${address.port}`;
  const browser = await openBrowser();
  try {
    const page = await browser.openPage();
    await page.evaluate(`location.href = '${base}/first'`);
    await page.waitFor(`document.body.innerText.includes('first')`);
    await page.goto(`${base}/second`);
    assert.match(await page.text(), /second\s+whole/);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
});
