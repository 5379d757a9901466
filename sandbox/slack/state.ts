import type { TwinClock } from '../kit/clock.ts';
import { openJournal } from '../kit/journal.ts';
import type { World } from '../kit/world-types.ts';
import { parseEvent } from './events.ts';
import type { Hook, Installation, Message, SlackEvent, StoredFile, StoredView } from './events.ts';
import { formatTs, parseTs } from './ids.ts';
import { imOf, seedTeams } from './team.ts';
import type { Channel, Team } from './team.ts';

export type TokenState = Installation & { state: 'active' | 'uninstalled' | 'revoked' };
type HookState = Hook & { uses: number };

/** Everything that the twin's workspaces hold. Changes go through `commit` alone, which journals them. */
export type SlackState = {
  teams: readonly Team[];
  team(id: string): Team;
  tokens(): TokenState[];
  token(token: string): TokenState | undefined;
  /** The app's installation in a workspace; undefined where it is not installed. */
  installed(team: string): TokenState | undefined;
  channel(team: string, id: string): Channel | undefined;
  /** All messages of a channel in the order in which they were written, deleted ones too. */
  messages(team: string, channel: string): Message[];
  message(team: string, channel: string, ts: string): Message | undefined;
  hook(id: string): HookState | undefined;
  home(team: string, user: string): StoredView | undefined;
  file(id: string): StoredFile | undefined;
  files(): StoredFile[];
  /** The next message's ts: the twin's time, later than any before it. */
  nextTs(): string;
  /** Counts changes, for who waits for the next one. */
  version(): number;
  onChange(hear: () => void): () => void;
  /** Something changed that no event tells of. */
  touch(): void;
  commit(...events: SlackEvent[]): void;
};

/** Opens the workspaces of a world. `installed` are the app's installations that are there from the start. */
export function openState(options: {
  world: World;
  clock: TwinClock;
  journalFile: string | null;
  installed: (teams: readonly Team[]) => Installation[];
}): SlackState {
  const teams = seedTeams(options.world);
  const byId = new Map(teams.map((team) => [team.id, team]));
  const tokens = new Map<string, TokenState>();
  const messages = new Map<string, Map<string, Message>>();
  const hooks = new Map<string, HookState>();
  const homes = new Map<string, StoredView>();
  const files = new Map<string, StoredFile>();
  const listeners = new Set<() => void>();
  let lastTs = 0;
  let version = 0;

  const team = (id: string): Team => {
    const found = byId.get(id);
    if (found === undefined) throw new Error(`no team ${id} in the Slack twin`);
    return found;
  };
  const shelf = (teamId: string, channel: string): Map<string, Message> => {
    const key = `${teamId}/${channel}`;
    const held = messages.get(key) ?? new Map<string, Message>();
    messages.set(key, held);
    return held;
  };
  const openIm = (teamId: string, user: string): void => {
    const owner = team(teamId);
    const id = imOf(owner, user);
    if (!owner.channels.has(id))
      owner.channels.set(id, {
        id,
        name: user,
        kind: 'im',
        members: new Set([user, owner.botUser]),
        archived: false,
      });
  };

  const share = (event: Extract<SlackEvent, { kind: 'shared' }>): void => {
    const host = team(event.team);
    const channel = host.channels.get(event.channel);
    if (channel === undefined) return;
    channel.shared = { with: event.with, pending: event.pending };
    if (event.pending) return;
    for (const person of team(event.with).people.values()) {
      if (person.isBot) continue;
      host.people.set(person.id, { ...person, from: event.with });
      channel.members.add(person.id);
    }
  };

  const apply = (event: SlackEvent): void => {
    switch (event.kind) {
      case 'installed':
        tokens.set(event.installation.token, { ...event.installation, state: 'active' });
        return;
      case 'ended': {
        const token = tokens.get(event.token);
        if (token !== undefined) token.state = event.how;
        return;
      }
      case 'joined':
        team(event.team).channels.get(event.channel)?.members.add(event.user);
        return;
      case 'left':
        team(event.team).channels.get(event.channel)?.members.delete(event.user);
        return;
      case 'archived': {
        const channel = team(event.team).channels.get(event.channel);
        if (channel !== undefined) channel.archived = true;
        return;
      }
      case 'shared':
        return share(event);
      case 'opened':
        return openIm(event.team, event.user);
      case 'message': {
        const { message } = event;
        shelf(message.team, message.channel).set(message.ts, message);
        lastTs = Math.max(lastTs, parseTs(message.ts) ?? 0);
        return;
      }
      case 'hook':
        hooks.set(event.hook.id, { ...event.hook, uses: 0 });
        return;
      case 'hook used': {
        const hook = hooks.get(event.id);
        if (hook !== undefined) hook.uses += 1;
        return;
      }
      case 'home':
        homes.set(`${event.home.team}/${event.home.user}`, event.home);
        return;
      case 'file':
        files.set(event.file.id, event.file);
    }
  };

  for (const installation of options.installed(teams)) apply({ kind: 'installed', installation });
  const journal = openJournal(options.journalFile, parseEvent);
  journal.replay(apply);

  const touch = (): void => {
    version += 1;
    for (const hear of listeners) hear();
  };
  return {
    teams,
    team,
    tokens: () => [...tokens.values()],
    token: (token) => tokens.get(token),
    installed: (teamId) =>
      [...tokens.values()].findLast((each) => each.team === teamId && each.state === 'active'),
    channel: (teamId, id) => team(teamId).channels.get(id),
    messages: (teamId, channel) => [...shelf(teamId, channel).values()],
    message: (teamId, channel, ts) => shelf(teamId, channel).get(ts),
    hook: (id) => hooks.get(id),
    home: (teamId, user) => homes.get(`${teamId}/${user}`),
    file: (id) => files.get(id),
    files: () => [...files.values()],
    nextTs: () => {
      lastTs = Math.max(options.clock.now().getTime() * 1000, lastTs + 100);
      return formatTs(lastTs);
    },
    version: () => version,
    onChange: (hear) => {
      listeners.add(hear);
      return () => listeners.delete(hear);
    },
    commit: (...events) => {
      journal.append(events);
      events.forEach(apply);
      touch();
    },
    touch,
  };
}
