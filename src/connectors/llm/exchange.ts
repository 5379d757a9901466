import { ProviderError } from '../../errors.ts';
import type { CallOptions, ProviderCall } from '../call.ts';
import type { Policy } from '../resilience.ts';
import type { Completion, Endpoint, Message } from './completion.ts';
import { nextDialect } from './dialect.ts';
import type { Dialect } from './dialect.ts';
import type { Hedger } from './hedge.ts';
import type { WireSchema } from './wire-schema.ts';

type Exchange = {
  messages: Message[];
  schema: WireSchema;
  maxTokens: number;
  temperature: number;
  /** Tokens that it is expected to use, for the provider's tokens per minute. */
  expectedTokens: number;
};

/** Sends one request and gets one answer, in whatever dialect the endpoint turns out to speak. */
export type Exchanger = (operation: string, exchange: Exchange, options: CallOptions) => Promise<Completion>;

export function createExchanger(options: {
  endpoint: Endpoint;
  model: string;
  policy: Policy;
  hedger: Hedger;
  dialect: Dialect;
  /** Told when the endpoint was overloaded. */
  onOverload: () => void;
}): Exchanger {
  const { endpoint, model, policy, hedger, onOverload } = options;
  // A hint only: every exchange can go down the ladder by itself.
  let learned = options.dialect;

  async function sendOnce(operation: string, exchange: Exchange, dialect: Dialect, call: CallOptions) {
    const calls: ProviderCall[] = [];
    const { messages, schema, maxTokens, temperature, expectedTokens } = exchange;
    try {
      return await hedger.race(schema.name, call.signal, (lane) =>
        policy.run(
          operation,
          async (signal, alive) => {
            try {
              return await lane.watch((onData) =>
                endpoint.complete(
                  { messages, schema, maxTokens, temperature, dialect },
                  operation,
                  signal,
                  () => {
                    alive();
                    onData();
                  },
                ),
              );
            } catch (error) {
              if (error instanceof ProviderError && (error.status === 429 || error.status === 503))
                onOverload();
              throw error;
            }
          },
          {
            signal: lane.signal,
            // A hedge goes before what queues up for its turn: the one it is for has waited long enough.
            interactive: call.interactive === true || lane.hedge,
            // Asking twice costs money but changes nothing.
            repeatable: true,
            tokens: expectedTokens,
            onCall: (each) => calls.push(lane.hedge ? { ...each, hedges: each.requests } : each),
          },
          (answer) => ({
            promptTokens: answer.promptTokens ?? undefined,
            cachedTokens: answer.cachedTokens,
            completionTokens: answer.completionTokens ?? undefined,
          }),
        ),
      );
    } finally {
      if (calls.length > 0) call.onCall?.({ ...mergeCalls(calls), model });
    }
  }

  return async (operation, exchange, call) => {
    let dialect = learned;
    let firstRefusal: unknown;
    const tried = new Set<string>();
    for (;;) {
      try {
        const answer = await sendOnce(operation, exchange, dialect, call);
        learned = dialect;
        return answer;
      } catch (error) {
        tried.add(JSON.stringify(dialect));
        const next = nextDialect(dialect, error);
        // When no dialect helps, what the first refusal said is the true reason.
        if (next === null || tried.has(JSON.stringify(next)))
          throw firstRefusal !== undefined && isRefusal(error) ? firstRefusal : error;
        firstRefusal ??= error;
        dialect = next;
      }
    }
  };
}

function isRefusal(error: unknown): boolean {
  return error instanceof ProviderError && error.kind === 'refused';
}

/** The lanes of one race → one line of the ledger: the winner's tokens, everyone's requests. */
function mergeCalls(calls: readonly ProviderCall[]): ProviderCall {
  const [main, ...others] = calls.toSorted((a, b) => Number(b.ok) - Number(a.ok));
  if (main === undefined) throw new Error('no call to merge');
  const merged = { ...main };
  for (const other of others) {
    merged.requests += other.requests;
    merged.milliseconds = Math.max(merged.milliseconds, other.milliseconds);
    if (other.hedges !== undefined) merged.hedges = (merged.hedges ?? 0) + other.hedges;
  }
  return merged;
}
