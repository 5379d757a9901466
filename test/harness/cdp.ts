import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

type Params = Record<string, unknown>;
type Listener = (params: unknown) => void;

/** A page's own line to the browser, over the connection that all share. */
export type CdpSession = {
  send(method: string, params?: Params): Promise<unknown>;
  on(event: string, listener: Listener): void;
};

export type Cdp = CdpSession & { session(id: string): CdpSession; close(): void };

const Incoming = z.object({
  id: z.number().optional(),
  sessionId: z.string().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
});

const ANSWER_WITHIN_MS = 30_000;

/** The Chrome DevTools Protocol over Node's own WebSocket (https://chromedevtools.github.io/devtools-protocol/). */
export async function connectCdp(url: string): Promise<Cdp> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const listeners = new Map<string, Listener[]>();
  let lastId = 0;

  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new Error(`the browser does not answer at ${url}`)), {
      once: true,
    });
  });
  socket.addEventListener('message', ({ data }) => {
    const message = Incoming.parse(JSON.parse(String(data)));
    if (message.id !== undefined) {
      const { resolve, reject } = waiting.get(message.id) ?? {};
      waiting.delete(message.id);
      if (message.error === undefined) resolve?.(message.result);
      else reject?.(new Error(message.error.message));
      return;
    }
    for (const listener of listeners.get(`${message.sessionId ?? ''} ${message.method}`) ?? [])
      listener(message.params);
  });
  socket.addEventListener('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the browser is gone'));
    waiting.clear();
  });

  const open = (sessionId?: string): CdpSession => ({
    send: async (method, params = {}) => {
      const id = (lastId += 1);
      const answer = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
      socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
      const late = new AbortController();
      try {
        return await Promise.race([
          answer,
          wait(ANSWER_WITHIN_MS, null, { signal: late.signal }).then(() => {
            throw new Error(`the browser did not answer ${method}`);
          }),
        ]);
      } finally {
        late.abort();
        waiting.delete(id);
      }
    },
    on: (event, listener) => {
      const key = `${sessionId ?? ''} ${event}`;
      listeners.set(key, [...(listeners.get(key) ?? []), listener]);
    },
  });
  return { ...open(), session: open, close: () => socket.close() };
}
