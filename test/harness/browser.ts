import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { z } from 'zod';
import { openPage, until } from './browser-page.ts';
import type { BrowserPage } from './browser-page.ts';
import { connectCdp } from './cdp.ts';

export type Browser = {
  /** A page with cookies of its own, as of another person. */
  openPage(options?: { width?: number; height?: number; script?: boolean }): Promise<BrowserPage>;
  /** The tab that a page opened, once it has come to an address with this in it. */
  findTab(urlPart: string): Promise<BrowserPage>;
  close(): Promise<void>;
};

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const Context = z.object({ browserContextId: z.string() });
const Target = z.object({ targetId: z.string() });
const Targets = z.object({
  targetInfos: z.array(z.object({ targetId: z.string(), type: z.string(), url: z.string() })),
});
const Attached = z.object({ sessionId: z.string() });

/** A headless Chromium with a profile of its own. @throws where none is installed: a page that nobody looked at is not tested */
export async function openBrowser(): Promise<Browser> {
  const program = await findChromium();
  const profile = await mkdtemp(join(tmpdir(), 'fieldnote-browser-'));
  const chromium = spawn(
    program,
    [
      '--headless=new',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      '--no-first-run',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-extensions',
      '--no-proxy-server',
      // Frames of other sites then answer on their page's own line; what they may do stays the same.
      '--disable-site-isolation-trials',
      '--disable-features=IsolateOrigins,site-per-process,IsolateSandboxedIframes',
      // Chromium refuses its sandbox to root, as whom containers run.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const cdp = await connectCdp(await readAddress(chromium));
  return {
    openPage: async ({ width = 1280, height = 900, script = true } = {}) => {
      const { browserContextId } = Context.parse(await cdp.send('Target.createBrowserContext'));
      const { targetId } = Target.parse(
        await cdp.send('Target.createTarget', { url: 'about:blank', browserContextId, width, height }),
      );
      const { sessionId } = Attached.parse(
        await cdp.send('Target.attachToTarget', { targetId, flatten: true }),
      );
      return openPage(cdp.session(sessionId), { script });
    },
    findTab: async (urlPart) => {
      const find = async (): Promise<string | undefined> => {
        const { targetInfos } = Targets.parse(await cdp.send('Target.getTargets'));
        return targetInfos.find(({ type, url }) => type === 'page' && url.includes(urlPart))?.targetId;
      };
      let targetId: string | undefined;
      await until(async () => (targetId = await find()) !== undefined, `a tab shows ${urlPart}`);
      const { sessionId } = Attached.parse(
        await cdp.send('Target.attachToTarget', { targetId, flatten: true }),
      );
      return openPage(cdp.session(sessionId));
    },
    close: async () => {
      const gone = chromium.exitCode === null ? once(chromium, 'exit') : null;
      await cdp.send('Browser.close').catch(() => chromium.kill('SIGKILL'));
      cdp.close();
      await gone;
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

async function findChromium(): Promise<string> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const path of NAMES.flatMap((name) => folders.map((folder) => join(folder, name))))
    if (await isProgram(path)) return path;
  throw new Error(
    'This test opens pages in Chromium, and there is none: install it with "apt-get install -y chromium" (Debian), or put it on the PATH as one of ' +
      NAMES.join(', '),
  );
}

function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Chromium says on which port it listens, or why it does not start. */
function readAddress(chromium: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    // Read to its end: a pipe that is full would hold the browser.
    chromium.stderr?.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-10_000);
      const address = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (address !== undefined) resolve(address);
    });
    chromium.once('error', reject);
    chromium.once('exit', () => reject(new Error(`Chromium did not start: ${said}`)));
  });
}
