import { ProviderError } from '../../errors.ts';
import type { CallOptions } from '../call.ts';
import type { Policy, PolicyBucket } from '../resilience.ts';
import type { TextModel, TextModelAnswer, TextModelRequest } from '../text-model.ts';
import { openEndpoint } from './completion.ts';
import type { Completion, Message } from './completion.ts';
import { guessDialect } from './dialect.ts';
import type { Dialect } from './dialect.ts';
import { createExchanger } from './exchange.ts';
import { readAnswer } from './find-json.ts';
import { createHedger } from './hedge.ts';
import type { HedgeOptions } from './hedge.ts';
import { createInFlight } from './in-flight.ts';
import { countTokens } from './tokens.ts';
import { toWireSchema } from './wire-schema.ts';
import type { WireSchema } from './wire-schema.ts';

export { createTextModels } from './fallback.ts';

/**
 * How an LLM endpoint is called: an attempt may stay silent for 120 s, since a slow model or a gateway that answers whole takes 90 s, and go on
 * for 240 s while its answer arrives; three attempts within 270 s, waits exponential up to 10 s. Silence that is not usual here is
 * hedged much sooner.
 */
export const LLM_TIMES = {
  attempts: 3,
  attemptTimeoutMs: 120_000,
  longestAttemptMs: 240_000,
  totalTimeoutMs: 270_000,
  backoffMs: { first: 4_000, max: 10_000 },
} as const;

/** The buckets of an endpoint: requests and tokens, each with a share of its own for people who wait. */
export function llmBuckets(label: string): PolicyBucket[] {
  const bucket = (unit: 'requests' | 'tokens'): PolicyBucket => ({
    key: `${label}:${unit}`,
    interactiveKey: `${label}:${unit}:interactive`,
    cost: (units) => units[unit],
  });
  return [bucket('requests'), bucket('tokens')];
}

export type LlmOptions = {
  /** Names the endpoint in errors, ledger and breaker: `llm`, `llm-fallback`. */
  label: string;
  /** Up to and including /v1. */
  baseUrl: string;
  /** Empty for servers without keys. */
  apiKey: string;
  model: string;
  policy: Policy;
  /** What the endpoint is known to take; unset: guessed from the address, then learned. */
  dialect?: Partial<Dialect>;
  /** Tokens (prompt + longest answer) in flight from this process; unset: only the policy paces. */
  maxInFlightTokens?: number;
  /** When a second request is raced against one that hangs. */
  hedge?: HedgeOptions;
};

// Answers of 300–500 tokens are usual, so that is what a first call is expected to take of the tokens per minute.
const USUAL_ANSWER_TOKENS = 500;
const LONGEST_ECHO = 4_000;
const HEDGE_FLOOR_MS = 2_000;

