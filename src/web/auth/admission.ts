import type { Database, Tx } from '../../db.ts';
import { isOwner, listWorkspacesOfOwner } from '../../pipeline/store/books.ts';
import { readWorkspaces } from '../../pipeline/store/workspaces.ts';
import type { SignIn } from '../deps.ts';

/** What somebody may do in a workspace. */
export type Admission = { mayChange: boolean };

type Asking = { email: string; workspaceId: string; signIn: SignIn };

/** May somebody with this address come in, and what may they do there? Null: they may not. Asked anew with each request. */
export async function admit(tx: Tx, asking: Asking): Promise<Admission | null> {
  if (isNamed(asking)) return { mayChange: true };
  return (await isOwner(tx, asking.email)) ? { mayChange: false } : null;
}

/** The workspaces that somebody may come into; the one whose people are named in the settings first, then the oldest. */
export async function listOpenTo(
  db: Database,
  email: string,
  signIn: SignIn,
): Promise<{ id: string; name: string }[]> {
  const owned = await listWorkspacesOfOwner(db, email);
  const open = (await readWorkspaces(db)).filter(
    ({ id }) => owned.has(id) || isNamed({ email, workspaceId: id, signIn }),
  );
  return open.toSorted((a, b) => Number(b.id === signIn.workspaceId) - Number(a.id === signIn.workspaceId));
}

/** The settings name them or their domain, for the workspace of the settings alone. */
function isNamed({ email, workspaceId, signIn: { workspaceId: own, allowedEmails } }: Asking): boolean {
  if (workspaceId !== own) return false;
  return allowedEmails.includes(email) || allowedEmails.includes(email.slice(email.lastIndexOf('@')));
}
