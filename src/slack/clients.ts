import { webApi } from '@slack/bolt';
import { z } from 'zod';
import { ProviderError, describeError } from '../errors.ts';
import type { ProviderErrorKind } from '../errors.ts';

/** What Slack's Web API is to us: one call at a time, no repeats behind our back. */
export type SlackClient = {
  /** @throws ProviderError */
  call<T>(operation: string, act: (client: webApi.WebClient) => Promise<T>): Promise<T>;
};

export type SlackClients = { of(token: string): SlackClient };

const PROVIDER = 'slack';
const TIMEOUT_MS = 10_000;

/**
 * Clients under each team's token. Jobs are what repeats: a client that did so itself would post twice where an answer is lost, and a
 * limit on one channel would hold up all others.
 * @param apiUrl ends with a slash
 */
export function createSlackClients({ apiUrl }: { apiUrl: string }): SlackClients {
  return {
    of: (token) => {
      const client = new webApi.WebClient(token, {
        slackApiUrl: apiUrl,
        timeout: TIMEOUT_MS,
        retryConfig: { retries: 0 },
        rejectRateLimitedCalls: true,
        logger: SILENT,
      });
      return {
        call: async (operation, act) => {
          try {
            return await act(client);
          } catch (error) {
            throw explainSlackError(operation, error);
          }
        },
      };
    },
  };
}

// What a client has to say comes as an error, which the caller logs.
const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => webApi.LogLevel.ERROR,
  setName: () => undefined,
};

const Refused = z.object({ data: z.object({ error: z.string(), needed: z.string().optional() }) });
const Limited = z.object({ retryAfter: z.number() });
const Answered = z.object({ statusCode: z.number() });

// Slack's own codes (docs.slack.dev, each method's errors): the token itself is no good.
const UNAUTHORIZED =
  /^(invalid_auth|not_authed|account_inactive|token_revoked|token_expired|missing_scope|no_permission|org_login_required|team_access_not_granted)$/;
const UNAVAILABLE = /^(internal_error|fatal_error|service_unavailable|request_timeout|team_added_to_org)$/;
const FIXES: Readonly<Record<string, string>> = {
  missing_scope: 'Give the Slack app the scope in its settings (OAuth & Permissions) and install it again.',
  not_in_channel: 'Invite the app to the channel: /invite @Fieldnote',
  file_upload_size_restricted: 'An administrator of the Slack workspace sets how large files may be.',
  file_uploads_disabled: 'An administrator of the Slack workspace can allow files.',
  storage_limit_reached: 'The Slack workspace has no room for files: an administrator can make some.',
  channel_not_found: 'Choose a channel that the app can see, or invite it: /invite @Fieldnote',
};

/** What Slack's library throws, in the house's terms. */
function explainSlackError(operation: string, error: unknown): ProviderError {
  const limited = Limited.safeParse(error);
  if (limited.success)
    return new ProviderError({
      provider: PROVIDER,
      operation,
      kind: 'rate-limited',
      status: 429,
      message: 'too many calls',
      retryAfterMs: limited.data.retryAfter * 1000,
      cause: error,
    });
  const refused = Refused.safeParse(error);
  if (refused.success) {
    const { error: code, needed } = refused.data.data;
    const fix = FIXES[code] ?? (UNAUTHORIZED.test(code) ? 'Install the Slack app again.' : undefined);
    return new ProviderError({
      provider: PROVIDER,
      operation,
      kind: kindOf(code),
      maybeApplied: UNAVAILABLE.test(code),
      code,
      message: needed === undefined ? code : `${code}: ${needed}`,
      ...(fix === undefined ? {} : { fix }),
      cause: error,
    });
  }
  const answered = Answered.safeParse(error);
  return new ProviderError({
    provider: PROVIDER,
    operation,
    kind: 'unavailable',
    message: describeError(error),
    ...(answered.success ? { status: answered.data.statusCode } : {}),
    // A request whose answer was lost may have done what it asked.
    maybeApplied: true,
    cause: error,
  });
}

function kindOf(code: string): ProviderErrorKind {
  if (UNAUTHORIZED.test(code)) return 'unauthorized';
  if (UNAVAILABLE.test(code)) return 'unavailable';
  return code === 'ratelimited' ? 'rate-limited' : 'refused';
}
