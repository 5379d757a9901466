import type { z } from 'zod';
import type { CallOptions } from './call.ts';

export type TextModelRequest<T> = {
  /** Byte-identical for all companies, so that the server's prefix cache serves it. */
  system: string;
  /** What is particular to this call, last. */
  prompt: string;
  /** Name and shape of the answer: `[a-z_]+`. The schema must be bounded: every string and array has a maximum. */
  schemaName: string;
  schema: z.ZodType<T>;
  maxTokens: number;
  temperature: number;
};

export type TextModelAnswer<T> = {
  value: T;
  /** Which endpoint answered: its label, e.g. `llm` or `llm-fallback`. */
  provider: string;
  model: string;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** True when a repair round was needed. */
  repaired: boolean;
};

/**
 * The port behind which any OpenAI-compatible endpoint lives. `ask` resolves only with an answer that fits the schema;
 * what does not after one repair is a ProviderError of kind `malformed` (or `refused`).
 */
export type TextModel = {
  name: string;
  model: string;
  /** What may be asked instead of `model`, by the models' names; absent: nothing. */
  others?: ReadonlyMap<string, TextModel>;
  ask<T>(request: TextModelRequest<T>, options: CallOptions): Promise<TextModelAnswer<T>>;
  /** Tokens of a text, near enough to pace by. */
  countTokens(text: string): number;
  /** Is the endpoint there? Cheap: GET /models. */
  check(options: CallOptions): Promise<{ models: string[] }>;
};
