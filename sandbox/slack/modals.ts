import { randomBytes } from 'node:crypto';
import { SlackRefusal } from './answers.ts';
import { fillIds } from './blocks.ts';
import type { SentView } from './blocks-view.ts';
import { makeId } from './ids.ts';

/** A view as it stands before a person. */
export type OpenView = {
  id: string;
  team: string;
  user: string;
  hash: string;
  view: SentView;
  rootId: string;
  previousId: string | null;
};

export type Modals = {
  /** Opens a first view; what was open before is closed. */
  open(team: string, user: string, view: SentView): OpenView;
  /** Lays another view on top. @throws SlackRefusal push_limit_reached for a fourth, not_found where none is open */
  push(team: string, user: string, view: SentView): OpenView;
  /** @throws SlackRefusal hash_conflict when `hash` is not the view's */
  update(id: string, view: SentView, hash: string | undefined): OpenView;
  find(id: string): OpenView | undefined;
  findExternal(team: string, externalId: string): OpenView | undefined;
  /** The topmost view that a person has open. */
  top(team: string, user: string): OpenView | undefined;
  /** Closes the topmost view, or all. */
  close(team: string, user: string, all: boolean): void;
};

// "Modals": at most three views at a time.
const MOST_VIEWS = 3;

const makeHash = (): string => `${Math.floor(Date.now() / 1000)}.${randomBytes(4).toString('hex')}`;
const makeShort = (): string => randomBytes(4).toString('base64url').slice(0, 5);

/** A view with the ids that Slack gives to blocks and elements that have none. */
export const withIds = (view: SentView): SentView => ({ ...view, blocks: blocksWithIds(view) });
const blocksWithIds = (view: SentView): SentView['blocks'] =>
  fillIds(view.blocks, makeShort).map((block) => ({ ...block, type: String(block.type) }));

/** The modals that are open; a restart closes them, as reloading Slack does. */
export function createModals(onChange: () => void): Modals {
  const stacks = new Map<string, OpenView[]>();
  let count = 0;
  const stackOf = (team: string, user: string): OpenView[] => stacks.get(`${team}/${user}`) ?? [];
  const find = (id: string): OpenView | undefined =>
    [...stacks.values()].flat().find((open) => open.id === id);
  const findExternal = (team: string, externalId: string): OpenView | undefined =>
    [...stacks.values()].flat().find((open) => open.team === team && open.view.external_id === externalId);
  const add = (team: string, user: string, view: SentView, stack: OpenView[]): OpenView => {
    const { external_id: external } = view;
    if (external !== undefined && stack.some((open) => open.view.external_id === external))
      throw new SlackRefusal('duplicate_external_id');
    count += 1;
    const id = makeId('V', `${team}:${user}:${count}:${makeHash()}`);
    const below = stack.at(-1);
    const open: OpenView = {
      id,
      team,
      user,
      hash: makeHash(),
      view: withIds(view),
      rootId: below?.rootId ?? id,
      previousId: below?.id ?? null,
    };
    stacks.set(`${team}/${user}`, [...stack, open]);
    onChange();
    return open;
  };
  return {
    open: (team, user, view) => add(team, user, view, []),
    push: (team, user, view) => {
      const stack = stackOf(team, user);
      if (stack.length === 0) throw new SlackRefusal('not_found');
      if (stack.length >= MOST_VIEWS) throw new SlackRefusal('push_limit_reached');
      return add(team, user, view, stack);
    },
    update: (id, view, hash) => {
      const open = find(id);
      if (open === undefined) throw new SlackRefusal('not_found');
      if (hash !== undefined && hash !== open.hash) throw new SlackRefusal('hash_conflict');
      open.view = withIds(view);
      open.hash = makeHash();
      onChange();
      return open;
    },
    find,
    findExternal,
    top: (team, user) => stackOf(team, user).at(-1),
    close: (team, user, all) => {
      stacks.set(`${team}/${user}`, all ? [] : stackOf(team, user).slice(0, -1));
      onChange();
    },
  };
}
