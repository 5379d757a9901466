import { whyClosed } from '../../pipeline/open-connection.ts';
import { listConnections } from '../../pipeline/store/connections.ts';
import { renderPage } from '../render.ts';
import { CRM_NAMES } from './describe-writes.ts';
import { describeFrame } from './frame.ts';
import type { PageDeps } from './page-deps.ts';

/** The connections whose settings can be changed. */
export async function showConnections(deps: PageDeps): Promise<string> {
  const connections = await deps.db.inWorkspace(deps.workspaceId, listConnections);
  return renderPage('connections', {
    ...describeFrame({
      title: 'Settings',
      section: 'settings',
      visitor: deps.visitor,
      down: await deps.health.readDown(),
    }),
    connections: connections.map((connection) => {
      const closed = whyClosed(deps, connection);
      return {
        href: `/settings/${connection.id}`,
        crm: CRM_NAMES[connection.kind],
        name: connection.name,
        organization: connection.organization ?? 'not checked yet',
        active: connection.status === 'active',
        status: connection.status,
        because: connection.pausedBecause ?? '',
        closed: closed === null ? null : [closed.message, closed.fix].filter(Boolean).join('. '),
      };
    }),
  });
}
