import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { SlackRefusal, refuseWith } from './answers.ts';
import { readFlag, readJson, readText } from './args.ts';
import type { Args } from './args.ts';
import { fillIds, refuseBlocks } from './blocks.ts';
import type { Block } from './blocks.ts';
import type { Message } from './events.ts';
import { findBlockReferences, findReferences, pickUnfurled } from './references.ts';
import type { Slack } from './slack.ts';
import { APP_ID } from './team.ts';
import type { Team } from './team.ts';

// "chat.postMessage", Truncating content: more is refused (it says 40,000; a text beyond is cut in Slack and refused here).
const MOST_TEXT = 40_000;
// "Message metadata": 8 KB.
const MOST_METADATA = 8_000;

/** What a sender may say of a message. */
export type Content = {
  text: string;
  /** Undefined: not sent. */
  blocks: Block[] | undefined;
  metadata: Message['metadata'];
  unfurlLinks: boolean;
  unfurlMedia: boolean;
};

const Metadata = z.object({
  event_type: z.string().min(1),
  event_payload: z.record(z.string(), z.unknown()),
});

/** Reads and checks text, blocks and metadata. @throws SlackRefusal as chat.postMessage names it */
export function readContent(args: Args): Content {
  const text = readText(args, 'text') ?? '';
  if (text.length > MOST_TEXT) throw new SlackRefusal('msg_too_long');
  const blocks = readBlocks(readJson(args, 'blocks', 'invalid_blocks_format'));
  const told = readJson(args, 'metadata', 'invalid_metadata_format');
  const metadata = told === undefined ? null : Metadata.safeParse(told);
  if (metadata !== null && !metadata.success) throw new SlackRefusal('invalid_metadata_schema');
  if (JSON.stringify(metadata?.data ?? {}).length > MOST_METADATA)
    throw new SlackRefusal('metadata_too_large');
  return {
    text,
    blocks,
    metadata: metadata?.data ?? null,
    unfurlLinks: readFlag(args, 'unfurl_links', false),
    unfurlMedia: readFlag(args, 'unfurl_media', true),
  };
}

const Sent = z.array(z.record(z.string(), z.unknown()));

/** @throws SlackRefusal when they break one of Block Kit's rules */
export function readBlocks(value: unknown): Block[] | undefined {
  if (value === undefined) return undefined;
  const wrong = refuseBlocks(value, 'message');
  if (wrong !== null) throw refuseWith(wrong.error, wrong.messages);
  return Sent.parse(value);
}

/** Stores a message and what Slack makes of it. */
export function writeMessage(
  slack: Slack,
  message: {
    team: Team;
    channel: string;
    author: string;
    content: Content;
    threadTs?: string | null;
    onlyFor?: string | null;
    files?: string[];
  },
): Message {
  const { content, team } = message;
  const written: Message = {
    team: team.id,
    channel: message.channel,
    ts: slack.state.nextTs(),
    author: message.author,
    text: content.text,
    ...readOut(content, content.blocks ?? []),
    threadTs: message.threadTs ?? null,
    onlyFor: message.onlyFor ?? null,
    metadata: content.metadata,
    files: message.files ?? [],
    unfurls: [],
    edited: null,
    deleted: false,
  };
  slack.state.commit({ kind: 'message', message: written });
  return written;
}

/** Changes a message's content. Without blocks it keeps those that it has (chat.update). */
export function changeMessage(slack: Slack, message: Message, content: Content): Message {
  const changed: Message = {
    ...message,
    text: content.text === '' ? message.text : content.text,
    ...readOut(content, content.blocks ?? message.blocks),
    metadata: content.metadata ?? message.metadata,
    edited: slack.state.nextTs(),
  };
  slack.state.commit({ kind: 'message', message: changed });
  return changed;
}

function readOut(
  content: Content,
  blocks: readonly Block[],
): Pick<Message, 'blocks' | 'mentions' | 'unfurled'> {
  const inText = findReferences(content.text);
  const inBlocks = findBlockReferences(blocks);
  const links = [...new Set([...inText.links, ...inBlocks.links])];
  return {
    blocks: fillIds(blocks, () => randomBytes(4).toString('base64url').slice(0, 5)),
    mentions: [...new Set([...inText.mentions, ...inBlocks.mentions])],
    unfurled: pickUnfurled(links, content),
  };
}

/** A message in the form of the Web API and of events. */
export function showMessage(
  slack: Slack,
  message: Message,
  { withMetadata = false } = {},
): Record<string, unknown> {
  const team = slack.state.team(message.team);
  const byApp = message.author === team.botUser;
  const replies = slack.state
    .messages(message.team, message.channel)
    .filter(({ threadTs, deleted, onlyFor }) => threadTs === message.ts && !deleted && onlyFor === null);
  return {
    type: 'message',
    user: message.author,
    ts: message.ts,
    text: message.text,
    ...showWhose(team, message.author),
    ...(byApp ? { bot_id: team.botId, app_id: APP_ID } : {}),
    ...(message.blocks.length > 0 ? { blocks: message.blocks } : {}),
    ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    ...(replies.length > 0
      ? { thread_ts: message.ts, reply_count: replies.length, latest_reply: replies.at(-1)?.ts }
      : {}),
    ...(message.edited === null ? {} : { edited: { user: message.author, ts: message.edited } }),
    ...(message.onlyFor === null ? {} : { is_ephemeral: true }),
    ...(withMetadata && message.metadata !== null ? { metadata: message.metadata } : {}),
    ...(message.files.length > 0 ? { files: message.files.map((id) => showFile(slack, id)) } : {}),
  };
}

/** Whose the author is; of another organisation's people messages say it more than once (app_mention, Slack Connect). */
function showWhose(team: Team, author: string): Record<string, unknown> {
  const from = team.people.get(author)?.from;
  return from === undefined ? { team: team.id } : { team: from, user_team: from, source_team: from };
}

/** A file in the form of the Web API. */
export function showFile(slack: Slack, id: string): Record<string, unknown> {
  const file = slack.state.file(id);
  if (file === undefined) return { id, mode: 'tombstone' };
  const url = `${slack.url()}/files/${file.id}/${encodeURIComponent(file.name)}`;
  return {
    id: file.id,
    name: file.name,
    title: file.title,
    mimetype: file.mimetype,
    size: Buffer.byteLength(file.base64, 'base64'),
    user: file.user,
    url_private: url,
    url_private_download: url,
  };
}
