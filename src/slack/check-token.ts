import type { SlackClients } from './clients.ts';
import { SCOPES } from './installs.ts';

/** Whose token it is, and which of our scopes it lacks. @throws ProviderError */
export async function checkToken(
  clients: SlackClients,
  token: string,
): Promise<{ team: string; user: string; missing: string[] }> {
  const said = await clients.of(token).call('auth.test', (api) => api.auth.test());
  const granted = said.response_metadata?.scopes;
  return {
    team: said.team ?? said.team_id ?? 'a Slack workspace',
    user: said.user ?? 'the app',
    // Where Slack does not say what the token may do, each call will.
    missing: granted === undefined ? [] : SCOPES.filter((scope) => !granted.includes(scope)),
  };
}
