import type { Database } from '../db.ts';
import type { Budget } from './budget.ts';
import { listBreakers } from './store/breakers.ts';
import { readBacklogs } from './store/limits.ts';
import { listWorkspaces } from './store/workspaces.ts';

/** What a company takes from a shared bucket, about. */
export type Demand = {
  bucket: string;
  perSecond: number;
  perCompany: number;
  /** Seconds until a company that is taken up comes to it: the line must last until then. */
  comesAfter: number;
};

/** Answers how many of `room` companies may be taken up now, and counts them as taken up. */
export type Admission = (room: number) => Promise<number>;

const BELIEVED_MS = 250;
// Companies that are taken up sooner than their first calls can go out only stand in line, before the later calls of those
// that are half done. A line of this many seconds is enough to keep a provider busy between two looks.
const LINE_SECONDS = 2;

/**
 * How many companies may be taken up: none while a provider that they need is down or everybody's budget is spent, one to
 * probe the provider, else as many as the shared buckets can serve soon.
 */
export function createAdmission(options: {
  db: Database;
  /** Providers without which nothing is taken up. */
  needed: readonly string[];
  demands: readonly Demand[];
  budget: Budget;
}): Admission {
  const { db, needed, demands, budget } = options;
  let known = { at: Number.NEGATIVE_INFINITY, left: 0 };

  const look = async (): Promise<number> => {
    const open = (await listBreakers(db)).filter(
      (breaker) => breaker.state === 'open' && needed.includes(breaker.provider),
    );
    const now = Date.now();
    if (open.some(({ openUntil }) => openUntil !== null && openUntil.getTime() > now)) return 0;
    if (await isEveryBudgetSpent(db, budget)) return 0;
    if (open.length > 0) return 1;
    if (demands.length === 0) return Infinity;
    const backlogs = await readBacklogs(
      db,
      demands.map(({ bucket }) => bucket),
    );
    return Math.min(...demands.map((demand) => roomInLine(demand, backlogs.get(demand.bucket) ?? 0)));
  };

  return async (room) => {
    if (room <= 0) return 0;
    if (performance.now() - known.at >= BELIEVED_MS) {
      const left = await look();
      known = { at: performance.now(), left };
    }
    const allowed = Math.min(room, known.left);
    known.left -= allowed;
    return allowed;
  };
}

/** Companies whose calls fit into what is left of the line, at least one while it is not full. */
export function roomInLine({ perSecond, perCompany, comesAfter }: Demand, backlogSeconds: number): number {
  const free = LINE_SECONDS + comesAfter - backlogSeconds;
  return Math.max(0, Math.ceil((free * perSecond) / perCompany));
}

/** Taken up and put off again, a hundred thousand waiting companies would keep the database busy until the month is over. */
async function isEveryBudgetSpent(db: Database, budget: Budget): Promise<boolean> {
  for (const workspaceId of await listWorkspaces(db)) if (!(await budget.isSpent(workspaceId))) return false;
  return true;
}
