import type { Database, Tx } from '../../db.ts';
import { isOwner } from '../../pipeline/store/books.ts';
import { readWorkspaces } from '../../pipeline/store/workspaces.ts';
import type { SignIn } from '../deps.ts';

/** What somebody may do in a workspace. */
export type Admission = { mayChange: boolean };

type Asking = { email: string; workspaceId: string; signIn: SignIn };

/** May somebody with this address come in, and what may they do there? Null: they may not. Asked anew with each request. */
export async function admit(tx: Tx, { email, workspaceId, signIn }: Asking): Promise<Admission | null> {
  if (workspaceId === signIn.workspaceId && isNamed(email, signIn.allowedEmails)) return { mayChange: true };
  return (await isOwner(tx, email)) ? { mayChange: false } : null;
}

/** The workspaces that somebody may come into; the one whose people are named in the settings first, then the oldest. */
export async function listOpenTo(
  db: Database,
  email: string,
  signIn: SignIn,
): Promise<{ id: string; name: string }[]> {
  const open: { id: string; name: string }[] = [];
  for (const workspace of await readWorkspaces(db)) {
    const asking = { email, workspaceId: workspace.id, signIn };
    if ((await db.inWorkspace(workspace.id, (tx) => admit(tx, asking))) !== null) open.push(workspace);
  }
  return open.toSorted((a, b) => Number(b.id === signIn.workspaceId) - Number(a.id === signIn.workspaceId));
}

function isNamed(email: string, allowed: readonly string[]): boolean {
  return allowed.includes(email) || allowed.includes(email.slice(email.lastIndexOf('@')));
}
