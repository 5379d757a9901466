import type { CallOptions } from '../connectors/call.ts';
import type { Crm } from '../connectors/crm.ts';
import type { CrmCheck } from '../connectors/crm-check.ts';
import type { Database } from '../db.ts';
import { ProviderError, UserError, describeError } from '../errors.ts';
import {
  DEFAULT_CONNECTION,
  findTwin,
  nameConnection,
  pauseConnection,
  saveCheck,
} from './store/connections.ts';
import type { Connection } from './store/connections.ts';
import { DEFAULT_WORKSPACE, findWorkspaceName } from './store/workspaces.ts';

type CrmOf = { crmOf(connection: Connection): Crm };

/** Why this process can't open the connection (its credentials are not here); null: it can. */
export function whyClosed({ crmOf }: CrmOf, connection: Connection): UserError | null {
  try {
    crmOf(connection);
    return null;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** What the check of a connection means for its writes: who else may edit which of our fields. */
function readFieldAccess(check: CrmCheck): Connection['fieldAccess'] {
  const access: Connection['fieldAccess'] = {};
  for (const field of check.fields) {
    // An object without an entry was never looked at; an empty list says that nobody else may edit.
    const editable = (access[field.object] ??= []);
    if (field.peopleMayEdit) editable.push(field.key);
  }
  return access;
}

/**
 * Checks a connection and keeps what it found. @throws UserError when its credentials open another org than before, or one
 * that is connected already: the records and the writes of two orgs must not mix, nor two connections write to one.
 */
export async function checkConnection(
  deps: CrmOf & { db: Database },
  connection: Connection,
  call: CallOptions,
): Promise<CrmCheck> {
  const check = await deps.crmOf(connection).check(call);
  const { organization, organizationId, server } = check;
  await deps.db.inWorkspace(connection.workspaceId, async (tx) => {
    refuseOtherOrg(connection, check, await findTwin(tx, organizationId, connection));
    await saveCheck(tx, connection.id, {
      organization,
      organizationId,
      server,
      fieldAccess: readFieldAccess(check),
    });
  });
  return check;
}

/** @throws UserError as `checkConnection` does; `twin` is the workspace's other connection to that org, if there is one */
export function refuseOtherOrg(
  connection: Pick<Connection, 'kind' | 'name' | 'organization' | 'organizationId'>,
  { organization, organizationId }: Pick<CrmCheck, 'organization' | 'organizationId'>,
  twin: Connection | null,
): void {
  const name = nameConnection(connection);
  if (connection.organizationId !== null && connection.organizationId !== organizationId)
    throw new UserError(
      `These credentials open ${organization} (${organizationId}), and ${name} is ${connection.organization ?? 'another org'} (${connection.organizationId})`,
      `Give the other org a connection of its own: fieldnote connect ${connection.kind} --name NAME`,
    );
  if (twin !== null)
    throw new UserError(
      `${organization} (${organizationId}) is connected already, as ${nameConnection(twin)}`,
      `One connection per org: use that one, or remove it first: fieldnote connect ${twin.kind} --remove ${twin.name}`,
    );
}

/**
 * A connection whose credentials are refused, or open what they must not, is paused with the reason; all others go on, and
 * what is planned for this one stays. It is said once, by whoever paused it; not where other credentials were stored meanwhile. False when the error is about something else.
 */
export async function pauseRefused(
  deps: { db: Database; onError(error: unknown, what: string): void },
  connection: Connection,
  error: unknown,
): Promise<boolean> {
  const refused =
    error instanceof UserError || (error instanceof ProviderError && error.kind === 'unauthorized');
  if (!refused) return false;
  const because = [describeError(error), error.fix].filter(Boolean).join('; ');
  const paused = await deps.db.inWorkspace(connection.workspaceId, (tx) =>
    pauseConnection(tx, connection, because),
  );
  if (paused) {
    const workspace = await findWorkspaceName(deps.db, connection.workspaceId);
    const [of, command] =
      workspace === null || workspace === DEFAULT_WORKSPACE
        ? ['', commandFor(connection)]
        : [` of workspace ${workspace}`, `${commandFor(connection)} ${workspaceFlag(workspace)}`];
    deps.onError(
      new Error(`${because}. When that is done, this goes on with it: ${command}`),
      `connection ${nameConnection(connection)}${of} was paused`,
    );
  }
  return true;
}

// What a shell takes for one word, as it is.
const PLAIN_WORD = /^[\w.@-]+$/;

/** What makes a command act on that workspace, as it is typed. */
export function workspaceFlag(workspace: string): string {
  return `--workspace ${PLAIN_WORD.test(workspace) ? workspace : `'${workspace.replaceAll("'", `'\\''`)}'`}`;
}

/** The command that checks a connection and takes it out of its pause. */
export function commandFor({ kind, name }: Pick<Connection, 'kind' | 'name'>): string {
  return `fieldnote connect ${kind}${name === DEFAULT_CONNECTION ? '' : ` --name ${name}`}`;
}
