import type { Database } from './db.ts';

/** Two databases over which one process works: for people who wait, and for batch work, which steps aside. */
type PeopleFirst = { ofPeople(db: Database): Database; ofBatch(db: Database): Database };

// Between two steps of one lookup lies this much of a busy process's time, not more: its next transaction is about to begin.
const LINGER_MS = 50;
// One that takes longer than this (an export, a page that reads a whole table) is no reason to hold up a batch any further.
const LONGEST_HOLD_MS = 1_000;
// However many people ask, each step of a batch waits no longer than this.
const LONGEST_WAIT_MS = 5_000;

type Waiting = { since: number; begin: () => void };

/**
 * While transactions of people are under way, and for a moment after, no transaction of the batch begins. In a process whose companies in
 * flight keep its event loop busy, each step of a lookup would otherwise wait for theirs: that took longer than all of its own work.
 *
 * @param options.connections how many transactions of the batch are begun at once, so that few are left to end when somebody asks
 */
export function createPeopleFirst(options: {
  connections: number;
  longestHoldMs?: number;
  longestWaitMs?: number;
}): PeopleFirst {
  const { connections, longestHoldMs = LONGEST_HOLD_MS, longestWaitMs = LONGEST_WAIT_MS } = options;
  const people = new Set<{ since: number }>();
  let heldUntil = Number.NEGATIVE_INFINITY;
  let running = 0;
  const waiting: Waiting[] = [];
  let timer: NodeJS.Timeout | undefined;

  const admit = (): void => {
    clearTimeout(timer);
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const patientUntil = next.since + longestWaitMs;
      // Whoever waits for all others to end goes on after a while, too: it may be what one of them waits for.
      const until = running < connections ? Math.min(heldUntil, patientUntil) : patientUntil;
      const left = until - performance.now();
      if (left > 0) {
        timer = setTimeout(admit, left);
        return;
      }
      waiting.shift();
      running += 1;
      next.begin();
    }
  };

  async function goFirst<T>(act: () => Promise<T>): Promise<T> {
    const mine = { since: performance.now() };
    people.add(mine);
    heldUntil = mine.since + longestHoldMs;
    try {
      return await act();
    } finally {
      people.delete(mine);
      const last = Math.max(...Array.from(people, ({ since }) => since));
      heldUntil = Math.max(performance.now() + LINGER_MS, last + longestHoldMs);
      admit();
    }
  }

  async function stepAside<T>(act: () => Promise<T>): Promise<T> {
    await new Promise<void>((begin) => {
      waiting.push({ since: performance.now(), begin });
      admit();
    });
    try {
      return await act();
    } finally {
      running -= 1;
      admit();
    }
  }

  return { ofPeople: (db) => wrap(db, goFirst), ofBatch: (db) => wrap(db, stepAside) };
}

function wrap(db: Database, through: <T>(act: () => Promise<T>) => Promise<T>): Database {
  return {
    inWorkspace: (workspaceId, act) => through(() => db.inWorkspace(workspaceId, act)),
    inDirectory: (act) => through(() => db.inDirectory(act)),
    directory: (text, values) => through(() => db.directory(text, values)),
    ping: db.ping,
    close: db.close,
  };
}
