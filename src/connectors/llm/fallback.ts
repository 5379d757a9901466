import { ProviderDownError, ProviderError } from '../../errors.ts';
import type { TextModel } from '../text-model.ts';

/**
 * Two endpoints as one: whatever the first can't answer (down, breaker open, over its limits, malformed after its repair,
 * refused) the second is asked. The answer says which of them gave it. A stop by the caller stops both.
 */
export function createTextModels(primary: TextModel, fallback?: TextModel): TextModel {
  if (fallback === undefined) return primary;
  return {
    name: primary.name,
    model: primary.model,
    countTokens: (text) => primary.countTokens(text),
    check: (options) => primary.check(options),
    ask: async (request, options) => {
      try {
        return await primary.ask(request, options);
      } catch (error) {
        if (!isProviders(error)) throw error;
        try {
          return await fallback.ask(request, options);
        } catch (second) {
          throw isProviders(second) ? chooseError(error, second) : second;
        }
      }
    },
  };
}

type ProvidersError = ProviderError | ProviderDownError;

function isProviders(error: unknown): error is ProvidersError {
  return error instanceof ProviderError || error instanceof ProviderDownError;
}

/** The failure that matters: the one that waiting can cure, the sooner the better; else the first. */
function chooseError(first: ProvidersError, second: ProvidersError): ProvidersError {
  const [mine, other] = [waitOf(first), waitOf(second)];
  return other < mine ? second : first;
}

/** Milliseconds until trying again may help; Infinity: it won't. */
function waitOf(error: ProvidersError): number {
  if (error instanceof ProviderDownError) return Math.max(0, error.until.getTime() - Date.now());
  return error.retryable ? (error.retryAfterMs ?? 0) : Number.POSITIVE_INFINITY;
}
