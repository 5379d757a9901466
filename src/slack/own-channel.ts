import { ProviderError } from '../errors.ts';
import type { SlackClient } from './clients.ts';

/** Our own codes beside Slack's, for a channel that takes no message of ours because of who reads it. */
export const SHARED_WITH_OTHERS = 'shared_with_others';
export const SHARING_UNKNOWN = 'sharing_unknown';

/**
 * Makes sure that nobody of another organisation reads a channel (Slack Connect). A direct message with the app has two members, and who
 * the person is was seen when they asked.
 * @throws ProviderError with SHARED_WITH_OTHERS; with SHARING_UNKNOWN where the app may not look; with Slack's own code for anything else
 */
export async function requireOwnChannel(client: SlackClient, channelId: string): Promise<void> {
  if (channelId.startsWith('D')) return;
  const { channel } = await client
    .call('conversations.info', (api) => api.conversations.info({ channel: channelId }))
    .catch((error: unknown) => {
      if (!(error instanceof ProviderError) || error.code !== 'missing_scope') throw error;
      throw refuse(SHARING_UNKNOWN, 'the app may not see whether other organisations read the channel');
    });
  // An invitation that is not answered yet counts: once it is, they read what was written before.
  const shared =
    channel === undefined ||
    channel.is_ext_shared === true ||
    channel.is_pending_ext_shared === true ||
    (channel.is_shared === true && channel.is_org_shared !== true);
  if (shared) throw refuse(SHARED_WITH_OTHERS, 'people of another organisation read the channel');
}

/** May people of another organisation read there? Yes, where nobody can tell. @throws ProviderError where another try may tell */
export async function hasStrangers(client: SlackClient, channelId: string): Promise<boolean> {
  try {
    await requireOwnChannel(client, channelId);
    return false;
  } catch (error) {
    if (error instanceof ProviderError && !error.retryable) return true;
    throw error;
  }
}

function refuse(code: string, message: string): ProviderError {
  return new ProviderError({
    provider: 'slack',
    operation: 'conversations.info',
    kind: 'refused',
    code,
    message,
    ...(code === SHARING_UNKNOWN
      ? { fix: 'Give the Slack app the scopes channels:read and groups:read, and install it again.' }
      : {}),
  });
}
