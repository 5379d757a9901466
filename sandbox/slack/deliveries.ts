import { createHmac } from 'node:crypto';
import type { DeliverySettings } from './settings.ts';

/** What is sent to the app. */
export type Packet = {
  type: 'slash_commands' | 'interactive' | 'events_api';
  /** What it is of its type: the command, `block_actions`, `app_home_opened` … */
  about: string;
  payload: Record<string, unknown>;
  /** For an event that comes again: which time, and why (X-Slack-Retry-Num, X-Slack-Retry-Reason). */
  retry?: { num: number; reason: string };
};

export type Delivery = {
  n: number;
  /** Milliseconds since the epoch, real time. */
  at: number;
  type: Packet['type'];
  about: string;
  transport: 'http' | 'socket' | 'none';
  /** The HTTP status; 200 for an acknowledged envelope, null for none. */
  status: number | null;
  /** How long the app took to acknowledge, or until Slack gave up. */
  ackMs: number;
  /** What Slack tells the person; null: the app acknowledged in time. */
  error: 'operation_timeout' | 'dispatch_failed' | null;
  retryNum: number;
  /** What the app acknowledged with: JSON, text, or null for nothing. */
  answer: unknown;
};

export type Deliveries = {
  /** Sends once, or twice where `duplicates` is on; resolves with the first's outcome, never rejects. */
  send(packet: Packet): Promise<Delivery>;
  list(): Delivery[];
};

/** A socket that takes packets instead (Socket Mode). */
export type PacketSocket = {
  isConnected(): boolean;
  /** The acknowledgement's payload; null when none came in time. */
  send(packet: Packet, timeoutMs: number): Promise<{ payload: unknown } | null>;
};

const KEPT = 1_000;

/** Slack's signature, version 0, over a body at a time in seconds ("Verifying requests from Slack"). */
export function signBody(signingSecret: string, body: string, seconds: number): Record<string, string> {
  const hash = createHmac('sha256', signingSecret).update(`v0:${seconds}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': String(seconds), 'x-slack-signature': `v0=${hash}` };
}

/** A packet as an HTTP request. The content type of a form bears no charset: Bolt compares it as a whole. */
function packRequest(packet: Packet): { body: string; contentType: string } {
  const form = 'application/x-www-form-urlencoded';
  switch (packet.type) {
    case 'events_api':
      return { body: JSON.stringify(packet.payload), contentType: 'application/json' };
    case 'interactive':
      return {
        body: new URLSearchParams({ payload: JSON.stringify(packet.payload) }).toString(),
        contentType: form,
      };
    case 'slash_commands': {
      const fields = Object.entries(packet.payload).map(([name, value]): [string, string] => [
        name,
        String(value),
      ]);
      return { body: new URLSearchParams(fields).toString(), contentType: form };
    }
  }
}

export function createDeliveries(options: {
  signingSecret: string;
  settings: () => DeliverySettings;
  socket: PacketSocket;
}): Deliveries {
  const { socket, signingSecret } = options;
  let kept: Delivery[] = [];
  let count = 0;

  type Outcome = Pick<Delivery, 'transport' | 'status' | 'error' | 'answer'>;

  async function post(packet: Packet, url: string, timeoutMs: number): Promise<Outcome> {
    const { body, contentType } = packRequest(packet);
    const headers = {
      'content-type': contentType,
      'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
      ...signBody(signingSecret, body, Math.floor(Date.now() / 1000)),
      ...(packet.retry === undefined
        ? {}
        : {
            'x-slack-retry-num': String(packet.retry.num),
            'x-slack-retry-reason': packet.retry.reason,
          }),
    };
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
      const answer = readAnswer(await response.text());
      const error = response.ok ? null : 'dispatch_failed';
      return { transport: 'http', status: response.status, error, answer };
    } catch {
      const error = signal.aborted ? 'operation_timeout' : 'dispatch_failed';
      return { transport: 'http', status: null, error, answer: null };
    }
  }

  async function sendOnce(packet: Packet): Promise<Delivery> {
    const { requestUrl, ackMs } = options.settings();
    const at = Date.now();
    const started = performance.now();
    let outcome: Outcome;
    if (socket.isConnected()) {
      const acknowledged = await socket.send(packet, ackMs);
      outcome =
        acknowledged === null
          ? { transport: 'socket', status: null, error: 'operation_timeout', answer: null }
          : { transport: 'socket', status: 200, error: null, answer: acknowledged.payload ?? null };
    } else if (requestUrl !== null) outcome = await post(packet, requestUrl, ackMs);
    else outcome = { transport: 'none', status: null, error: 'dispatch_failed', answer: null };
    count += 1;
    const delivery: Delivery = {
      n: count,
      at,
      type: packet.type,
      about: packet.about,
      retryNum: packet.retry?.num ?? 0,
      ackMs: Math.round(performance.now() - started),
      ...outcome,
    };
    kept = [...kept.slice(-KEPT), delivery];
    return delivery;
  }

  return {
    list: () => kept,
    send: async (packet) => {
      const first = sendOnce(packet);
      if (options.settings().duplicates) await sendOnce(packet);
      return first;
    },
  };
}

function readAnswer(text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
