import { randomBytes, randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { SlackRefusal } from './answers.ts';
import type { Packet, PacketSocket } from './deliveries.ts';
import { APP_ID } from './team.ts';

export type Sockets = PacketSocket & {
  /** apps.connections.open: an address that is good for one connection. @throws SlackRefusal */
  open(token: string | undefined, twinUrl: string): string;
  attach(server: Server): void;
  count(): number;
  /** Tells the app to connect anew, as Slack does now and then, and hangs up. */
  disconnect(reason: 'refresh_requested' | 'warning' | 'link_disabled'): void;
  close(): void;
};

const Acknowledgement = z.object({ envelope_id: z.string(), payload: z.unknown().optional() });

// "Socket Mode": up to ten connections.
const MOST_SOCKETS = 10;
// The library gives up on a server that sent no ping for thirty seconds.
const PING_MS = 10_000;
const TICKETS = 100;

/** Socket Mode: what the app would get by HTTP goes out as envelopes over a WebSocket. */
export function createSockets(appToken: string | null): Sockets {
  const server = new WebSocketServer({ noServer: true });
  const tickets = new Set<string>();
  const open = new Set<WebSocket>();
  const waiting = new Map<string, (payload: unknown) => void>();
  let turn = 0;

  const hear = (text: string): void => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return;
    }
    const parsed = Acknowledgement.safeParse(value);
    if (parsed.success) waiting.get(parsed.data.envelope_id)?.(parsed.data.payload);
  };

  const greet = (socket: WebSocket): void => {
    open.add(socket);
    const pinging = setInterval(() => socket.ping(), PING_MS);
    socket.on('message', (data: Buffer) => hear(data.toString('utf8')));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      clearInterval(pinging);
      open.delete(socket);
    });
    socket.send(
      JSON.stringify({
        type: 'hello',
        num_connections: open.size,
        connection_info: { app_id: APP_ID },
        debug_info: { host: 'twin', started: new Date().toISOString(), approximate_connection_time: 18_060 },
      }),
    );
  };

  return {
    open: (token, twinUrl) => {
      if (token === undefined) throw new SlackRefusal('not_authed');
      if (token.startsWith('xoxb-')) throw new SlackRefusal('not_allowed_token_type');
      if (appToken === null || token !== appToken) throw new SlackRefusal('invalid_auth');
      if (open.size >= MOST_SOCKETS) throw new SlackRefusal('too_many_websockets');
      const ticket = randomBytes(18).toString('hex');
      tickets.add(ticket);
      const [oldest] = tickets;
      if (tickets.size > TICKETS && oldest !== undefined) tickets.delete(oldest);
      return `${twinUrl.replace(/^http/, 'ws')}/link/?ticket=${ticket}&app_id=${APP_ID}`;
    },
    attach: (http) => {
      http.on('upgrade', (request, stream, head) => {
        const { pathname, searchParams } = new URL(request.url ?? '/', 'http://twin');
        if (pathname !== '/link/' || !tickets.delete(searchParams.get('ticket') ?? '')) {
          stream.end('HTTP/1.1 403 Forbidden\r\n\r\n');
          return;
        }
        server.handleUpgrade(request, stream, head, greet);
      });
    },
    count: () => open.size,
    isConnected: () => open.size > 0,
    send: (packet, timeoutMs) => {
      const connected = [...open];
      turn += 1;
      const socket = connected[turn % connected.length];
      if (socket === undefined) return Promise.resolve(null);
      const id = randomUUID();
      return new Promise((resolve) => {
        const finish = (answer: { payload: unknown } | null): void => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(answer);
        };
        const timer = setTimeout(() => finish(null), timeoutMs);
        waiting.set(id, (payload) => finish({ payload }));
        socket.send(JSON.stringify(wrap(packet, id)));
      });
    },
    disconnect: (reason) => {
      for (const socket of open) {
        socket.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'twin' } }));
        // A warning only announces the end.
        if (reason !== 'warning') socket.close();
      }
    },
    close: () => {
      for (const socket of open) socket.terminate();
      server.close();
    },
  };
}

function wrap(packet: Packet, id: string): Record<string, unknown> {
  return {
    envelope_id: id,
    type: packet.type,
    payload: packet.payload,
    accepts_response_payload: packet.type !== 'events_api',
    ...(packet.type === 'events_api'
      ? { retry_attempt: packet.retry?.num ?? 0, retry_reason: packet.retry?.reason ?? '' }
      : {}),
  };
}
