import { timingSafeEqual } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import express from 'express';
import type { ErrorRequestHandler, Request, Response } from 'express';
import type { z } from 'zod';
import type { FaultSettings } from '../kit/faults.ts';
import { startTwin } from '../kit/twin.ts';
import type { Twin, TwinKit } from '../kit/twin.ts';
import type { Lie } from './answer-hallucinating.ts';
import { writeAnswer } from './answer.ts';
import { finishAnswer, sendStream, sendWhole } from './completion.ts';
import { hasLengthBounds } from './json-schema.ts';
import { createModes } from './modes.ts';
import type { Mode } from './modes.ts';
import { createPrefixCache } from './prefix-cache.ts';
import { readPrompt } from './prompt.ts';
import type { Sentence } from './prompt.ts';
import { createRateLimits } from '../kit/rate-limits.ts';
import { ApiRefusal, parseChatRequest, promptOf, schemaOf } from './request.ts';
import type { ChatRequest } from './request.ts';
import { countTokens } from './tokens.ts';

export type LlmTwinOptions = {
  port?: number;
  faults?: Partial<FaultSettings>;
  /** What requests must carry as a bearer token. */
  apiKey: string;
  /** Names that it answers to; the first is the default. */
  models?: readonly string[];
  modes?: readonly z.input<typeof Mode>[];
  /** Unset: no limit. */
  requestsPerMinute?: number;
  tokensPerMinute?: number;
  /** Longest prompt plus answer. */
  contextTokens?: number;
};

export const LLM_TWIN_MODEL = 'sandbox-reader';
/** Another name that it answers to, in the same way: something to choose. */
export const LLM_TWIN_OTHER = 'sandbox-writer';

// Llama 3.3's context window.
const CONTEXT_TOKENS = 131_072;
const KEPT_LIES = 5_000;
const KEPT_SENTENCES = 200;

/** An OpenAI-compatible endpoint on loopback, strict about what it is sent; its base URL is `${twin.url}/v1`. */
export async function startLlmTwin(options: LlmTwinOptions): Promise<Twin> {
  const models = options.models ?? [LLM_TWIN_MODEL, LLM_TWIN_OTHER];
  const modes = createModes(options.modes);
  const state = {
    requests: 0,
    answered: 0,
    promptTokens: 0,
    cachedTokens: 0,
    completionTokens: 0,
    byMode: new Map<string, number>(),
    byModel: new Map<string, number>(),
    lies: [] as Lie[],
    elsewhere: [] as Sentence[],
  };
  let early = (): number => 0;

  function mount({ app, clock }: TwinKit): void {
    const prefixes = createPrefixCache();
    const limits = createRateLimits(clock, {
      requestsPerMinute: options.requestsPerMinute ?? null,
      tokensPerMinute: options.tokensPerMinute ?? null,
    });
    early = () => limits.early();

    app.use('/v1', (request, _response, next) => {
      checkKey(request, options.apiKey);
      next();
    });
    app.get('/v1/models', (_request, response) => {
      response.locals.operation = 'models';
      const created = Math.floor(clock.now().getTime() / 1000);
      response.json({
        object: 'list',
        data: models.map((id) => ({ id, object: 'model', created, owned_by: 'fieldnote-sandbox' })),
      });
    });
    app.post('/v1/chat/completions', express.json({ limit: '20mb' }), async (request, response) => {
      response.locals.operation = 'chat';
      const body: unknown = request.body;
      const chat = parseChatRequest(body, models, options.contextTokens ?? CONTEXT_TOKENS);
      state.requests += 1;
      const mode = modes.draw();
      refuseByMode(chat, mode);
      const prompt = promptOf(chat);
      const tokens = countTokens(prompt);
      const waitMs = limits.admit(tokens);
      if (waitMs > 0) return refuseForNow(response, Math.ceil(waitMs / 1000), waitMs);

      const cached = prefixes.match(prompt);
      const answer = writeAnswer(chat, mode, state.elsewhere, () => modes.random());
      const finished = finishAnswer(chat, answer, { tokens, cached });
      limits.charge(finished.usage.completion_tokens);
      if (mode.mode === 'hallucinating') remember(state.elsewhere, readPrompt(chat.messages).sentences);
      if (mode.mode === 'slow') await wait(mode.delayMs);
      const restMs = typeof response.locals.restMs === 'number' ? response.locals.restMs : 0;
      if (chat.stream !== true) await wait(restMs);
      // Whoever hung up no longer counts as answered.
      if (request.socket.destroyed) return;
      state.answered += 1;
      state.promptTokens += tokens;
      state.cachedTokens += cached;
      state.completionTokens += finished.usage.completion_tokens;
      state.byMode.set(mode.mode, (state.byMode.get(mode.mode) ?? 0) + 1);
      state.byModel.set(chat.model, (state.byModel.get(chat.model) ?? 0) + 1);
      state.lies.push(...answer.lies);
      state.lies.splice(0, state.lies.length - KEPT_LIES);
      response.locals.units = finished.usage.total_tokens;
      const created = Math.floor(clock.now().getTime() / 1000);
      const frame = { id: `chatcmpl-${state.requests}`, created, model: chat.model };
      if (chat.stream === true)
        await sendStream(response, frame, finished, {
          withUsage: chat.stream_options?.include_usage === true,
          takesMs: restMs,
        });
      else sendWhole(response, frame, finished);
    });
    app.use((request) => {
      throw new ApiRefusal(404, `Unknown request URL: ${request.method} ${request.path}`, {
        code: 'unknown_url',
      });
    });
    app.use(answerError);
  }

  return startTwin(
    {
      name: 'llm',
      streams: true,
      mount,
      dump: () => ({
        models,
        modes: modes.list(),
        ...state,
        byMode: Object.fromEntries(state.byMode),
        byModel: Object.fromEntries(state.byModel),
        elsewhere: state.elsewhere.length,
        early: early(),
      }),
      edit: (body) => ({ modes: modes.set(body) }),
      answerFault: (response, status, retryAfterSeconds) => {
        if (status === 429) refuseForNow(response, retryAfterSeconds);
        else
          response
            .status(status)
            .json(
              errorBody(
                status === 500
                  ? 'The server had an error while processing your request.'
                  : 'The engine is currently overloaded, please try again later.',
                'server_error',
                null,
                null,
              ),
            );
      },
    },
    { port: options.port, faults: options.faults },
  );
}

