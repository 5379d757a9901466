import type { World } from '../kit/world-types.ts';
import { makeId } from './ids.ts';

export type Person = {
  id: string;
  /** The handle: `renata.holm`. */
  name: string;
  realName: string;
  email: string | null;
  isBot: boolean;
  /** The workspace of another organisation that they belong to, and share a channel with; unset: this one. */
  from?: string;
};

export type Channel = {
  id: string;
  name: string;
  kind: 'public' | 'private' | 'im';
  members: Set<string>;
  archived: boolean;
  /** Slack Connect: an invitation to another organisation, or that its people are in it; unset: neither. */
  shared?: { with: string; pending: boolean };
};

/** A Slack workspace: its people and channels are fixed, but for who joined and which direct messages were opened. */
export type Team = {
  id: string;
  name: string;
  domain: string;
  /** The app's own user, once it is installed. */
  botUser: string;
  botId: string;
  people: Map<string, Person>;
  channels: Map<string, Channel>;
};

export const APP_ID = 'A0FIELDNOTE';
export const SLACKBOT = 'USLACKBOT';
// A person sees at most so many names in the page's menu; a world may have thousands of owners.
const MOST_PEOPLE = 200;

const handle = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '.')
    .replaceAll(/^\.|\.$/g, '');

function openTeam(options: {
  key: string;
  name: string;
  mailHost: string;
  people: readonly string[];
  channels: readonly { name: string; kind: 'public' | 'private'; withApp: boolean }[];
}): Team {
  const { key } = options;
  const people = new Map<string, Person>();
  const add = (person: Person): void => void people.set(person.id, person);
  for (const realName of options.people) {
    const name = handle(realName);
    const id = makeId('U', `${key}:${name}`);
    add({ id, name, realName, email: `${name}@${options.mailHost}`, isBot: false });
  }
  const humans = [...people.keys()];
  const botUser = makeId('U', `${key}:app`);
  add({ id: botUser, name: 'fieldnote', realName: 'Fieldnote', email: null, isBot: true });
  add({ id: SLACKBOT, name: 'slackbot', realName: 'Slackbot', email: null, isBot: true });
  const channels = options.channels.map(({ name, kind, withApp }): Channel => {
    const id = makeId('C', `${key}:${name}`);
    return { id, name, kind, members: new Set(withApp ? [...humans, botUser] : humans), archived: false };
  });
  return {
    id: makeId('T', key),
    name: options.name,
    domain: handle(options.name).replaceAll('.', '-'),
    botUser,
    botId: makeId('B', key),
    people,
    channels: new Map(channels.map((channel) => [channel.id, channel])),
  };
}

/**
 * Two workspaces. The first is of the company whose CRMs the world holds: its people are the owners of records there, by
 * the addresses that the CRM knows them by. The second is of strangers.
 */
export function seedTeams(world: World): Team[] {
  const { salesforce, hubspot } = world.records;
  const rows = [
    ...salesforce.accounts,
    ...salesforce.leads,
    ...salesforce.contacts,
    ...hubspot.companies,
    ...hubspot.contacts,
  ];
  const owners = [...new Set(rows.flatMap(({ owner }) => owner ?? []))].toSorted().slice(0, MOST_PEOPLE);
  return [
    openTeam({
      key: 'home',
      name: 'Sandbox Sales',
      mailHost: 'fieldnote-sandbox.example',
      people: [...owners, 'Sandbox Administrator'],
      channels: [
        { name: 'sales', kind: 'public', withApp: true },
        { name: 'alerts', kind: 'public', withApp: true },
        { name: 'general', kind: 'public', withApp: false },
        { name: 'leadership', kind: 'private', withApp: false },
      ],
    }),
    openTeam({
      key: 'other',
      name: 'Other Company',
      mailHost: 'other-company.example',
      people: ['Odile Marchetti', 'Bram Sorensen'],
      channels: [
        { name: 'sales', kind: 'public', withApp: true },
        { name: 'general', kind: 'public', withApp: false },
      ],
    }),
  ];
}

/** The direct-message channel of a person and the app. */
export const imOf = (team: Team, user: string): string => makeId('D', `${team.id}:${user}`);
