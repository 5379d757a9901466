import { ProviderError } from '../errors.ts';
import type { SlackClient } from './clients.ts';
import type { Message } from './views/types.ts';

const EVENT = 'fieldnote';
const LOOKED_AT = 50;
// Ours and Slack's.
const CLOCKS_DIFFER_SECONDS = 300;

/**
 * Posts a message with a key of its own. One that may have been sent already, since its answer was lost or its worker was killed, is
 * looked for first.
 * @returns its time stamp, Slack's name of it, and whether it stood there already, with whatever it said then
 * @throws ProviderError
 */
export async function postOnce(
  client: SlackClient,
  post: At & { key: string; message: Message; mayHaveBeenSent: boolean },
): Promise<{ ts: string | null; stood: boolean }> {
  const { channel, key, message, threadTs } = post;
  if (post.mayHaveBeenSent) {
    const sent = await findOwn(
      client,
      post,
      ({ metadata }) =>
        metadata?.event_type === EVENT && Reflect.get(metadata.event_payload ?? {}, 'key') === key,
    );
    if (sent !== null) return { ts: sent, stood: true };
  }
  const { ts } = await client.call('chat.postMessage', (api) =>
    api.chat.postMessage({
      channel,
      text: message.text,
      blocks: message.blocks,
      unfurl_links: false,
      unfurl_media: false,
      metadata: { event_type: EVENT, event_payload: { key } },
      ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
    }),
  );
  return { ts: ts ?? null, stood: false };
}

/** Where one of our messages may stand. */
type At = {
  channel: string;
  botUserId: string;
  threadTs?: string;
  /** It was not sent before. */
  since?: Date;
};

type Read = {
  user?: string;
  ts?: string;
  metadata?: { event_type?: string; event_payload?: object };
  files?: { id?: string }[];
};

/** Our message that is meant, among the channel's or the thread's last ones; null: it is not there, or nobody may look. @throws ProviderError */
export async function findOwn(
  client: SlackClient,
  { channel, threadTs, botUserId, since }: At,
  isMeant: (message: Read) => boolean,
): Promise<string | null> {
  const from = since === undefined ? {} : { oldest: String(since.getTime() / 1000 - CLOCKS_DIFFER_SECONDS) };
  const page = { channel, limit: LOOKED_AT, include_all_metadata: true, ...from };
  const { messages = [] } = await client
    .call<{ messages?: Read[] }>('conversations.history', (api) =>
      threadTs === undefined
        ? api.conversations.history(page)
        : api.conversations.replies({ ...page, ts: threadTs }),
    )
    .catch((error: unknown) => {
      // Without the right to read, nobody can tell: rather twice than never.
      if (error instanceof ProviderError && !error.retryable) return { messages: [] };
      throw error;
    });
  // Others' messages may carry whatever metadata they like.
  return messages.find((one) => one.user === botUserId && isMeant(one))?.ts ?? null;
}
