import { z } from 'zod';

/** What the thread is started with. */
export const StreamOrder = z.object({
  instanceUrl: z.string(),
  accessToken: z.string(),
  version: z.string(),
  /** Channels, each with the replay id to go on behind; -1: what comes from now on. */
  channels: z.record(z.string(), z.number()),
});
export type StreamOrder = z.infer<typeof StreamOrder>;

/** What of a change event decides what is done; `null` for one that can't be read. */
const Told = z.object({
  channel: z.string(),
  replayId: z.number().nullable(),
  header: z
    .object({
      changeType: z.string(),
      recordIds: z.array(z.string()),
      changedFields: z.array(z.string()),
    })
    .nullable(),
});
export type Told = z.infer<typeof Told>;

/** What the thread says. */
export const FromThread = z.discriminatedUnion('type', [
  /** The channels are subscribed to, but for those that were refused, each in the org's words. */
  z.object({ type: z.literal('following'), refused: z.record(z.string(), z.string()) }),
  /** One answer of the org; no further one is asked for until it hears `go`. */
  z.object({ type: z.literal('turn'), events: z.array(Told) }),
  /** It is over: the org refused, in its words, or did not answer as it should. */
  z.object({ type: z.literal('refused'), error: z.string() }),
  z.object({ type: z.literal('broken'), because: z.string() }),
  z.object({ type: z.literal('left') }),
]);
export type FromThread = z.infer<typeof FromThread>;

/** What the thread hears: go on, or say goodbye to the org. */
export type ToThread = 'go' | 'leave';
