import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { workKeys } from './browser-keys.ts';
import type { BrowserKeys } from './browser-keys.ts';
import type { CdpSession } from './cdp.ts';

/** A document in which something can be looked at: a page's own, or that of a frame in it. */
export type BrowserFrame = {
  /** The value of an expression in the document, as JSON. */
  evaluate(expression: string): Promise<unknown>;
  /** Waits until an expression is true there. */
  waitFor(expression: string): Promise<void>;
  /** What there is to read. */
  text(): Promise<string>;
};

export type BrowserPage = BrowserFrame &
  BrowserKeys & {
    /** Goes to an address and waits until its page is loaded. */
    goto(url: string): Promise<void>;
    url(): Promise<string>;
    /** Presses the mouse on an element that is to be seen; ` >>> ` in a selector leads into what is shown inside of a component. */
    click(selector: string): Promise<void>;
    type(selector: string, text: string): Promise<void>;
    /** The frame that shows an address with this in it, once it is there. */
    frame(urlPart: string): Promise<BrowserFrame>;
    /** What is to be seen, as a PNG; with a selector what lies around all that it fits. */
    screenshot(selector?: string): Promise<Buffer>;
    close(): Promise<void>;
    /** Errors in the console, exceptions, and what a policy refused. */
    problems: string[];
    /** What was answered to this page so far. */
    responses: { url: string; status: number; mimeType: string }[];
  };

const WAIT_MS = 20_000;
const LOOK_EVERY_MS = 50;

const Evaluated = z.object({
  result: z.object({ value: z.unknown().optional() }),
  exceptionDetails: z.object({ text: z.string(), exception: z.unknown() }).optional(),
});
// No loader: only the place in the same document changed.
const Navigated = z.object({ errorText: z.string().optional(), loaderId: z.string().optional() });
const Lived = z.object({ loaderId: z.string(), name: z.string() });
const Response = z.object({
  response: z.object({ url: z.string(), status: z.number(), mimeType: z.string() }),
});
const LogEntry = z.object({
  entry: z.object({ level: z.string(), text: z.string(), url: z.string().optional() }),
});
const Called = z.object({ type: z.string(), args: z.array(z.object({ value: z.unknown().optional() })) });
const Thrown = z.object({
  exceptionDetails: z.object({
    text: z.string(),
    exception: z.object({ description: z.string().optional() }).optional(),
  }),
});
const Place = z.object({ x: z.number(), y: z.number() });
const Shot = z.object({ data: z.string() });
const Clip = z.object({
  x: z.number(),
  y: z.number(),
  width: z.number().positive(),
  height: z.number().positive(),
  scale: z.number(),
});
const World = z.object({ executionContextId: z.number() });
type Tree = { frame: { id: string; url: string }; childFrames?: Tree[] | undefined };
const Tree: z.ZodType<Tree> = z.object({
  frame: z.object({ id: z.string(), url: z.string() }),
  get childFrames() {
    return z.array(Tree).optional();
  },
});
const Frames = z.object({ frameTree: Tree });

/** An expression for the element that a selector finds, through the shadow roots that ` >>> ` names. */
export function findThrough(selector: string): string {
  const [first = '', ...inside] = selector.split(' >>> ').map((one) => JSON.stringify(one));
  return `document.querySelector(${first})${inside.map((one) => `?.shadowRoot?.querySelector(${one})`).join('')}`;
}

