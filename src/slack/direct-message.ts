import { ProviderError } from '../errors.ts';
import type { SlackClient } from './clients.ts';

/** The channel of a person's direct messages with the app. @throws ProviderError */
export async function openDirectMessage(client: SlackClient, userId: string): Promise<string> {
  const { channel } = await client.call('conversations.open', (api) =>
    api.conversations.open({ users: userId }),
  );
  if (channel?.id !== undefined) return channel.id;
  throw new ProviderError({
    provider: 'slack',
    operation: 'conversations.open',
    kind: 'malformed',
    message: 'names no channel',
  });
}
