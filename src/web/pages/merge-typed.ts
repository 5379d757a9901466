type Texts<Field extends string> = Record<Field, string>;

/** A field that somebody else changed while somebody typed: as the page showed it, as it is now, and as it was typed. */
type Overtaken<Field extends string> = {
  field: Field;
  before: string;
  theirs: string;
  isMine: boolean;
  yours: string;
};

/**
 * What somebody typed over something that changed meanwhile (`base`: what their page showed; `now`: what stands) → each field as they wrote it
 * where they changed it and as it is now in the others, and every field that changed under them.
 */
export function mergeTyped<Field extends string>(
  fields: readonly Field[],
  { base, now, mine }: { base: Texts<Field>; now: Texts<Field>; mine: Texts<Field> },
): { merged: Texts<Field>; overtaken: Overtaken<Field>[] } {
  const isMine = (field: Field): boolean => mine[field] !== base[field];
  const merged = { ...now };
  for (const field of fields) if (isMine(field)) merged[field] = mine[field];
  return {
    merged,
    overtaken: fields
      .filter((field) => now[field] !== base[field])
      .map((field) => ({
        field,
        before: base[field],
        theirs: now[field],
        isMine: isMine(field),
        yours: mine[field],
      })),
  };
}
