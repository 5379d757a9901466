import type { App } from '../app.ts';
import { UserError } from '../errors.ts';
import { checkToken } from '../slack/check-token.ts';
import { createSlackClients } from '../slack/clients.ts';
import type { Terminal } from './terminal.ts';

/** `connect slack`: checks the bot's token, and prints the address under which a Slack workspace installs the app into the workspace. */
export async function connectSlack(app: App, terminal: Terminal, options: { json: boolean }): Promise<void> {
  const { slack } = app.config;
  if (slack === null || app.slack === null)
    throw new UserError(
      'Slack is not configured',
      'Set SLACK_BOT_TOKEN with SLACK_SIGNING_SECRET or SLACK_APP_TOKEN; docs/connect-slack.md leads through it.',
    );
  const token = slack.botToken === null ? null : await checkToken(createSlackClients(slack), slack.botToken);
  const invitation = app.slack.invite(app.workspaceId);
  if (options.json) terminal.json({ token, invitation });
  else {
    if (token !== null) terminal.print(`SLACK_BOT_TOKEN is ${token.user}’s in ${token.team}.`);
    if (invitation !== null) {
      terminal.print('A Slack workspace installs the app here, within an hour:');
      terminal.print(`  ${invitation}`);
    }
  }
  if (token !== null && token.missing.length > 0)
    throw new UserError(
      `The Slack app lacks scopes: ${token.missing.join(', ')}`,
      'Import slack/manifest.http.json (or manifest.socket.json) in the settings of the app, then install it again.',
    );
}
