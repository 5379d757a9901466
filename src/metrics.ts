import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { ProviderCall } from './connectors/call.ts';

/** What is read anew for every scrape, since all processes share it. */
export type SharedState = {
  queues: readonly { queue: string; queued: number; active: number; failed: number }[];
  breakers: readonly { provider: string; state: string; failures: number }[];
};

export type Metrics = {
  /** Counts a call to a provider and what it cost, in US dollars. */
  countCall(call: ProviderCall, usd: number): void;
  timeStage(stage: string, milliseconds: number): void;
  /** Counts a company that a run is through with, by outcome: scored, not-enough-evidence, failed, cancelled. */
  countItem(outcome: string): void;
  /** Counts a call by which a CRM tells us something: accepted, or why it was refused. */
  countDelivery(source: string, outcome: string): void;
  /** Counts changes that a CRM told of, by what became of them: `leftToSync` is counted as "left to sync". */
  countTold(source: string, told: Readonly<Record<string, number>>): void;
  /** `route` is the pattern of the path, never the path itself: its values would be without number. */
  timeRequest(request: { method: string; route: string; status: number; milliseconds: number }): void;
  /** Prometheus' text format; `shared` null: it could not be read, and the metric `fieldnote_shared_state_read` says so. */
  render(shared: SharedState | null): Promise<string>;
  contentType: string;
};

// Pages answer in milliseconds, searches in seconds, LLM calls in tens of them.
const REQUEST_SECONDS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const CALL_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80];
const STAGE_SECONDS = [0.01, 0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 180];

/** The counters of one process, in a registry of their own, so that several apps can live in one process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name: `fieldnote_${name}`, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Gauge({ name: `fieldnote_${name}`, help, labelNames, registers });
  const histogram = <Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    buckets: number[],
  ) => new Histogram({ name: `fieldnote_${name}`, help, labelNames, buckets, registers });

  const requests = histogram(
    'http_request_seconds',
    'Time to answer an HTTP request',
    ['method', 'route', 'status'],
    REQUEST_SECONDS,
  );
  const calls = counter('provider_calls_total', 'Calls to providers', ['provider', 'operation', 'ok']);
  const attempts = counter('provider_requests_total', 'HTTP requests to providers, retries included', [
    'provider',
  ]);
  const hedges = counter('provider_hedges_total', 'Second requests sent because the first one hung', [
    'provider',
  ]);
  const durations = histogram(
    'provider_call_seconds',
    'Time of a call to a provider, retries included',
    ['provider', 'operation'],
    CALL_SECONDS,
  );
  const tokens = counter('llm_tokens_total', 'Tokens by kind: prompt, cached (part of prompt), completion', [
    'provider',
    'kind',
  ]);
  const credits = counter('search_credits_total', 'Search credits spent', ['provider']);
  const dollars = counter('cost_usd_total', 'US dollars spent', ['provider']);
  const stages = histogram('stage_seconds', 'Time of a stage of one company', ['stage'], STAGE_SECONDS);
  const items = counter('items_total', 'Companies that a run is through with', ['outcome']);
  const deliveries = counter('webhook_deliveries_total', 'Calls by which a CRM tells of changes', [
    'source',
    'outcome',
  ]);
  const changes = counter('changes_told_total', 'Changes that a CRM told of as they happened', [
    'source',
    'outcome',
  ]);
  const jobs = gauge('queue_jobs', 'Jobs by queue and state', ['queue', 'state']);
  const open = gauge('breaker_open', '1 while the breaker of a provider is open', ['provider']);
  const failures = gauge('breaker_failures', 'Failures in a row', ['provider']);
  const read = gauge('shared_state_read', '0 when queues and breakers could not be read for this scrape', []);

  return {
    contentType: registry.contentType,
    countCall: (call, usd) => {
      const { provider, operation } = call;
      calls.inc({ provider, operation, ok: String(call.ok) });
      attempts.inc({ provider }, call.requests);
      durations.observe({ provider, operation }, call.milliseconds / 1000);
      if (call.hedges) hedges.inc({ provider }, call.hedges);
      if (call.promptTokens) tokens.inc({ provider, kind: 'prompt' }, call.promptTokens);
      if (call.cachedTokens) tokens.inc({ provider, kind: 'cached' }, call.cachedTokens);
      if (call.completionTokens) tokens.inc({ provider, kind: 'completion' }, call.completionTokens);
      if (call.searchCredits) credits.inc({ provider }, call.searchCredits);
      if (usd > 0) dollars.inc({ provider }, usd);
    },
    timeStage: (stage, milliseconds) => stages.observe({ stage }, milliseconds / 1000),
    countItem: (outcome) => items.inc({ outcome }),
    countDelivery: (source, outcome) => deliveries.inc({ source, outcome }),
    countTold: (source, told) => {
      for (const [name, count] of Object.entries(told)) {
        const outcome = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
        if (count > 0) changes.inc({ source, outcome }, count);
      }
    },
    timeRequest: ({ method, route, status, milliseconds }) =>
      requests.observe({ method, route, status }, milliseconds / 1000),
    render: (shared) => {
      for (const each of [jobs, open, failures]) each.reset();
      read.set(shared === null ? 0 : 1);
      for (const { queue, queued, active, failed } of shared?.queues ?? []) {
        jobs.set({ queue, state: 'queued' }, queued);
        jobs.set({ queue, state: 'active' }, active);
        jobs.set({ queue, state: 'failed' }, failed);
      }
      for (const breaker of shared?.breakers ?? []) {
        open.set({ provider: breaker.provider }, breaker.state === 'open' ? 1 : 0);
        failures.set({ provider: breaker.provider }, breaker.failures);
      }
      return registry.metrics();
    },
  };
}
