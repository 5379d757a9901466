/** What stands where in the data of a template: a value, a list, or an object with named fields. */
export type Shape = 'value' | { each: Shape } | { fields: Readonly<Record<string, Shape>> };

const reason: Shape = {
  fields: { label: 'value', points: 'value', quote: 'value', number: 'value', published: 'value' },
};
const values: Shape = { each: 'value' };
const persona: Shape = {
  fields: {
    title: 'value',
    pains: values,
    motives: values,
    style: 'value',
    decisionFactors: values,
    contacts: { each: { fields: { name: 'value', title: 'value' } } },
  },
};

/** The variables of a pitch template: the fields of PitchData, as templates may name them. */
export const PITCH_SHAPE: Shape = {
  fields: {
    company: { fields: { name: 'value', domain: 'value' } },
    score: { fields: { value: 'value', band: 'value', confidence: 'value' } },
    profile: { fields: { quote: 'value', number: 'value' } },
    reasons: { each: reason },
    doubts: { each: reason },
    competitors: { each: { fields: { name: 'value', quote: 'value', number: 'value' } } },
    personas: { each: persona },
    persona,
    seller: { fields: { name: 'value', offer: 'value', audience: 'value', proofPoints: values } },
    settings: { fields: { tone: 'value', length: 'value', focus: 'value' } },
    date: 'value',
  },
};

/** Follows names into a shape; null where one is not there. A list also knows its `length`. */
export function followPath(shape: Shape, names: readonly string[]): Shape | null {
  let here: Shape = shape;
  for (const name of names) {
    if (here === 'value') return null;
    if ('each' in here) {
      if (name !== 'length') return null;
      here = 'value';
      continue;
    }
    const next: Shape | undefined = Object.hasOwn(here.fields, name) ? here.fields[name] : undefined;
    if (next === undefined) return null;
    here = next;
  }
  return here;
}

/** The names that can be said here, `company.name` and the like; lists are named, not entered. */
export function listNames(shape: Shape, prefix = ''): string[] {
  if (shape === 'value' || 'each' in shape) return prefix === '' ? [] : [prefix];
  return Object.entries(shape.fields).flatMap(([name, inner]) =>
    listNames(inner, prefix === '' ? name : `${prefix}.${name}`),
  );
}

/** The known name that is the fewest letters away from the wrong one; null when none is near. */
export function findNearest(wrong: string, names: readonly string[]): string | null {
  let best: { name: string; distance: number } | null = null;
  for (const name of names) {
    const distance = Math.min(countEdits(wrong, name), countEdits(wrong, name.split('.').at(-1) ?? name) + 1);
    if (best === null || distance < best.distance) best = { name, distance };
  }
  return best !== null && best.distance <= Math.max(2, wrong.length / 2) ? best.name : null;
}

function countEdits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      next.push(
        Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)),
      );
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
