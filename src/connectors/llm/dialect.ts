import { ProviderError } from '../../errors.ts';
import type { WireSchema } from './wire-schema.ts';

/** Ways to ask for JSON, best first; an endpoint that refuses one is asked in the next. */
const RUNGS = ['json_schema', 'json_schema_loose', 'json_object', 'prompt'] as const;
export type Rung = (typeof RUNGS)[number];

/** What an OpenAI-compatible endpoint takes. */
export type Dialect = {
  rung: Rung;
  tokensField: 'max_tokens' | 'max_completion_tokens';
  /** Reasoning models refuse a temperature. */
  temperature: boolean;
  /** Answers as they are written: one that hangs shows by its silence, long before a whole answer would be overdue. */
  stream: boolean;
};

/** What is known of an endpoint before the first request; the rest is learned from its refusals. */
export function guessDialect(baseUrl: string): Dialect {
  const host = URL.parse(baseUrl)?.hostname ?? '';
  const openai = host === 'api.openai.com' || host.endsWith('.openai.azure.com');
  return openai
    ? { rung: 'json_schema_loose', tokensField: 'max_completion_tokens', temperature: true, stream: true }
    : { rung: 'json_schema', tokensField: 'max_tokens', temperature: true, stream: true };
}

/**
 * The dialect to try after a refusal: the parameter that the refusal names is changed, else the next rung is taken.
 * @returns null when the refusal has nothing to do with how we asked, or there is no other way
 */
export function nextDialect(dialect: Dialect, error: unknown): Dialect | null {
  if (!(error instanceof ProviderError) || error.kind !== 'refused') return null;
  // 400 and 422: a bad parameter; 501: llama.cpp and others for what they don't have.
  if (error.status !== 400 && error.status !== 422 && error.status !== 501) return null;
  if (error.code === 'context_length_exceeded' || error.code === 'content_filter') return null;
  if (dialect.tokensField === 'max_tokens' && /max_completion_tokens/.test(error.message))
    return { ...dialect, tokensField: 'max_completion_tokens' };
  if (dialect.tokensField === 'max_completion_tokens' && /max_completion_tokens/.test(error.message))
    return { ...dialect, tokensField: 'max_tokens' };
  if (dialect.stream && /\bstream(ing|_options)?\b/.test(error.message)) return { ...dialect, stream: false };
  if (dialect.temperature && /\btemperature\b/.test(error.message)) return { ...dialect, temperature: false };
  const rung = RUNGS[RUNGS.indexOf(dialect.rung) + 1];
  return rung === undefined ? null : { ...dialect, rung };
}

/** The response_format of a rung. */
export function responseFormat(rung: Rung, schema: WireSchema) {
  switch (rung) {
    case 'json_schema':
    case 'json_schema_loose':
      return {
        type: 'json_schema' as const,
        json_schema: {
          name: schema.name,
          strict: true,
          schema: rung === 'json_schema' ? schema.bounded : schema.loose,
        },
      };
    case 'json_object':
      return { type: 'json_object' as const };
    case 'prompt':
      return undefined;
  }
}
