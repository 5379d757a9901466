import { UserError } from './errors.ts';

/** Slack: one workspace by its bot's token, or many that install the app (OAuth). */
export type SlackConfig = {
  /** Ends with a slash. */
  apiUrl: string;
  botToken: string | null;
  oauth: { clientId: string; clientSecret: string } | null;
  /** HTTP mode: Slack calls us. */
  signingSecret: string | null;
  /** Socket Mode: we call Slack. */
  appToken: string | null;
};

type SlackEnvironment = {
  SLACK_API_URL: string;
  SECRET_KEY?: string | undefined;
} & Partial<
  Record<
    | 'SLACK_BOT_TOKEN'
    | 'SLACK_SIGNING_SECRET'
    | 'SLACK_APP_TOKEN'
    | 'SLACK_CLIENT_ID'
    | 'SLACK_CLIENT_SECRET',
    string | undefined
  >
>;

/** What the environment says of Slack; null: nothing. @throws UserError where it says too little */
export function readSlack(env: SlackEnvironment): SlackConfig | null {
  const { SLACK_BOT_TOKEN: botToken, SLACK_SIGNING_SECRET: signingSecret, SLACK_APP_TOKEN: appToken } = env;
  const { SLACK_CLIENT_ID: clientId, SLACK_CLIENT_SECRET: clientSecret } = env;
  if (!botToken && !signingSecret && !appToken && !clientId && !clientSecret) return null;
  if (Boolean(clientId) !== Boolean(clientSecret))
    throw new UserError(
      `Slack: ${clientId ? 'SLACK_CLIENT_SECRET' : 'SLACK_CLIENT_ID'} is missing`,
      'Set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET, or neither.',
    );
  const oauth = clientId && clientSecret ? { clientId, clientSecret } : null;
  if (!botToken && oauth === null)
    throw new UserError(
      'Slack: SLACK_BOT_TOKEN is missing',
      'Set it to the bot token of the Slack app (OAuth & Permissions); for several Slack workspaces set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET instead.',
    );
  if (!signingSecret && !appToken)
    throw new UserError(
      'Slack: nothing says how it reaches us',
      'Set SLACK_SIGNING_SECRET (Slack calls PUBLIC_URL) or SLACK_APP_TOKEN (Socket Mode).',
    );
  if (oauth !== null && (!signingSecret || !env.SECRET_KEY))
    throw new UserError(
      `Slack: installing by OAuth needs ${signingSecret ? 'SECRET_KEY' : 'SLACK_SIGNING_SECRET'}`,
      'Set SLACK_SIGNING_SECRET, since Slack sends people back to PUBLIC_URL, and SECRET_KEY, which seals the tokens.',
    );
  return {
    apiUrl: `${env.SLACK_API_URL}/`,
    botToken: botToken ?? null,
    oauth,
    signingSecret: signingSecret ?? null,
    appToken: appToken ?? null,
  };
}
