import { z } from 'zod';

const json = z.record(z.string(), z.unknown());

const Metadata = z.object({ event_type: z.string(), event_payload: json });

const Message = z.object({
  team: z.string(),
  channel: z.string(),
  ts: z.string(),
  /** The user id of who wrote it: a person, the app's own user, or Slackbot. */
  author: z.string(),
  text: z.string(),
  blocks: z.array(json),
  threadTs: z.string().nullable(),
  /** The one person who sees it (an ephemeral message); null: all. */
  onlyFor: z.string().nullable(),
  metadata: Metadata.nullable(),
  files: z.array(z.string()),
  /** Whom it called (references.ts). */
  mentions: z.array(z.string()),
  /** The links that Slack itself showed a preview of. */
  unfurled: z.array(z.string()),
  /** What the app showed under it for its own links (chat.unfurl). */
  unfurls: z.array(z.object({ url: z.string(), blocks: z.array(json), text: z.string() })),
  edited: z.string().nullable(),
  deleted: z.boolean(),
});
export type Message = z.infer<typeof Message>;

const Hook = z.object({
  id: z.string(),
  team: z.string(),
  channel: z.string(),
  user: z.string(),
  /** The message that was acted on; null: a slash command, which has none. */
  ts: z.string().nullable(),
  /** Milliseconds since the epoch, the twin's clock. */
  madeAt: z.number(),
});
/** A response_url. */
export type Hook = z.infer<typeof Hook>;

const Installation = z.object({
  team: z.string(),
  token: z.string(),
  scopes: z.array(z.string()),
});
export type Installation = z.infer<typeof Installation>;

const StoredFile = z.object({
  id: z.string(),
  team: z.string(),
  name: z.string(),
  title: z.string(),
  mimetype: z.string(),
  user: z.string(),
  base64: z.string(),
});
export type StoredFile = z.infer<typeof StoredFile>;

const StoredView = z.object({
  id: z.string(),
  team: z.string(),
  user: z.string(),
  hash: z.string(),
  /** What the app sent, with the ids that Slack gives. */
  view: json,
});
export type StoredView = z.infer<typeof StoredView>;

/** What can happen in the twin's workspaces; the journal's lines. */
const SlackEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('installed'), installation: Installation }),
  /** `revoked`: by auth.revoke or an administrator; `uninstalled`: the app was removed. */
  z.object({ kind: z.literal('ended'), token: z.string(), how: z.enum(['uninstalled', 'revoked']) }),
  z.object({ kind: z.literal('joined'), team: z.string(), channel: z.string(), user: z.string() }),
  z.object({ kind: z.literal('left'), team: z.string(), channel: z.string(), user: z.string() }),
  z.object({ kind: z.literal('archived'), team: z.string(), channel: z.string() }),
  /** Shared with another organisation's workspace; `pending`: it was invited, and its people are not there yet. */
  z.object({
    kind: z.literal('shared'),
    team: z.string(),
    channel: z.string(),
    with: z.string(),
    pending: z.boolean(),
  }),
  z.object({ kind: z.literal('opened'), team: z.string(), user: z.string() }),
  z.object({ kind: z.literal('message'), message: Message }),
  z.object({ kind: z.literal('hook'), hook: Hook }),
  z.object({ kind: z.literal('hook used'), id: z.string() }),
  z.object({ kind: z.literal('home'), home: StoredView }),
  z.object({ kind: z.literal('file'), file: StoredFile }),
]);
export type SlackEvent = z.infer<typeof SlackEvent>;

export function parseEvent(line: unknown): SlackEvent {
  return SlackEvent.parse(line);
}
