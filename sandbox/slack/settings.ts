import { z } from 'zod';

/** How the twin reaches the app, and how patient it is; also set by POST /_twin/edit {"operation":"configure"}. */
export const DeliverySettings = z.strictObject({
  /** Where commands, interactions and events go; null: nowhere yet. A connected socket is used before it. */
  requestUrl: z.url().nullable().default(null),
  /** How long the app has to acknowledge (Slack: 3 s). */
  ackMs: z.int().min(1).default(3_000),
  /** How long a trigger_id is good (Slack: 3 s), by the twin's clock. */
  triggerMs: z.int().min(1).default(3_000),
  /** When an event that was not acknowledged comes again ("Events API", Retries: at once, after a minute, after five). */
  retryAfterMs: z.array(z.int().min(0)).max(3).default([0, 60_000, 300_000]),
  /** Everything is sent twice, as Slack may. */
  duplicates: z.boolean().default(false),
  /** Domains whose links are told to the app (link_shared); at most five in a manifest. */
  unfurlDomains: z.array(z.string()).max(5).default([]),
  /** The app's message shortcuts, as its manifest names them. */
  shortcuts: z
    .array(z.strictObject({ callback_id: z.string(), name: z.string() }))
    .default([{ callback_id: 'score_message', name: 'Score this company' }]),
  /** Files that are larger are refused ("files.getUploadURLExternal": 1 GB). A twin's files lie in its journal. */
  mostFileBytes: z.int().min(1).default(20_000_000),
  /** Calls a minute and workspace by method, beyond which 429 (e.g. {"conversations.history": 1}). */
  callsPerMinute: z.record(z.string(), z.int().min(1)).default({}),
  /** Messages a second that a channel takes ("Rate limits": one); null: any. */
  postsPerSecond: z.number().positive().nullable().default(null),
});
export type DeliverySettings = z.infer<typeof DeliverySettings>;
