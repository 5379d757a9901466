import { ProviderError } from '../errors.ts';
import { findPerson, saveProfile } from '../pipeline/store/slack-people.ts';
import type { SlackPerson, SlackUser } from '../pipeline/store/slack-people.ts';
import type { SlackDeps } from './deps.ts';
import { isMember } from './strangers.ts';

// People change their address seldom.
const BELIEVED_MS = 24 * 3_600_000;

/**
 * Who somebody in Slack is: the address by which the CRMs may know them. Slack is asked once a day; a job's, not a listener's, business.
 * @throws ProviderError where another try may help
 */
export async function meetPerson(
  { db, teams, clients }: Pick<SlackDeps, 'db' | 'teams' | 'clients'>,
  user: SlackUser,
): Promise<SlackPerson | null> {
  const { workspaceId, teamId, userId } = user;
  const known = await db.inWorkspace(workspaceId, (tx) => findPerson(tx, user));
  const lookedUpAt = known?.lookedUpAt ?? null;
  if (lookedUpAt !== null && Date.now() - lookedUpAt.getTime() < BELIEVED_MS) return known;
  const team = await teams.find(teamId);
  if (team === null) return known;
  try {
    const { user: found } = await clients
      .of(team.token)
      .call('users.info', (api) => api.users.info({ user: userId }));
    // Whoever is of another organisation has no accounts here, whatever their address.
    const email = isMember(found, teamId) ? (found?.profile?.email ?? null) : null;
    await db.inWorkspace(workspaceId, (tx) => saveProfile(tx, user, { email, timeZone: found?.tz ?? null }));
  } catch (error) {
    if (!(error instanceof ProviderError) || error.retryable) throw error;
    // Without the right to see addresses nobody is known by theirs; asked again tomorrow.
    await db.inWorkspace(workspaceId, (tx) => saveProfile(tx, user, { email: null, timeZone: null }));
  }
  return db.inWorkspace(workspaceId, (tx) => findPerson(tx, user));
}
