import { z } from 'zod';
import type { JsonSchema } from './json-schema.ts';
import { findUnsupported } from './json-schema.ts';

/** An error in the words that OpenAI and vLLM answer with. */
export class ApiRefusal extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly param: string | null;
  constructor(status: number, message: string, details: { code?: string; param?: string } = {}) {
    super(message);
    this.status = status;
    this.code = details.code ?? null;
    this.param = details.param ?? null;
  }
}

const textPart = z.object({ type: z.literal('text'), text: z.string() });
const content = z.union([
  z.string(),
  z.array(textPart).transform((parts) => parts.map((p) => p.text).join('')),
]);
const message = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content,
  name: z.string().optional(),
});
const schemaFormat = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
  description: z.string().optional(),
  strict: z.boolean().nullish(),
  schema: z.record(z.string(), z.unknown()),
});
const responseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({ type: z.literal('json_schema'), json_schema: schemaFormat }),
]);

// Parameters of Chat Completions (https://platform.openai.com/docs/api-reference/chat/create) that this twin understands.
const orNull = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? null);

const chatRequest = z.object({
  model: z.string().min(1),
  messages: z.array(message).min(1),
  response_format: orNull(responseFormat),
  max_tokens: orNull(z.int().min(1)),
  max_completion_tokens: orNull(z.int().min(1)),
  temperature: orNull(z.number().min(0).max(2)),
  top_p: z.number().gt(0).max(1).nullish(),
  n: z.literal(1).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: orNull(z.strictObject({ include_usage: z.boolean().optional() })),
  user: z.string().optional(),
});

export type ChatRequest = z.infer<typeof chatRequest>;

/** A body → a request, or the refusal that a strict server answers with. */
export function parseChatRequest(
  body: unknown,
  models: readonly string[],
  contextTokens: number,
): ChatRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ApiRefusal(400, 'We could not parse the JSON body of your request.');
  const unknown = Object.keys(body).find((key) => !(key in chatRequest.shape));
  if (unknown !== undefined)
    throw new ApiRefusal(400, `Unrecognized request argument supplied: ${unknown}`, { param: unknown });
  const result = chatRequest.safeParse(body);
  if (!result.success) {
    const issue = result.error.issues[0];
    const param = issue?.path.join('.') ?? '';
    throw new ApiRefusal(400, `Invalid value for '${param}': ${issue?.message ?? 'not understood'}`, {
      param,
    });
  }
  const request = result.data;
  if (!models.includes(request.model))
    throw new ApiRefusal(404, `The model \`${request.model}\` does not exist`, {
      code: 'model_not_found',
      param: 'model',
    });
  checkCombinations(request, contextTokens);
  return request;
}

function checkCombinations(request: ChatRequest, contextTokens: number): void {
  const { response_format: format, max_tokens: maxTokens, max_completion_tokens: maxCompletion } = request;
  const text = promptOf(request);
  if (maxTokens !== null && maxCompletion !== null)
    throw new ApiRefusal(400, "'max_tokens' and 'max_completion_tokens' can't both be set");
  if (request.stream_options !== null && request.stream !== true)
    throw new ApiRefusal(400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", {
      param: 'stream_options',
    });
  if (format?.type === 'json_object' && !/json/i.test(text))
    throw new ApiRefusal(
      400,
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
      {
        param: 'messages',
      },
    );
  const tokens = Math.ceil(Buffer.byteLength(text) / 4) + (maxTokens ?? maxCompletion ?? 0);
  if (tokens > contextTokens)
    throw new ApiRefusal(
      400,
      `This model's maximum context length is ${contextTokens} tokens, however you requested ${tokens} tokens.`,
      {
        code: 'context_length_exceeded',
        param: 'messages',
      },
    );
  if (format?.type !== 'json_schema') return;
  const problem = findUnsupported(format.json_schema.schema, format.json_schema.strict === true);
  if (problem !== null)
    throw new ApiRefusal(400, `Invalid schema for response_format '${format.json_schema.name}': ${problem}`, {
      param: 'response_format',
    });
}

/** All that the model sees, as one text in its order. */
export function promptOf(request: ChatRequest): string {
  return request.messages.map((each) => `${each.role}\n${each.content}\n`).join('');
}

/** The schema that the answer is held to, when the request has one. */
export function schemaOf(request: ChatRequest): JsonSchema | null {
  const format = request.response_format;
  return format?.type === 'json_schema' ? format.json_schema.schema : null;
}