function remember(kept: Sentence[], sentences: readonly Sentence[]): void {
  kept.push(...sentences.slice(0, 10));
  kept.splice(0, kept.length - KEPT_SENTENCES);
}

function checkKey(request: Request, apiKey: string): void {
  const given = Buffer.from(request.get('authorization') ?? '');
  const right = Buffer.from(`Bearer ${apiKey}`);
  if (given.length !== right.length || !timingSafeEqual(given, right))
    throw new ApiRefusal(401, 'Incorrect API key provided.', { code: 'invalid_api_key' });
}

function refuseByMode(chat: ChatRequest, mode: Mode): void {
  const format = chat.response_format?.type;
  const unsupported = (param: string, message: string) => new ApiRefusal(400, message, { param });
  if (mode.mode === 'no-json-schema' && format === 'json_schema')
    throw unsupported('response_format', "response_format type 'json_schema' is not supported by this model");
  if (mode.mode === 'no-response-format' && format !== undefined && format !== 'text')
    throw unsupported('response_format', 'response_format is not supported by this model');
  if (mode.mode !== 'openai') return;
  if (chat.max_tokens !== null)
    throw unsupported(
      'max_tokens',
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    );
  if (chat.temperature !== null && chat.temperature !== 1)
    throw unsupported(
      'temperature',
      "Unsupported value: 'temperature' does not support this value with this model.",
    );
  const schema = schemaOf(chat);
  if (schema !== null && hasLengthBounds(schema))
    throw unsupported('response_format', "Invalid schema for response_format: 'maxLength' is not permitted.");
}

function refuseForNow(response: Response, seconds: number, milliseconds?: number): void {
  response.set('retry-after', String(seconds));
  if (milliseconds !== undefined) response.set('retry-after-ms', String(Math.ceil(milliseconds)));
  response
    .status(429)
    .json(errorBody('Rate limit reached. Please slow down.', 'requests', null, 'rate_limit_exceeded'));
}

function errorBody(message: string, type: string, param: string | null, code: string | null) {
  return { error: { message, type, param, code } };
}

const answerError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) return next(error);
  if (error instanceof ApiRefusal) {
    response
      .status(error.status)
      .json(errorBody(error.message, 'invalid_request_error', error.param, error.code));
    return;
  }
  const status =
    error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500;
  const message = error instanceof Error ? error.message : 'unknown error';
  response
    .status(status)
    .json(errorBody(message, status < 500 ? 'invalid_request_error' : 'server_error', null, null));
};
