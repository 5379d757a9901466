import type { App } from '../app.ts';
import { openTrial } from '../app-crms.ts';
import type { CrmKind } from '../connectors/crm.ts';
import { UserError } from '../errors.ts';
import { refuseOtherOrg } from '../pipeline/open-connection.ts';
import { ensureConnection, findNamedConnection, findTwin } from '../pipeline/store/connections.ts';
import type { Connection } from '../pipeline/store/connections.ts';
import { askCredentials } from './connect-credentials.ts';
import type { CredentialsSource } from './connect-credentials.ts';
import type { Context } from './context.ts';

/**
 * Asks for credentials, tries them, and stores them sealed as the connection's own. Nothing is stored that the CRM refuses,
 * or that opens another org than before.
 */
export async function storeConnection(
  app: App,
  context: Context,
  wanted: { kind: CrmKind; name: string; source: CredentialsSource | undefined },
): Promise<Connection> {
  const { db, workspaceId, vault } = app;
  const { kind, name, source } = wanted;
  vault.requireSeal();
  const trial = openTrial(app.config, await askCredentials(context, kind, source));
  const check = await trial.crm.check({ signal: context.signal });
  const connection = await db.inWorkspace(workspaceId, async (tx) => {
    const before = await findNamedConnection(tx, kind, name);
    const twin = await findTwin(tx, check.organizationId, { id: null, kind });
    refuseOtherOrg(before ?? { kind, name, organization: null, organizationId: null }, check, twin?.name === name ? null : twin); // prettier-ignore
    return ensureConnection(tx, workspaceId, kind, name);
  });
  await vault.put(connection, trial.held());
  const stored = await db.inWorkspace(workspaceId, (tx) => findNamedConnection(tx, kind, name));
  if (stored === null) throw new UserError(`${kind} ${name} was removed in this moment`);
  return stored;
}
