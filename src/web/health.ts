import { Router } from 'express';
import { describeError } from '../errors.ts';
import type { SharedState } from '../metrics.ts';
import { listBreakers } from '../pipeline/store/breakers.ts';
import type { BreakerState } from '../pipeline/store/breakers.ts';
import type { ProviderCheck, WebDeps } from './deps.ts';

type Part = { ok: boolean; detail: string };

export type ProviderHealth = ProviderCheck & {
  breaker: 'closed' | 'open' | 'half-open';
  failures: number;
  openUntil: string | null;
  /** How many of its connections do not answer, where each has a breaker of its own; null: it has one for all. */
  connectionsDown: number | null;
};

type Readiness = {
  /** degraded: we work, but a provider does not answer; its work waits and goes on by itself. */
  status: 'ready' | 'degraded' | 'not-ready';
  reasons: string[];
  database: Part;
  queue: Part;
  providers: ProviderHealth[];
};

export type Health = {
  read(): Promise<Readiness>;
  readShared(): Promise<SharedState>;
  /** Providers whose breaker is open right now: cheap enough for every page. */
  readDown(): Promise<ProviderHealth[]>;
};

// A probe that waits longer than this counts as failed; load balancers wait about as long.
const PART_TIMEOUT_MS = 3_000;
const PROVIDERS_TIMEOUT_MS = 8_000;
// Probes of several balancers must not become traffic at the providers.
const PROVIDERS_BELIEVED_MS = 15_000;

/** Reads how ready we are; looks at each provider at most once in 15 seconds. */
export function createHealth(deps: Pick<WebDeps, 'db' | 'queue' | 'checkProviders'>): Health {
  const askProviders = rememberFor(PROVIDERS_BELIEVED_MS, async (): Promise<readonly ProviderCheck[]> => {
    if (deps.checkProviders === undefined) return [];
    const signal = AbortSignal.timeout(PROVIDERS_TIMEOUT_MS);
    try {
      return await withDeadline(deps.checkProviders(signal), PROVIDERS_TIMEOUT_MS);
    } catch (error) {
      return [{ name: 'providers', ok: false, detail: describeError(error) }];
    }
  });
  const readBreakers = () => withDeadline(listBreakers(deps.db), PART_TIMEOUT_MS);
  const check = async (act: () => Promise<unknown>): Promise<Part> => {
    try {
      await withDeadline(act(), PART_TIMEOUT_MS);
      return { ok: true, detail: 'answers' };
    } catch (error) {
      return { ok: false, detail: describeError(error) };
    }
  };

  return {
    read: async () => {
      const [database, queue, checks, breakers] = await Promise.all([
        check(() => deps.db.ping()),
        check(() => deps.queue.countJobs()),
        askProviders(),
        // Without a database there are no breakers to show; the database's own line says so.
        readBreakers().catch((): BreakerState[] => []),
      ]);
      const providers = joinBreakers(checks, breakers);
      const down = providers.filter((provider) => !provider.ok);
      const broken = [
        ...(database.ok ? [] : [`database: ${database.detail}`]),
        ...(queue.ok ? [] : [`queue: ${queue.detail}`]),
      ];
      return {
        status: broken.length > 0 ? 'not-ready' : down.length > 0 ? 'degraded' : 'ready',
        reasons: [...broken, ...down.map(({ name, detail }) => `${name}: ${detail}`)],
        database,
        queue,
        providers,
      };
    },
    readShared: async () => {
      const [queues, breakers] = await Promise.all([
        withDeadline(deps.queue.countJobs(), PART_TIMEOUT_MS),
        readBreakers(),
      ]);
      return { queues, breakers };
    },
    readDown: async () => joinBreakers([], await readBreakers()).filter((provider) => !provider.ok),
  };
}

