// The card is loaded with every record: minified it has 44 kB with zod/mini, and 480 kB with zod.
import * as z from 'zod/mini';

// What Fieldnote answers. It may say more than an older card knows: that is passed over.

/** What the card shows of one record's company. `why` and `fix` say what stands in the way of a score. */
export const Card = z.object({
  state: z.string(),
  why: z.nullable(z.string()),
  fix: z.nullable(z.string()),
  company: z.nullable(z.object({ name: z.string(), domain: z.string(), page: z.string() })),
  score: z.nullable(
    z.object({
      /** 0–100. */
      value: z.nullable(z.number()),
      band: z.nullable(z.string()),
      /** 0–1. */
      confidence: z.number(),
      /** Against the score before. */
      trend: z.nullable(z.number()),
      scoredAt: z.iso.datetime(),
      stale: z.boolean(),
      staleBecause: z.nullable(z.string()),
    }),
  ),
  reasons: z.array(
    z.object({
      label: z.string(),
      points: z.number(),
      quote: z.nullable(z.string()),
      url: z.nullable(z.string()),
      source: z.nullable(z.string()),
      published: z.nullable(z.string()),
    }),
  ),
  personas: z.array(
    z.object({
      title: z.string(),
      people: z.array(z.object({ name: z.string(), title: z.nullable(z.string()) })),
    }),
  ),
  conflicts: z.array(
    z.object({
      label: z.string(),
      theirs: z.nullable(z.string()),
      by: z.optional(z.nullable(z.string())),
      ours: z.nullable(z.string()),
    }),
  ),
  work: z.nullable(
    z.object({
      stage: z.nullable(z.string()),
      doneStages: z.number(),
      allStages: z.number(),
      secondsLeft: z.nullable(z.number()),
    }),
  ),
  usage: z.object({ spentUsd: z.number(), limitUsd: z.nullable(z.number()), isSpent: z.boolean() }),
  templates: z.array(z.object({ name: z.string(), title: z.string() })),
});
export type Card = z.infer<typeof Card>;

/** A link that opens the pitch once, until then. */
export const PitchLink = z.object({
  url: z.string().check(z.regex(/^https?:\/\//)),
  expiresAt: z.iso.datetime(),
});
export type PitchLink = z.infer<typeof PitchLink>;

/** A refusal. */
export const Refusal = z.object({
  error: z.object({ message: z.string(), fix: z.optional(z.string()) }),
});
