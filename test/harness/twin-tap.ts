import { Agent, createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** `before`: the request has not reached the twin; `after`: the twin has acted, and its answer is still to be handed on. */
export type TapMoment = 'before' | 'after';

export type TappedRequest = { method: string; path: string; body: string };

/** A wire to a twin on which a test can act in the middle of a call. */
export type TwinTap = {
  url: string;
  /** Awaited at both moments of every call. What it throws breaks the connection: the caller never hears an answer. */
  at: (moment: TapMoment, call: TappedRequest) => Promise<void> | void;
  /** What somebody in between answers before the twin hears of the call; null: nobody does. */
  intercept: ((call: TappedRequest) => { status: number; type: string; body: string } | null) | null;
  /** What the caller is told in place of the twin's answer; null: the answer as it is, byte for byte. */
  rewrite: ((call: TappedRequest, answer: string) => string) | null;
  /** What reaches the twin in the call's place, however it was signed; null: the call as it is. */
  tamper: ((call: TappedRequest) => TappedRequest) | null;
  close(): Promise<void>;
};

/** Opens a wire to the twin at `target`, on a port of its own. */
export async function openTwinTap(target: string): Promise<TwinTap> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });

  const forward = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await readAll(incoming);
    const call = { method: incoming.method ?? 'GET', path: incoming.url ?? '/', body: body.toString('utf8') };
    await tap.at('before', call);
    const page = tap.intercept?.(call) ?? null;
    if (page !== null) {
      outgoing.writeHead(page.status, { 'content-type': page.type }).end(page.body);
      return;
    }
    // The Host stays the tap's: a Salesforce login answers with the address that all later calls go to.
    const { rewrite, tamper } = tap;
    const sent = tamper === null ? call : tamper(call);
    const content = tamper === null ? body : Buffer.from(sent.body);
    // What is to be rewritten must not come zipped.
    const headers = {
      ...incoming.headers,
      ...(rewrite === null ? {} : { 'accept-encoding': 'identity' }),
      ...(tamper === null ? {} : { 'content-length': String(content.length) }),
    };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const onward = request(new URL(sent.path, target), { method: sent.method, headers, agent }, resolve);
      onward.once('error', reject);
      onward.end(content);
    });
    const answered = await readAll(answer);
    await tap.at('after', call);
    if (rewrite === null) {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.end(answered);
      return;
    }
    const { 'content-length': _length, ...kept } = answer.headers;
    outgoing.writeHead(answer.statusCode ?? 502, kept);
    outgoing.end(rewrite(call, answered.toString('utf8')));
  };

  const server = createServer({ keepAliveTimeout: 30_000 }, (incoming, outgoing) => {
    forward(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the tap has no port');
  const tap: TwinTap = {
    url: `http://127.0.0.1:${address.port}`,
    at: () => undefined,
    intercept: null,
    rewrite: null,
    tamper: null,
    close: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return tap;
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}
