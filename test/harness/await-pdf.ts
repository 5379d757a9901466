import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';

const PATIENCE_MS = 60_000;

/** Loads a page again and again, as its reader's browser does, until it has become the PDF that it waits for. */
export async function awaitPdf(url: string | URL): Promise<Response> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const response = await fetch(url, { signal: AbortSignal.timeout(15_000) });
    if (response.headers.get('content-type') === 'application/pdf') return response;
    const text = await response.text();
    assert.match(text, /is being made/);
    assert.ok(Date.now() < deadline, text);
    await wait(50);
  }
}
