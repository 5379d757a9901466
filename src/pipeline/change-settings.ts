import type { CallOptions } from '../connectors/call.ts';
import type { Crm, CrmObject } from '../connectors/crm.ts';
import type { Database } from '../db.ts';
import { nameOfPlan } from './1-sync/reading-plan.ts';
import { checkSettings } from './check-settings.ts';
import type { SettingsProblem } from './check-settings.ts';
import { asStored, omitUsual } from './settings-document.ts';
import { saveSettings } from './store/connections.ts';
import type { Connection } from './store/connections.ts';

type Changed =
  | { outcome: 'stored'; again: CrmObject[] }
  | { outcome: 'refused'; problems: SettingsProblem[] }
  | { outcome: 'overtaken' };

/**
 * Checks a settings document against the CRM and stores it in place of the settings that `connection` shows.
 * @returns `stored` with the objects that the next sync reads anew; `refused` with every mistake; `overtaken` when somebody
 * else changed them since the connection was read: nothing was stored
 */
export async function changeSettings(
  db: Database,
  crm: Crm,
  connection: Connection,
  document: unknown,
  call: CallOptions,
): Promise<Changed> {
  const judged = await checkSettings(crm, document, call);
  if ('problems' in judged) return { outcome: 'refused', problems: judged.problems };
  const sparse = omitUsual(crm, judged.settings);
  const stored = await db.inWorkspace(connection.workspaceId, (tx) =>
    saveSettings(tx, connection.id, sparse, connection.settingsVersion),
  );
  if (!stored) return { outcome: 'overtaken' };
  const now = asStored(crm, judged.settings);
  return {
    outcome: 'stored',
    again: crm.readObjects.filter(
      (object) => nameOfPlan(object, connection.settings) !== nameOfPlan(object, now),
    ),
  };
}
