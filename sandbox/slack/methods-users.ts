import { SlackRefusal } from './answers.ts';
import { needText } from './args.ts';
import type { ApiCall, Method } from './slack.ts';
import { APP_ID } from './team.ts';
import type { Person } from './team.ts';

/** A user in the form of the Web API; the address only for tokens that may read it. */
function showUser({ team, token }: ApiCall, person: Person): Record<string, unknown> {
  const mayReadMail = token.scopes.includes('users:read.email') && person.email !== null;
  return {
    id: person.id,
    team_id: person.from ?? team.id,
    name: person.name,
    deleted: false,
    real_name: person.realName,
    tz: 'Europe/London',
    tz_offset: 0,
    is_bot: person.isBot,
    is_app_user: false,
    // False also for whoever of another organisation shares a channel with the app.
    is_stranger: false,
    profile: {
      real_name: person.realName,
      display_name: person.name,
      team: person.from ?? team.id,
      ...(mayReadMail ? { email: person.email } : {}),
    },
  };
}

export const userMethods: Record<string, Method> = {
  'auth.test': {
    scopes: [],
    run: (_slack, { team, token }) => ({
      url: `https://${team.domain}.slack.com/`,
      team: team.name,
      user: team.people.get(team.botUser)?.name,
      team_id: team.id,
      user_id: team.botUser,
      bot_id: team.botId,
      is_enterprise_install: false,
      app_id: APP_ID,
      ...(token.scopes.length === 0 ? { warning: 'no_scopes' } : {}),
    }),
  },
  'auth.revoke': {
    scopes: [],
    run: (slack, { token }) => {
      slack.state.commit({ kind: 'ended', token: token.token, how: 'revoked' });
      return { revoked: true };
    },
  },
  'users.info': {
    scopes: ['users:read'],
    run: (_slack, call) => {
      const person = call.team.people.get(needText(call.args, 'user'));
      if (person === undefined) throw new SlackRefusal('user_not_found');
      return { user: showUser(call, person) };
    },
  },
  'users.lookupByEmail': {
    scopes: ['users:read.email'],
    run: (_slack, call) => {
      const email = needText(call.args, 'email').toLowerCase();
      const person = [...call.team.people.values()].find((each) => each.email?.toLowerCase() === email);
      if (person === undefined) throw new SlackRefusal('users_not_found');
      return { user: showUser(call, person) };
    },
  },
  'users.list': {
    scopes: ['users:read'],
    run: (_slack, call) => ({
      members: [...call.team.people.values()].map((person) => showUser(call, person)),
      response_metadata: { next_cursor: '' },
    }),
  },
};
