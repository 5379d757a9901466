import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from './errors.ts';
import { loadScoringModel } from './pipeline/scoring-model.ts';
import type { ScoringModel } from './pipeline/scoring-model.ts';

const MODELS = fileURLToPath(new URL('../scoring-models', import.meta.url));

/** Each model is read and checked once a process. */
export function rememberModels(): (name: string) => Promise<ScoringModel> {
  const models = new Map<string, Promise<ScoringModel>>();
  return (name) => {
    const known = models.get(name) ?? loadShippedModel(name);
    models.set(name, known);
    known.catch(() => models.delete(name));
    return known;
  };
}

async function loadShippedModel(name: string): Promise<ScoringModel> {
  const shipped = (await readdir(MODELS)).flatMap((file) =>
    file.endsWith('.yaml') ? basename(file, '.yaml') : [],
  );
  if (!shipped.includes(name))
    throw new UserError(
      `There is no scoring model "${name}"`,
      `Choose one of: ${shipped.toSorted().join(', ')}.`,
    );
  return loadScoringModel(join(MODELS, `${name}.yaml`));
}
