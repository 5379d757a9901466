import { UserError } from './errors.ts';

export type LlmEndpoint = { baseUrl: string; apiKey: string | null; model: string };

/** Dollars per million tokens. */
export type ModelPrice = { usdPerMInput: number; usdPerMOutput: number };

/** A model that people may choose; without a price of its own it costs what LLM_USD_PER_M_INPUT and _OUTPUT say. */
export type OfferedModel = { name: string; price: ModelPrice | null };

// A choice that a person can read through.
const MOST_MODELS = 20;
const LONGEST_NAME = 120;

/** An endpoint's settings; null: it has no address. @throws UserError where it has no model */
export function readEndpoint(
  prefix: string,
  baseUrl: string | undefined,
  apiKey: string | undefined,
  model: string | undefined,
): LlmEndpoint | null {
  if (!baseUrl) return null;
  if (!model)
    throw new UserError(
      `${prefix}_BASE_URL is set but ${prefix}_MODEL is not`,
      `Set ${prefix}_MODEL to a model that it serves.`,
    );
  return { baseUrl, apiKey: apiKey ?? null, model };
}

/** "qwen3-32b, big=1.20/3.60" → the models that may be chosen, each once, with their prices. @throws UserError */
export function readModels(text: string | undefined): OfferedModel[] {
  const models = new Map<string, OfferedModel>();
  for (const part of (text ?? '').split(',')) {
    const entry = part.trim();
    if (entry === '') continue;
    const model = readModel(entry);
    models.set(model.name, model);
  }
  if (models.size > MOST_MODELS)
    throw new UserError(`LLM_MODELS names ${models.size} models`, `Offer ${MOST_MODELS} at the most.`);
  return [...models.values()];
}

function readModel(entry: string): OfferedModel {
  // No model's name has an equals sign; slashes and colons are usual ("Qwen/Qwen3-32B", "llama3.1:8b").
  const { name, input, output } =
    /^(?<name>[^\s=]+)(?:\s*=\s*(?<input>\d+(?:\.\d+)?)\s*\/\s*(?<output>\d+(?:\.\d+)?))?$/.exec(entry)
      ?.groups ?? {};
  if (name === undefined || name.length > LONGEST_NAME)
    throw new UserError(
      `LLM_MODELS: "${entry.slice(0, LONGEST_NAME)}" is neither a model's name nor one with its price`,
      'Write NAME or NAME=INPUT/OUTPUT, in dollars per million tokens, separated by commas.',
    );
  const price =
    input === undefined || output === undefined
      ? null
      : { usdPerMInput: Number(input), usdPerMOutput: Number(output) };
  return { name, price };
}
