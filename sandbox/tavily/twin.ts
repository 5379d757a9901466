import { randomUUID } from 'node:crypto';
import express from 'express';
import type { NextFunction, Request, Response } from 'express';
import { z } from 'zod';
import type { FaultSettings } from '../kit/faults.ts';
import { openJournal } from '../kit/journal.ts';
import { createRateLimits } from '../kit/rate-limits.ts';
import { startTwin } from '../kit/twin.ts';
import type { Twin } from '../kit/twin.ts';
import type { WebState } from '../web/state.ts';
import { pickChunks } from './chunks.ts';
import { createFinder } from './find.ts';
import type { Finder } from './find.ts';
import { explainRefusal, extractRequest, searchRequest } from './request.ts';
import type { ExtractRequest, SearchRequest } from './request.ts';

const spending = z.strictObject({
  month: z.string(),
  search: z.int().min(0),
  extract: z.int().min(0),
  /** Pages extracted; every fifth costs. */
  extracted: z.int().min(0),
});
type Spending = z.infer<typeof spending>;

const MESSAGE: Record<number, string> = {
  401: 'Unauthorized: missing or invalid API key.',
  429: 'Your request has been blocked due to excessive requests. Please reduce rate of requests.',
  432: "This request exceeds your plan's set usage limit. Please upgrade your plan or contact support@tavily.com",
  433: 'This request exceeds the pay-as-you-go limit. You can increase your limit on the Tavily dashboard.',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

function refuse(response: Response, status: number, message = MESSAGE[status] ?? 'Error'): void {
  response.status(status).json({ detail: { error: message } });
}

type Meter = { of(month: string): Spending; spend(event: Spending): void; months(): Spending[] };

function openMeter(journalFile: string | null): Meter {
  const journal = openJournal(journalFile, (line) => spending.parse(line));
  const months = new Map<string, Spending>();
  const of = (month: string): Spending => months.get(month) ?? { month, search: 0, extract: 0, extracted: 0 };
  const add = (event: Spending): void => {
    const { month, search, extract, extracted } = of(event.month);
    months.set(month, {
      month,
      search: search + event.search,
      extract: extract + event.extract,
      extracted: extracted + event.extracted,
    });
  };
  journal.replay(add);
  return {
    of,
    months: () => [...months.values()],
    spend: (event) => {
      add(event);
      journal.append([event]);
    },
  };
}

function extractPages(finder: Finder, request: ExtractRequest) {
  const results: { url: string; raw_content: string; images: string[] }[] = [];
  const failed: { url: string; error: string }[] = [];
  for (const url of [request.urls].flat()) {
    const text = finder.textAt(url);
    if (text === null) failed.push({ url, error: 'Failed to fetch url' });
    else {
      const raw =
        request.query === undefined ? text : pickChunks(text, request.query, request.chunks_per_source ?? 3);
      results.push({ url, raw_content: raw, images: [] });
    }
  }
  return { results, failed };
}

export type TavilyTwinOptions = {
  web: WebState;
  /** The one key that is let in. */
  apiKey: string;
  port?: number;
  /** Where spent credits are kept; null: in memory alone. */
  journalFile: string | null;
  /** Credits of the plan in a month of the twin's clock (1,000, the free plan); beyond them 432. */
  monthlyCredits?: number;
  /** Credits that may be bought beyond the plan; beyond them 433. */
  payAsYouGoCredits?: number;
  /** 100 for a development key, 1,000 for a production one (Tavily's docs, "Rate limits"); unset: none. */
  requestsPerMinute?: number;
  faults?: Partial<FaultSettings>;
};

/** Tavily's search and extract over the sandbox's web: texts only, credits counted, errors in the vendor's form. */
export function startTavilyTwin(options: TavilyTwinOptions): Promise<Twin> {
  const { web } = options;
  const finder = createFinder(web);
  const meter = openMeter(options.journalFile);
  const planned = options.monthlyCredits ?? 1000;

  return startTwin(
    {
      name: 'tavily',
      mount: ({ app, clock }) => {
        const limits = createRateLimits(clock, {
          requestsPerMinute: options.requestsPerMinute ?? null,
          tokensPerMinute: null,
        });
        const month = () => clock.now().toISOString().slice(0, 7);
        const guard = (request: Request, response: Response, next: NextFunction): void => {
          response.locals.operation = request.path.slice(1);
          response.locals.units = 0;
          if (request.get('authorization') !== `Bearer ${options.apiKey}`) refuse(response, 401);
          else next();
        };
        const pace = (_request: Request, response: Response, next: NextFunction): void => {
          const wait = limits.admit(0);
          if (wait === 0) return next();
          response.set('retry-after', String(Math.ceil(wait / 1000)));
          refuse(response, 429);
        };
        const hasCredits = (response: Response): boolean => {
          const { search, extract } = meter.of(month());
          const more = options.payAsYouGoCredits ?? 0;
          if (search + extract < planned + more) return true;
          refuse(response, more > 0 ? 433 : 432);
          return false;
        };

        app.use(guard, express.json({ limit: '1mb' }));
        app.post(['/search', '/extract'], pace);
        app.post('/search', (request, response) => {
          const started = performance.now();
          const parsed = searchRequest.safeParse(request.body);
          if (!parsed.success) return refuse(response, 400, explainRefusal(parsed.error));
          if (!hasCredits(response)) return;
          response.locals.about = describeSearch(parsed.data);
          const credits = parsed.data.search_depth === 'advanced' ? 2 : 1;
          const results = finder.find(parsed.data, clock.now());
          meter.spend({ month: month(), search: credits, extract: 0, extracted: 0 });
          response.locals.units = credits;
          response.json({
            query: parsed.data.query,
            answer: null,
            images: [],
            results,
            response_time: secondsSince(started),
            ...(parsed.data.include_usage ? { usage: { credits } } : {}),
            request_id: randomUUID(),
          });
        });
        app.post('/extract', (request, response) => {
          const started = performance.now();
          const parsed = extractRequest.safeParse(request.body);
          if (!parsed.success) return refuse(response, 400, explainRefusal(parsed.error));
          if (!hasCredits(response)) return;
          const { results, failed } = extractPages(finder, parsed.data);
          const before = meter.of(month()).extracted;
          const fives = Math.floor((before + results.length) / 5) - Math.floor(before / 5);
          const credits = fives * (parsed.data.extract_depth === 'advanced' ? 2 : 1);
          meter.spend({ month: month(), search: 0, extract: credits, extracted: results.length });
          response.locals.units = credits;
          response.json({
            results,
            failed_results: failed,
            response_time: secondsSince(started),
            ...(parsed.data.include_usage ? { usage: { credits } } : {}),
            request_id: randomUUID(),
          });
        });
        app.get('/usage', (_request, response) => {
          const { search, extract } = meter.of(month());
          const shares = {
            search_usage: search,
            extract_usage: extract,
            crawl_usage: 0,
            map_usage: 0,
            research_usage: 0,
          };
          response.json({
            key: { usage: search + extract, limit: null, ...shares },
            account: {
              current_plan: 'Sandbox',
              plan_usage: Math.min(search + extract, planned),
              plan_limit: planned,
              paygo_usage: Math.max(0, search + extract - planned),
              paygo_limit: options.payAsYouGoCredits ?? 0,
              ...shares,
            },
          });
        });
        app.use((_request: Request, response: Response) => {
          refuse(response, 404, 'Not Found');
        });
        app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
          if (response.headersSent) next(error);
          else
            refuse(
              response,
              isBodyError(error) ? 400 : 500,
              isBodyError(error) ? 'The body is not JSON.' : undefined,
            );
        });
      },
      dump: () => ({ spent: meter.months(), documents: web.documents().length, edits: web.edits() }),
      edit: (body) => web.edit(body),
      answerFault: (response, status, retryAfterSeconds) => {
        if (status === 429) response.set('retry-after', String(retryAfterSeconds));
        refuse(response, status);
      },
    },
    options,
  );
}

function describeSearch({ query, topic, include_domains, exclude_domains }: SearchRequest): string {
  const named = (sign: string, domains: readonly string[]) => domains.map((domain) => ` ${sign}${domain}`);
  return [query, ` (${topic})`, ...named('+', include_domains), ...named('-', exclude_domains)].join('');
}

function secondsSince(started: number): number {
  return Math.round(performance.now() - started) / 1000;
}

function isBodyError(error: unknown): boolean {
  return error instanceof Error && 'status' in error && error.status === 400;
}
