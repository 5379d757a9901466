import OpenAI from 'openai';
import { Agent, fetch } from 'undici';
import { z } from 'zod';
import { ProviderError } from '../../errors.ts';
import { responseFormat } from './dialect.ts';
import type { Dialect } from './dialect.ts';
import { toProviderError } from './failure.ts';
import { readStream } from './read-stream.ts';
import type { WireSchema } from './wire-schema.ts';

export type Message = { role: 'system' | 'user' | 'assistant'; content: string };

/** One answer of the endpoint, as it came. */
export type Completion = {
  content: string;
  /** Why the model said no, when it did. */
  refusal: string | null;
  finish: string;
  promptTokens: number | null;
  cachedTokens: number;
  completionTokens: number | null;
};

export type Endpoint = {
  complete(
    request: {
      messages: Message[];
      schema: WireSchema;
      maxTokens: number;
      temperature: number;
      dialect: Dialect;
    },
    operation: string,
    signal: AbortSignal,
    /** Called with each piece of the answer that arrives; never where it comes whole. */
    onData?: () => void,
  ): Promise<Completion>;
  listModels(signal: AbortSignal): Promise<string[]>;
};

// Larger than any answer under a token limit; a server that sends more is broken or hostile.
const LARGEST_RESPONSE = 16 * 1024 * 1024;

const tokens = z.int().min(0);
const usage = z.object({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  prompt_tokens_details: z.object({ cached_tokens: tokens.nullish() }).nullish(),
});
const completionBody = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
      }),
    )
    .min(1),
  usage: usage.nullish().catch(null),
});
const modelsBody = z.array(z.object({ id: z.string() }));

/** The openai client, held to our own policy: no retries, no timeouts, no settings from the environment. */
export function openEndpoint(options: {
  label: string;
  baseUrl: string;
  apiKey: string;
  model: string;
}): Endpoint {
  const { label, baseUrl, apiKey, model } = options;
  // Node's fetch gives up after 300 s without headers, whatever the SDK is told; the policy's timeouts are the only ones.
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0, maxResponseSize: LARGEST_RESPONSE });
  const client = new OpenAI({
    baseURL: baseUrl,
    // The SDK refuses an empty key; servers without keys (Ollama, llama.cpp) ignore this one.
    apiKey: apiKey === '' ? 'none' : apiKey,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    maxRetries: 0,
    timeout: 2_147_483_647,
    logLevel: 'off',
    fetch: async (url, init) =>
      fetch(url instanceof Request ? url.url : url, {
        method: init?.method,
        headers: [...new Headers(init?.headers)],
        body: typeof init?.body === 'string' ? init.body : undefined,
        signal: init?.signal,
        dispatcher,
      }),
  });

  async function call<T>(operation: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toProviderError(error, { provider: label, operation });
    }
  }

  function check<T>(operation: string, schema: z.ZodType<T>, body: unknown): T {
    const result = schema.safeParse(body);
    if (result.success) return result.data;
    const message = `the answer is not what the protocol says: ${z.prettifyError(result.error).slice(0, 300)}`;
    throw new ProviderError({ provider: label, operation, kind: 'malformed', message });
  }

  function readWhole(operation: string, body: unknown): Completion {
    const { choices, usage: used } = check(operation, completionBody, body);
    const choice = choices[0];
    return {
      content: choice?.message.content ?? '',
      refusal: choice?.message.refusal ?? null,
      finish: choice?.finish_reason ?? 'stop',
      ...countUsed(used),
    };
  }

  return {
    complete: async (
      { messages, schema, maxTokens, temperature, dialect },
      operation,
      signal,
      onData = () => undefined,
    ) => {
      const request = {
        model,
        messages,
        response_format: responseFormat(dialect.rung, schema),
        [dialect.tokensField]: maxTokens,
        ...(dialect.temperature ? { temperature } : {}),
      };
      if (!dialect.stream) {
        const body = await call(operation, () => client.chat.completions.create(request, { signal }));
        return readWhole(operation, body);
      }
      const response = await call(operation, () =>
        client.chat.completions
          .create(
            { ...request, stream: true, stream_options: { include_usage: true } },
            { signal, headers: { accept: 'text/event-stream, application/json' } },
          )
          .asResponse(),
      );
      const { body } = response;
      // Some servers and gateways answer whole whatever they are asked for.
      if (body === null || !/^text\/event-stream\b/i.test(response.headers.get('content-type') ?? ''))
        return readWhole(operation, await call(operation, () => response.json()));
      const answer = await call(operation, () => readStream(body, onData));
      if (!answer.ok)
        throw new ProviderError({
          provider: label,
          operation,
          kind: 'unavailable',
          message: `the server broke off its answer: ${answer.message.slice(0, 300)}`,
          maybeApplied: true,
        });
      const { content, refusal, finish } = answer;
      return { content, refusal, finish, ...countUsed(usage.nullish().catch(null).parse(answer.usage)) };
    },
    listModels: async (signal) => {
      const page = await call('check', () => client.models.list({ signal }));
      return check('check', modelsBody, page.data).map(({ id }) => id);
    },
  };
}

function countUsed(
  used: z.infer<typeof usage> | null | undefined,
): Pick<Completion, 'promptTokens' | 'cachedTokens' | 'completionTokens'> {
  return {
    promptTokens: used?.prompt_tokens ?? null,
    cachedTokens: used?.prompt_tokens_details?.cached_tokens ?? 0,
    completionTokens: used?.completion_tokens ?? null,
  };
}
