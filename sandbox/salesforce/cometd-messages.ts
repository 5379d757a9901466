import { z } from 'zod';

export const Sent = z.looseObject({
  channel: z.string(),
  id: z.string().optional(),
  clientId: z.string().optional(),
  connectionType: z.string().optional(),
  subscription: z.string().optional(),
  advice: z.looseObject({ timeout: z.number().optional() }).optional(),
  ext: z.looseObject({ replay: z.record(z.string(), z.number()).optional() }).optional(),
});
/** A message of a client. */
export type Sent = z.infer<typeof Sent>;

/** A message to a client. */
export type Message = Record<string, unknown>;

/** How the Streaming API behaves; may be changed while the twin runs. */
export type StreamSettings = {
  /** How long a connect waits for events (the vendor: 110 s). */
  connectMs: number;
  /** How soon after an answer a client must connect again (the vendor: 40 s). */
  reconnectMs: number;
  /** Events delivered in 24 hours to all clients (Enterprise Edition: 25,000). */
  deliveriesPerDay: number;
  /** Clients at once (Enterprise Edition: 1,000). */
  mostClients: number;
  /** Answer every request with this status instead. */
  answerWith: number | null;
};

/** An answer to a message. */
export function reply(message: Sent, more: Message): Message {
  return { clientId: message.clientId, channel: message.channel, id: message.id, ...more };
}

export function refusal(message: Sent, error: string, more: Message = {}): Message {
  return reply(message, { error, successful: false, ...more });
}
