import type { Config } from '../config.ts';
import { openDatabase } from '../db.ts';
import { UserError } from '../errors.ts';
import { describeDay } from '../pipeline/describe-day.ts';
import type { Day } from '../pipeline/describe-day.ts';
import { listStreams } from '../pipeline/store/change-streams.ts';
import type { ChangeStream } from '../pipeline/store/change-streams.ts';
import { listConnections, nameConnection } from '../pipeline/store/connections.ts';
import type { Connection } from '../pipeline/store/connections.ts';
import { listQuotas } from '../pipeline/store/quotas.ts';
import { DEFAULT_WORKSPACE, readWorkspaces } from '../pipeline/store/workspaces.ts';
import { createVault } from '../pipeline/vault.ts';
import type { Vault } from '../pipeline/vault.ts';
import { createSeal } from '../seal.ts';
import type { Seal } from '../seal.ts';
import { readDemoKey } from './demo-state.ts';
import { checkButtonKeys } from './doctor-button-keys.ts';
import type { Finding } from './doctor.ts';

/** Every connection of every workspace: whether it is at work, and whether its stored credentials open here. No CRM is called. */
export async function checkConnections(config: Config, url: string): Promise<Finding[]> {
  const db = await openDatabase(url, { maxConnections: 1 });
  try {
    const seal = await openSeal(config);
    const vault = createVault({ db, seal });
    const findings: Finding[] = [];
    for (const { id, name } of await readWorkspaces(db)) {
      const of = name === DEFAULT_WORKSPACE ? '' : ` of workspace ${name}`;
      const found = await db.inWorkspace(id, async (tx) => ({
        connections: await listConnections(tx),
        streams: await listStreams(tx),
        quotas: await listQuotas(tx),
      }));
      for (const connection of found.connections) {
        const keys = await db.inWorkspace(id, (tx) => checkButtonKeys(tx, seal, connection));
        const judged = judge(vault, connection);
        const stream = found.streams.find(({ connectionId }) => connectionId === connection.id);
        const told = config.salesforceChangeEvents === 'cometd' ? describeStream(connection, stream) : '';
        const day = tellDay(describeDay(found.quotas, connection));
        findings.push({
          name: `${nameConnection(connection)}${of}`,
          ...judged,
          detail: judged.status === 'ok' ? `${judged.detail}${told}${day}` : judged.detail,
        });
        if (keys !== null)
          findings.push({ name: `${nameConnection(connection)}${of}, card and buttons`, ...keys });
      }
    }
    return findings;
  } finally {
    await db.close();
  }
}

/** What opens all that is sealed here: what demos keep in the same database is under a key of their own. */
async function openSeal({ home, secretKey, previousSecretKey }: Config): Promise<Seal | null> {
  const demoKey = await readDemoKey(home);
  const key = secretKey ?? demoKey;
  return key === null ? null : createSeal(key, previousSecretKey ?? demoKey);
}

function judge(vault: Vault, connection: Connection): Pick<Finding, 'status' | 'detail'> {
  const { status, pausedBecause, pausedAt, organization, syncedAt } = connection;
  if (status === 'paused')
    return {
      status: 'failed',
      detail: `paused since ${pausedAt?.toISOString() ?? 'some time ago'}: ${pausedBecause ?? 'no reason is stored'}`,
    };
  try {
    if (connection.credentials !== null) vault.open(connection);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { status: 'failed', detail: [error.message, error.fix].filter(Boolean).join('. ') };
  }
  const synced = syncedAt === null ? 'not synced yet' : `synced ${syncedAt.toISOString()}`;
  return { status: 'ok', detail: `${organization ?? 'not checked yet'}, ${synced}` };
}

/** As the status page tells it: a wait is no failure, but whoever looks why nothing moves has to find it. */
function tellDay(day: Day | null): string {
  if (day === null) return '';
  return day.waits === null ? `, ${day.calls}` : `, ${day.calls}. ${day.waits}`;
}

/** Whether a worker listens to its change events; polling goes on in any case. */
function describeStream({ kind }: Connection, stream: ChangeStream | undefined): string {
  if (kind !== 'salesforce') return '';
  if (stream === undefined || !stream.held) return ', no worker listens to its change events';
  const { followingSince, because } = stream;
  const but = because === null ? '' : `: ${because}`;
  return followingSince === null
    ? `, its change events are not listened to${but}`
    : `, its change events are listened to since ${followingSince.toISOString()}${but}`;
}
