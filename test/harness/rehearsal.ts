import { rehearse } from '../../src/pipeline/7-write-back/rehearse.ts';
import type { Rehearsal, RehearsedField } from '../../src/pipeline/7-write-back/rehearse.ts';

type Request = Omit<Parameters<typeof rehearse>[1], 'onFields'>;

/** A rehearsal with all its fields at once, as a test of few records may have them. */
export async function rehearseAll(
  deps: Parameters<typeof rehearse>[0],
  request: Request,
): Promise<Rehearsal & { fields: RehearsedField[] }> {
  const fields: RehearsedField[] = [];
  const rehearsal = await rehearse(deps, { ...request, onFields: (page) => void fields.push(...page) });
  return { ...rehearsal, fields };
}
