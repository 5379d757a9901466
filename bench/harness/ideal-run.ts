import { createRandom } from '../../sandbox/kit/random.ts';

export type IdealRun = {
  companies: number;
  /** Companies under way at once. */
  concurrency: number;
  /** Calls of one company. */
  needs: { searches: number; requests: number };
  /** Calls that the providers take, a second. */
  perSecond: { searches: number; requests: number };
  /** Seconds of one call, each ± `jitter` as a share of it. */
  latency: { search: number; page: number; llm: number };
  jitter: number;
  /** Pages of a company that are read one after another. */
  pageRounds: number;
  /** The share of LLM calls that never answer, and the seconds after which they are sent again. */
  hanging: number;
  noticedSeconds: number;
};

type Step = { at: number; company: number; llmCallsLeft: number | null };

/**
 * Seconds that a run takes whose own work costs nothing: calls go out the moment that a limit lets them, first come, first
 * served. It takes longer than the least time because the last companies are as often slow as fast, and the slowest ends the run.
 */
export function simulateIdealRun(run: IdealRun, seed: number): number {
  const random = createRandom(seed);
  const last = (mean: number): number => mean * (1 + run.jitter * (2 * random() - 1));
  const takeSearch = createTurns(run.perSecond.searches);
  const takeRequest = createTurns(run.perSecond.requests);
  const steps: Step[] = [];
  let started = 0;
  const start = (at: number): void => {
    if (started < run.companies) add(steps, { at, company: started, llmCallsLeft: null });
    started += 1;
  };
  while (started < Math.min(run.companies, run.concurrency)) start(0);
  let end = 0;
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    const { at, company, llmCallsLeft } = step;
    if (llmCallsLeft === null) {
      const searches = whole(run.needs.searches, random);
      let found = at;
      for (let search = 0; search < searches; search += 1)
        found = Math.max(found, takeSearch(at) + last(run.latency.search));
      let read = at;
      for (let round = 0; round < run.pageRounds; round += 1) read += last(run.latency.page);
      add(steps, { at: Math.max(found, read), company, llmCallsLeft: whole(run.needs.requests, random) });
    } else if (llmCallsLeft > 0) {
      const hung = random() < run.hanging ? run.noticedSeconds : 0;
      const answered = takeRequest(at) + hung + last(run.latency.llm);
      add(steps, { at: answered, company, llmCallsLeft: llmCallsLeft - 1 });
    } else {
      end = Math.max(end, at);
      start(at);
    }
  }
  return end;
}

/** Gives the moments at which calls may go out, evenly spaced. */
function createTurns(perSecond: number): (at: number) => number {
  let next = 0;
  return (at) => {
    const turn = Math.max(at, next);
    next = turn + 1 / perSecond;
    return turn;
  };
}

/** 3.25 → 3 or, a quarter of the time, 4. */
function whole(mean: number, random: () => number): number {
  return Math.floor(mean) + (random() < mean % 1 ? 1 : 0);
}

/** Keeps the steps in the order of their moments. */
function add(steps: Step[], step: Step): void {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((steps[middle]?.at ?? 0) <= step.at) low = middle + 1;
    else high = middle;
  }
  steps.splice(low, 0, step);
}
