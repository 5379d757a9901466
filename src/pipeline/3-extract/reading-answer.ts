import { z } from 'zod';

// Every string and array has a maximum: a server that decodes by grammar would otherwise follow a model that never stops. No
// `pattern` or `format`: vLLM's grammar engine refuses them beside length bounds. Nullable, not optional: what is optional has
// no counterpart in strict schemas.
const quote = z.string().max(700);
const sourceNumber = z.number().int().min(1).max(99);
const thought = z.string().max(200);

const quoted = z.object({ quote, source: sourceNumber });

/** What the text model answers when it has read a company's sources. Nothing in it is believed before the quote check. */
export const READING_ANSWER = z.object({
  overview: z.object({
    profile: quoted.nullable(),
    capabilities: z.array(quoted).max(6),
    positioning: quoted.nullable(),
    use_cases: z.array(quoted).max(6),
    target_customers: z.array(quoted).max(6),
    objections: z.array(thought).max(4),
  }),
  signals: z
    .array(
      z.object({ kind: z.string().max(60), quote, source: sourceNumber, strength: z.number().min(0).max(1) }),
    )
    .max(40),
  competitors: z
    .array(
      z.object({
        name: z.string().max(120),
        domain: z.string().max(120).nullable(),
        quote,
        source: sourceNumber,
        of: z.literal('company'),
      }),
    )
    .max(15),
  personas: z
    .array(
      z.object({
        role: z.string().max(60),
        pains: z.array(thought).max(4),
        motives: z.array(thought).max(4),
        style: thought.nullable(),
        decision_factors: z.array(thought).max(4),
        quote: quote.nullable(),
        source: sourceNumber.nullable(),
      }),
    )
    .max(6),
});

export type ReadingAnswer = z.infer<typeof READING_ANSWER>;

/** Name of the schema in requests: `[a-z_]+`. */
export const READING_ANSWER_NAME = 'company_reading';

/** Tokens that the answer may take: 300–500 is usual; the bound only ends a model that does not stop by itself. */
export const READING_ANSWER_TOKENS = 3_000;