/** GET /healthz, /readyz, /metrics. They hold nothing about customers and stay open on every bind. */
export function serveHealth(deps: Pick<WebDeps, 'log' | 'metrics'>, health: Health) {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.set('cache-control', 'no-store').json({ status: 'alive' });
  });
  router.get('/readyz', async (_request, response) => {
    const readiness = await health.read();
    response
      .status(readiness.status === 'not-ready' ? 503 : 200)
      .set('cache-control', 'no-store')
      .json(readiness);
  });
  router.get('/metrics', async (_request, response) => {
    const shared = await health.readShared().catch((error: unknown) => {
      deps.log.warn({ err: error }, 'queues and breakers could not be read for the metrics');
      return null;
    });
    const text = await deps.metrics.render(shared);
    response.set('content-type', deps.metrics.contentType).set('cache-control', 'no-store').send(text);
  });
  return router;
}

/** A provider is fine when it answers and its breaker lets calls through; one that only a breaker knows is shown too. */
function joinBreakers(checks: readonly ProviderCheck[], breakers: readonly BreakerState[]): ProviderHealth[] {
  const worst = worstOfEach(breakers);
  const states = new Map(worst.map((breaker) => [breaker.provider, breaker]));
  const unchecked = worst
    .filter(({ provider }) => !checks.some(({ name }) => name === provider))
    .map(({ provider }) => ({ name: provider, ok: true, detail: 'no open failures' }));
  return [...checks, ...unchecked].map((check): ProviderHealth => {
    const found = states.get(check.name);
    const state = found === undefined ? 'closed' : stateOf(found);
    const openUntil = found?.openUntil?.toISOString() ?? null;
    const connectionsDown = found?.connectionsDown ?? null;
    if (state === 'closed')
      return { ...check, breaker: state, failures: found?.failures ?? 0, openUntil: null, connectionsDown };
    const where =
      connectionsDown === null
        ? ''
        : ` on ${connectionsDown} ${connectionsDown === 1 ? 'connection' : 'connections'}`;
    const detail = `not answering${where} after ${found?.failures ?? 0} failures in a row; next attempt ${openUntil ?? 'soon'}`;
    return {
      name: check.name,
      ok: false,
      detail: check.ok ? detail : check.detail,
      breaker: state,
      failures: found?.failures ?? 0,
      openUntil,
      connectionsDown,
    };
  });
}

/**
 * Each connection to a CRM has a breaker of its own, `hubspot:ID`. What stands open on every bind names providers alone: one
 * that any connection finds down is shown as down, with how many do.
 */
function worstOfEach(breakers: readonly BreakerState[]): WorstBreaker[] {
  const byProvider = Map.groupBy(breakers, ({ provider }) => provider.replace(/:.*/, ''));
  return [...byProvider].flatMap(([provider, all]) => {
    const [worst] = all.toSorted((one, other) => weight(other) - weight(one));
    const ofConnections = all.filter((breaker) => breaker.provider !== provider);
    const down = ofConnections.filter(({ state }) => state === 'open').length;
    const connectionsDown = ofConnections.length === 0 ? null : down;
    return worst === undefined ? [] : [{ ...worst, provider, connectionsDown }];
  });
}

type WorstBreaker = BreakerState & Pick<ProviderHealth, 'connectionsDown'>;

const weight = ({ state, failures }: BreakerState): number => (state === 'open' ? 1e9 : 0) + failures;

/** An open breaker whose pause is over lets one probe through. */
function stateOf(breaker: BreakerState): ProviderHealth['breaker'] {
  if (breaker.state === 'closed') return 'closed';
  return breaker.openUntil !== null && breaker.openUntil.getTime() > Date.now() ? 'open' : 'half-open';
}

function rememberFor<T>(milliseconds: number, read: () => Promise<T>): () => Promise<T> {
  let last: { at: number; value: Promise<T> } | null = null;
  return () => {
    if (last === null || Date.now() - last.at > milliseconds) last = { at: Date.now(), value: read() };
    return last.value;
  };
}

async function withDeadline<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
