import { createHash } from 'node:crypto';
import { Agent, createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request as it went over the wire. */
export type TappedCall = {
  path: string;
  /** SHA-256 of path and body: the same question has the same one. */
  question: string;
  body: string;
  at: number;
  /** When the whole answer had been handed to the caller; null: it is still open or the caller hung up. */
  answeredAt: number | null;
  status: number | null;
};

export type WireTap = {
  url: string;
  calls: TappedCall[];
  /** Requests that wait for their answer at this moment. */
  inFlight(): number;
  close(): Promise<void>;
};

/** A proxy before a twin that keeps what was asked and when the answer had arrived. */
export async function startWireTap(target: string): Promise<WireTap> {
  const calls: TappedCall[] = [];
  const open = new Set<TappedCall>();
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });

  const forward = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await readAll(incoming);
    const path = incoming.url ?? '/';
    const question = createHash('sha256').update(path).update(body).digest('hex');
    const call: TappedCall = { path, question, body, at: Date.now(), answeredAt: null, status: null };
    calls.push(call);
    open.add(call);
    outgoing.once('close', () => {
      open.delete(call);
      if (outgoing.writableFinished) call.answeredAt = Date.now();
    });
    const { host: _, ...headers } = incoming.headers;
    const onward = request(new URL(path, target), { method: incoming.method, headers, agent }, (answer) => {
      call.status = answer.statusCode ?? null;
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    // What breaks behind the tap breaks before it.
    onward.once('error', () => incoming.socket.destroy());
    onward.end(body);
  };
  const server = createServer({ keepAliveTimeout: 30_000 }, (incoming, outgoing) => {
    forward(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the tap has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    inFlight: () => open.size,
    close: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readAll(stream: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}
