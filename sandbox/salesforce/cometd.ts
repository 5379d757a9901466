import type { Request, Response } from 'express';
import { z } from 'zod';
import type { TwinKit } from '../kit/twin.ts';
import { createStreamClients } from './cometd-clients.ts';
import type { StreamClients } from './cometd-clients.ts';
import { Sent } from './cometd-messages.ts';
import type { Message, StreamSettings } from './cometd-messages.ts';
import type { Hold } from './cometd-turns.ts';
import type { ChangeEvents } from './change-events.ts';
import type { Org } from './org.ts';
import type { Sessions } from './sessions.ts';

// Streaming API guide, "Streaming API Error Codes" (Winter '27): versions answered, and the largest request.
const OLDEST_VERSION = 37;
const NEWEST_VERSION = 68;
const MOST_BYTES = 32_768;

/** The cookie that ties a client to its server. */
const COOKIE = 'BAYEUX_BROWSER';

const Body = z.union([z.array(Sent).min(1), Sent.transform((message) => [message])]);

/** Mounts the Streaming API: Bayeux over long polling, as CometD speaks it, at /cometd/VERSION. */
export function mountCometd(
  { app, clock }: TwinKit,
  org: Org,
  sessions: Sessions,
  events: ChangeEvents,
  settings: StreamSettings,
): StreamClients {
  const clients = createStreamClients(org, sessions, events, clock, settings);
  const refuse = (response: Response, status: number, error: string): void => {
    response.locals.operation = 'cometd refused';
    response.status(status).json([{ error, successful: false }]);
  };
  app.use(
    /^\/cometd(?:\/([^/]*))?\/?$/,

    (request, response) => {
      if (settings.answerWith !== null)
        return refuse(response, settings.answerWith, `${settings.answerWith}::`);
      if (request.method !== 'POST')
        return refuse(response, request.method === 'GET' ? 400 : 405, '405::Only POST allowed');
      const version = /^\/cometd\/(\d+)\.0\/?$/.exec(request.originalUrl)?.[1];
      if (version === undefined)
        return refuse(response, 400, "400::API version in the URI is mandatory. URI format: '/cometd/68.0'");
      if (Number(version) < OLDEST_VERSION || Number(version) > NEWEST_VERSION)
        return refuse(
          response,
          400,
          "400::Unsupported API version. Only API versions '37.0' and later are supported. URI format: '/cometd/68.0'",
        );
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      if (body.length > MOST_BYTES) return refuse(response, 413, '413::Maximum Request Size Exceeded');
      const sent = parse(body);
      if (sent === null) return refuse(response, 400, '400::Bad request');
      answer(clients, request, response, sent);
    },
  );
  return clients;
}

function parse(body: Buffer): Sent[] | null {
  try {
    return Body.parse(JSON.parse(body.toString('utf8')));
  } catch {
    return null;
  }
}

/** One answer to all messages of a request; it waits where a connect among them does. */
function answer(clients: StreamClients, request: Request, response: Response, sent: readonly Sent[]): void {
  const token = /^(?:Bearer|OAuth) (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const cookie = new RegExp(`${COOKIE}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1];
  const replies: Message[] = [];
  let hold: Hold | null = null;
  for (const message of sent) {
    switch (message.channel) {
      case '/meta/handshake': {
        const { reply, browser } = clients.handshake(message, token);
        if (browser !== null) response.cookie(COOKIE, browser, { path: '/cometd/', httpOnly: true });
        replies.push(reply);
        break;
      }
      case '/meta/subscribe':
        replies.push(clients.subscribe(message, cookie));
        break;
      case '/meta/unsubscribe':
        replies.push(clients.unsubscribe(message, cookie));
        break;
      case '/meta/disconnect':
        replies.push(clients.disconnect(message, cookie));
        break;
      case '/meta/connect': {
        const found = clients.connect(message, cookie, token);
        if (found.hold === null) replies.push(...found.replies);
        else hold = found.hold;
        break;
      }
      default:
        replies.push({
          channel: message.channel,
          id: message.id,
          successful: false,
          error: '403::Cannot publish',
        });
    }
  }
  response.locals.operation = sent.map(({ channel }) => channel.replace('/meta/', 'cometd ')).join(' + ');
  const send = (more: readonly Message[]): void => {
    if (!response.writableEnded)
      response.type('application/json;charset=UTF-8').send(JSON.stringify([...replies, ...more]));
  };
  if (hold === null) return send([]);
  const release = hold.wait(send);
  response.once('close', release);
}
