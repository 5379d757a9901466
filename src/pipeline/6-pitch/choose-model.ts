import type { TextModel } from '../../connectors/text-model.ts';
import { UserError } from '../../errors.ts';
import { cleanLine } from '../plain-text.ts';
import { findNearest } from './template-shape.ts';

/** The models that may write, by their names, the default first; empty: there is no text model. */
export function listModels(textModel: TextModel | null): string[] {
  return textModel === null ? [] : [textModel.model, ...(textModel.others?.keys() ?? [])];
}

/**
 * Which of these models writes where `wanted` was chosen (null: nothing was): the default where nothing was, and where it may not be
 * chosen any more, since what was stored once must not hold up a pitch. Null: there is no text model.
 */
export function chooseModel(wanted: string | null, models: readonly string[]): string | null {
  return wanted !== null && models.includes(wanted) ? wanted : (models[0] ?? null);
}

/** The same, as what can be asked. */
export function takeModel(wanted: string | null, textModel: TextModel | null): TextModel | null {
  return textModel?.others?.get(wanted ?? '') ?? textModel;
}

/**
 * Somebody chooses a model; null: the default.
 * @throws UserError with those that the operator allows, and the one that may be meant
 */
export function requireModel(wanted: string | null, models: readonly string[]): void {
  if (wanted === null || models.includes(wanted)) return;
  const name = cleanLine(wanted).slice(0, 60).toWellFormed();
  if (models.length === 0)
    throw new UserError(
      `There is no model "${name}": no LLM is configured`,
      'Leave the model out, or have LLM_BASE_URL and LLM_MODEL set.',
    );
  const nearest = findNearest(wanted, models);
  throw new UserError(
    `The model "${name}" is none of those that may be chosen`,
    `${nearest === null ? '' : `Did you mean "${nearest}"? `}Take one of ${models.join(', ')}. LLM_MODELS names others.`,
  );
}