/** Drives one page; without `script` its own scripts do not run. */
export async function openPage(session: CdpSession, { script = true } = {}): Promise<BrowserPage> {
  const problems: string[] = [];
  const responses: BrowserPage['responses'] = [];
  session.on('Log.entryAdded', (params) => {
    const { entry } = LogEntry.parse(params);
    if (entry.level === 'error') problems.push(`${entry.text} ${entry.url ?? ''}`);
  });
  session.on('Runtime.consoleAPICalled', (params) => {
    const { type, args } = Called.parse(params);
    if (type === 'error') problems.push(args.map(({ value }) => String(value)).join(' '));
  });
  session.on('Runtime.exceptionThrown', (params) => {
    const { text, exception } = Thrown.parse(params).exceptionDetails;
    problems.push(exception?.description ?? text);
  });
  session.on('Network.responseReceived', (params) => {
    responses.push(Response.parse(params).response);
  });
  // By document: what the page before still had to load tells nothing of the next one.
  const loaded = new Set<string>();
  session.on('Page.lifecycleEvent', (params) => {
    const { loaderId, name } = Lived.parse(params);
    if (name === 'load') loaded.add(loaderId);
  });
  for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await session.send(`${domain}.enable`);
  await session.send('Page.setLifecycleEventsEnabled', { enabled: true });
  if (!script) await session.send('Emulation.setScriptExecutionDisabled', { value: true });

  const main = look(session, async () => ({}));
  const aim = async (selector: string): Promise<z.infer<typeof Place>> => {
    const found = findThrough(selector);
    await main.waitFor(`${found}?.getClientRects().length > 0`);
    return Place.parse(
      await main.evaluate(`(() => {
        const element = ${found};
        element.scrollIntoView({ block: 'center' });
        const { left, top, width, height } = element.getBoundingClientRect();
        return { x: left + width / 2, y: top + height / 2 };
      })()`),
    );
  };
  const press = async (selector: string): Promise<void> => {
    const place = { ...(await aim(selector)), button: 'left', clickCount: 1 };
    for (const type of ['mousePressed', 'mouseReleased'])
      await session.send('Input.dispatchMouseEvent', { type, ...place });
  };

  return {
    ...main,
    ...workKeys(session),
    problems,
    responses,
    goto: async (url) => {
      const { errorText, loaderId } = Navigated.parse(await session.send('Page.navigate', { url }));
      if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
      if (loaderId !== undefined) await until(async () => loaded.has(loaderId), `${url} is loaded`);
    },
    url: async () => String(await main.evaluate('location.href')),
    click: press,
    type: async (selector, text) => {
      await press(selector);
      await session.send('Input.insertText', { text });
    },
    frame: async (urlPart) => {
      const find = async (): Promise<string | undefined> => {
        const { frameTree } = Frames.parse(await session.send('Page.getFrameTree'));
        return flatten(frameTree).find(({ url }) => url.includes(urlPart))?.id;
      };
      await until(async () => (await find()) !== undefined, `a frame shows ${urlPart}`);
      return look(session, async () => {
        // Made anew each time: a frame that was loaded again has another world.
        const frameId = await find();
        const world = await session.send('Page.createIsolatedWorld', { frameId });
        return { contextId: World.parse(world).executionContextId };
      });
    },
    close: async () => {
      await session.send('Page.close');
    },
    screenshot: async (selector) => {
      const clip = selector === undefined ? {} : { clip: Clip.parse(await main.evaluate(boxOf(selector))) };
      return Buffer.from(Shot.parse(await session.send('Page.captureScreenshot', clip)).data, 'base64');
    },
  };
}

/** The box around everything that fits a selector. */
function boxOf(selector: string): string {
  return `(() => {
    const boxes = [...document.querySelectorAll(${JSON.stringify(selector)})].map((one) => one.getBoundingClientRect());
    const x = Math.max(0, Math.min(...boxes.map(({ left }) => left)));
    const y = Math.max(0, Math.min(...boxes.map(({ top }) => top)));
    const right = Math.min(innerWidth, Math.max(...boxes.map((box) => box.right)));
    const bottom = Math.min(innerHeight, Math.max(...boxes.map((box) => box.bottom)));
    return { x, y, width: right - x, height: bottom - y, scale: 1 };
  })()`;
}

function look(session: CdpSession, where: () => Promise<{ contextId?: number }>): BrowserFrame {
  const evaluate = async (expression: string): Promise<unknown> => {
    const options = { returnByValue: true, awaitPromise: true, ...(await where()) };
    const { result, exceptionDetails } = Evaluated.parse(
      await session.send('Runtime.evaluate', { expression, ...options }),
    );
    if (exceptionDetails !== undefined)
      throw new Error(
        `${expression}: ${exceptionDetails.text} ${JSON.stringify(exceptionDetails.exception)}`,
      );
    return result.value;
  };
  return {
    evaluate,
    // While a page changes there is no document for a moment.
    waitFor: (expression) =>
      until(async () => (await evaluate(expression).catch(() => false)) === true, expression),
    text: async () => String(await evaluate('document.body.innerText')),
  };
}

function flatten(tree: Tree): Tree['frame'][] {
  return [tree.frame, ...(tree.childFrames ?? []).flatMap(flatten)];
}

/** Waits for a condition, and fails with what was waited for. */
export async function until(is: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await is())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await wait(LOOK_EVERY_MS);
  }
}