/** Any OpenAI-compatible endpoint as a TextModel, over Chat Completions. */
export function createLlm(options: LlmOptions): TextModel {
  const { label, model, policy } = options;
  const endpoint = openEndpoint(options);
  const inFlight = options.maxInFlightTokens === undefined ? null : createInFlight(options.maxInFlightTokens);
  const exchange = createExchanger({
    endpoint,
    model,
    policy,
    hedger: createHedger(options.hedge ?? { floorMs: HEDGE_FLOOR_MS }),
    dialect: { ...guessDialect(options.baseUrl), ...options.dialect },
    onOverload: () => inFlight?.shrink(),
  });
  const answerTokens = new Map<string, number>();

  async function askWithin<T>(
    request: TextModelRequest<T>,
    messages: Message[],
    schema: WireSchema,
    promptTokens: number,
    call: CallOptions,
  ): Promise<TextModelAnswer<T>> {
    const { maxTokens, temperature } = request;
    const used = { promptTokens: 0, cachedTokens: 0, completionTokens: 0 };
    const ask = async (operation: string, asked: Message[]): Promise<Completion | null> => {
      const usual = answerTokens.get(schema.name) ?? Math.min(maxTokens, USUAL_ANSWER_TOKENS);
      const expectedTokens = promptTokens + Math.ceil(usual);
      try {
        const completion = await exchange(
          operation,
          { messages: asked, schema, maxTokens, temperature, expectedTokens },
          call,
        );
        const written = completion.completionTokens ?? countTokens(completion.content);
        answerTokens.set(schema.name, usual + (written - usual) / 10);
        used.promptTokens += completion.promptTokens ?? promptTokens;
        used.cachedTokens += completion.cachedTokens;
        used.completionTokens += written;
        return completion;
      } catch (error) {
        // An answer that is no completion at all deserves the one repair as much as one that misses the schema.
        if (operation === 'ask' && error instanceof ProviderError && error.kind === 'malformed') return null;
        throw error;
      }
    };
    const read = (operation: string, completion: Completion | null) => {
      if (completion === null) return { ok: false as const, problem: 'it was not readable' };
      refuseRefusal(label, operation, completion);
      const answer = readAnswer(completion.content, request.schema);
      if (!answer.ok && completion.finish === 'length')
        return { ok: false as const, problem: `it was cut off at ${maxTokens} tokens` };
      return answer;
    };
    const finish = (value: T, repaired: boolean) => ({ value, provider: label, model, ...used, repaired });

    const first = await ask('ask', messages);
    const answer = read('ask', first);
    if (answer.ok) return finish(answer.value, false);
    const second = await ask('repair', [...messages, ...askForRepair(first, answer.problem)]);
    const repaired = read('repair', second);
    if (repaired.ok) return finish(repaired.value, true);
    throw new ProviderError({
      provider: label,
      operation: 'repair',
      kind: 'malformed',
      code: second?.finish === 'length' ? 'length' : undefined,
      message: `the answer does not fit ${schema.name}, nor did it after one repair: ${repaired.problem}`,
      fix: `try another model at ${label}, or one that honours response_format`,
    });
  }

  return {
    name: label,
    model,
    countTokens,
    ask: async (request, call) => {
      const schema = toWireSchema(request.schemaName, request.schema);
      // The schema is part of the fixed beginning, for servers that don't show a response_format to the model.
      const system = `${request.system}\n\nThe JSON object follows this JSON Schema:\n${JSON.stringify(schema.bounded)}`;
      const messages: Message[] = [
        { role: 'system', content: system },
        { role: 'user', content: request.prompt },
      ];
      const promptTokens = countTokens(system) + countTokens(request.prompt);
      const leave = await inFlight?.enter(
        promptTokens + request.maxTokens,
        call.interactive === true,
        call.signal,
      );
      try {
        return await askWithin(request, messages, schema, promptTokens, call);
      } finally {
        leave?.();
      }
    },
    check: async (call) => {
      const models = await policy.run('check', (signal) => endpoint.listModels(signal), {
        ...call,
        repeatable: true,
      });
      return { models };
    },
  };
}

function refuseRefusal(provider: string, operation: string, completion: Completion): void {
  const { finish, refusal } = completion;
  if (finish !== 'content_filter' && refusal === null) return;
  const code = finish === 'content_filter' ? 'content_filter' : 'refusal';
  const message = `the model would not answer: ${refusal ?? 'stopped by the content filter'}`.slice(0, 300);
  throw new ProviderError({ provider, operation, kind: 'refused', code, message });
}

/** What follows the conversation so far, whose prefix the server still has in its cache. */
function askForRepair(answer: Completion | null, problem: string): Message[] {
  if (answer === null) return [];
  const shorter = answer.finish === 'length' ? ' Leave out the least important entries.' : '';
  return [
    { role: 'assistant', content: answer.content.slice(0, LONGEST_ECHO).toWellFormed() || '(nothing)' },
    {
      role: 'user',
      content: `That answer can't be used: ${problem}\nAnswer again with the whole JSON object, following the schema, and nothing else.${shorter}`,
    },
  ];
}
