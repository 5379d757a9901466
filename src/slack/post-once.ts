import { ProviderError } from '../errors.ts';
import type { SlackClient } from './clients.ts';
import type { Message } from './views/types.ts';

const EVENT = 'fieldnote';
const LOOKED_AT = 50;

/**
 * Posts a message with a key of its own. One that may have been sent already, since its answer was lost or its worker was killed, is
 * looked for first.
 * @returns its time stamp, Slack's name of it, and whether it stood there already, with whatever it said then
 * @throws ProviderError
 */
export async function postOnce(
  client: SlackClient,
  post: {
    channel: string;
    key: string;
    message: Message;
    mayHaveBeenSent: boolean;
    botUserId: string;
    threadTs?: string;
  },
): Promise<{ ts: string | null; stood: boolean }> {
  const { channel, key, message, threadTs } = post;
  if (post.mayHaveBeenSent) {
    const sent = await findPost(client, post);
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

/** Our message with that key among the channel's last ones. */
async function findPost(
  client: SlackClient,
  {
    channel,
    key,
    threadTs,
    botUserId,
  }: { channel: string; key: string; threadTs?: string; botUserId: string },
): Promise<string | null> {
  const page = { channel, limit: LOOKED_AT, include_all_metadata: true };
  const { messages = [] } = await client
    .call('conversations.history', (api) =>
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
  const found = messages.find(
    (one) =>
      one.user === botUserId &&
      one.metadata?.event_type === EVENT &&
      Reflect.get(one.metadata.event_payload ?? {}, 'key') === key,
  );
  return found?.ts ?? null;
}
