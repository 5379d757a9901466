import { writeFile } from 'node:fs/promises';
import { openBrowser } from '../harness/browser.ts';
import { findThrough } from '../harness/browser-page.ts';

// Takes a picture of a page for the docs, of the demo's say: npx node test/documents/photograph.ts ADDRESS FILE [SELECTOR [HEIGHT]]
// Waits until there is an element that the selector names.
const [address, file, selector = 'body', height = '900'] = process.argv.slice(2);
if (address === undefined || file === undefined) throw new Error('say which address, and into which file');
const browser = await openBrowser();
try {
  const page = await browser.openPage({ width: 1280, height: Number(height) });
  await page.goto(address);
  await page.waitFor(`${findThrough(selector)} != null`);
  await writeFile(file, await page.screenshot());
} finally {
  await browser.close();
}
