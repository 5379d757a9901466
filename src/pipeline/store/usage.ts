import type { ProviderCall } from '../../connectors/call.ts';
import type { Tx } from '../../db.ts';

/** What calls cost, in US dollars. */
export type Prices = {
  searchUsdPerCredit: number;
  llmUsdPerMInput: number;
  llmUsdPerMOutput: number;
  /** Of models that have a price of their own; absent: none has. */
  ofModels?: ReadonlyMap<string, { usdPerMInput: number; usdPerMOutput: number }>;
};

/** What a call was for. */
export type UsageContext = { workspaceId: string; runId?: string; companyId?: string; connectionId?: string };

export type UsageTotal = {
  provider: string;
  operation: string;
  calls: number;
  failed: number;
  requests: number;
  hedges: number;
  searchCredits: number;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  usd: number;
};

/** The price of one call. */
export function priceOf(call: ProviderCall, prices: Prices): number {
  const { usdPerMInput, usdPerMOutput } = prices.ofModels?.get(call.model ?? '') ?? {
    usdPerMInput: prices.llmUsdPerMInput,
    usdPerMOutput: prices.llmUsdPerMOutput,
  };
  return (
    (call.searchCredits ?? 0) * prices.searchUsdPerCredit +
    ((call.promptTokens ?? 0) * usdPerMInput) / 1e6 +
    ((call.completionTokens ?? 0) * usdPerMOutput) / 1e6
  );
}

/** Adds calls to the ledger. */
export async function saveUsage(
  tx: Tx,
  context: UsageContext,
  calls: readonly ProviderCall[],
  prices: Prices,
): Promise<void> {
  if (calls.length === 0) return;
  await tx.query(
    `insert into usage (workspace_id, run_id, company_id, connection_id, provider, operation, ok, requests, hedges,
       search_credits, prompt_tokens, cached_tokens, completion_tokens, model, milliseconds, usd)
     select $1, $2, $3, $4, c.provider, c.operation, c.ok, c.requests, coalesce(c.hedges, 0), coalesce(c."searchCredits", 0),
       coalesce(c."promptTokens", 0), coalesce(c."cachedTokens", 0), coalesce(c."completionTokens", 0), c.model,
       c.milliseconds, c.usd
     from jsonb_to_recordset($5) as c(provider text, operation text, ok boolean, requests integer, hedges integer,
       "searchCredits" integer, "promptTokens" integer, "cachedTokens" integer, "completionTokens" integer, model text,
       milliseconds integer, usd numeric)`,
    [
      context.workspaceId,
      context.runId ?? null,
      context.companyId ?? null,
      context.connectionId ?? null,
      JSON.stringify(
        calls.map((call) => ({
          ...call,
          milliseconds: Math.round(call.milliseconds),
          usd: priceOf(call, prices),
        })),
      ),
    ],
  );
}

const TOTALS = `provider, operation, count(*) as calls, count(*) filter (where not ok) as failed, sum(requests) as requests,
  sum(hedges) as hedges, sum(search_credits) as "searchCredits", sum(prompt_tokens) as "promptTokens",
  sum(cached_tokens) as "cachedTokens", sum(completion_tokens) as "completionTokens", sum(usd) as usd`;

/** Calls and cost by provider and operation: of one run, of one company, or (neither) since `since`. */
export async function sumUsage(
  tx: Tx,
  filter: { runId?: string; companyId?: string; since?: Date },
): Promise<UsageTotal[]> {
  const { rows } = await tx.query<UsageTotal>(
    `select ${TOTALS} from usage
     where ($1::uuid is null or run_id = $1) and ($2::uuid is null or company_id = $2) and ($3::timestamptz is null or at >= $3)
     group by provider, operation order by provider, operation`,
    [filter.runId ?? null, filter.companyId ?? null, filter.since ?? null],
  );
  return rows;
}

const MONTH = `date_trunc('month', now() at time zone 'utc') at time zone 'utc'`;
const OPEN_FROM = `(select greatest(${MONTH}, max(hour) + interval '1 hour') from usage_hours where hour >= ${MONTH})`;
// A call is booked in a transaction of seconds at most: nothing of an hour is still to come when this has passed behind it.
const LATE_MINUTES = 5;

/**
 * Dollars spent since the first of the month (UTC). Hours that are over are summed once, for all processes, so that a look
 * reads the calls of an hour or so and not those of the month.
 */
export async function spentThisMonth(tx: Tx): Promise<number> {
  await tx.query(
    `insert into usage_hours (workspace_id, hour, usd)
     select current_workspace(), date_trunc('hour', at, 'utc'), sum(usd) from usage
     where usd > 0 and at >= ${OPEN_FROM} and at < date_trunc('hour', now() - make_interval(mins => ${LATE_MINUTES}), 'utc')
     group by 2 order by 2
     on conflict (workspace_id, hour) do nothing`,
  );
  const { rows } = await tx.query<{ usd: number | null }>(
    `select coalesce((select sum(usd) from usage_hours where hour >= ${MONTH}), 0)
       + coalesce((select sum(usd) from usage where usd > 0 and at >= ${OPEN_FROM}), 0) as usd`,
  );
  return rows[0]?.usd ?? 0;
}
