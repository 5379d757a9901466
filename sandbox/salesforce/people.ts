import type { TwinUser } from './call.ts';
import { makeId } from './ids.ts';

export type People = {
  integration: TwinUser;
  administrator: TwinUser;
  /** The user behind an author name (`integration`, `administrator`, `rep:NAME`); made when first asked for. */
  byAuthor(author: string): TwinUser;
  idOf(author: string): string;
  byId(id: string): TwinUser | undefined;
  list(): TwinUser[];
  /** They left: their records stay theirs until somebody gives them to others. */
  deactivate(author: string): void;
  isActive(id: string): boolean;
};

/** The org's users. */
export function createPeople(): People {
  const users = new Map<string, TwinUser>();
  const ids = new Map<string, TwinUser>();
  const left = new Set<string>();
  const add = (author: string, name: string, role: TwinUser['role']): TwinUser => {
    const username = `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '.')}@fieldnote-sandbox.example`;
    const user = { id: makeId('User', author), name, username, author, role };
    users.set(author, user);
    ids.set(user.id, user);
    return user;
  };
  const integration = add('integration', 'Fieldnote Integration', 'integration');
  const administrator = add('administrator', 'Sandbox Administrator', 'administrator');
  const byAuthor = (author: string): TwinUser =>
    users.get(author) ?? add(author, author.replace(/^rep:/, ''), 'person');
  return {
    integration,
    administrator,
    byAuthor,
    idOf: (author) => byAuthor(author).id,
    byId: (id) => ids.get(id),
    list: () => [...users.values()],
    deactivate: (author) => {
      left.add(byAuthor(author).id);
    },
    isActive: (id) => !left.has(id),
  };
}
