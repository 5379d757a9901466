import { z } from 'zod';

// What Fieldnote answers. It may say more than an older card knows: that is passed over.

/** What the card shows of one record's company. `why` and `fix` say what stands in the way of a score. */
export const Card = z.object({
  state: z.string(),
  why: z.string().nullable(),
  fix: z.string().nullable(),
  company: z.object({ name: z.string(), domain: z.string(), page: z.string() }).nullable(),
  score: z
    .object({
      /** 0–100. */
      value: z.number().nullable(),
      band: z.string().nullable(),
      /** 0–1. */
      confidence: z.number(),
      /** Against the score before. */
      trend: z.number().nullable(),
      scoredAt: z.iso.datetime(),
      stale: z.boolean(),
      staleBecause: z.string().nullable(),
    })
    .nullable(),
  reasons: z.array(
    z.object({
      label: z.string(),
      points: z.number(),
      quote: z.string().nullable(),
      url: z.string().nullable(),
      source: z.string().nullable(),
      published: z.string().nullable(),
    }),
  ),
  personas: z.array(
    z.object({
      title: z.string(),
      people: z.array(z.object({ name: z.string(), title: z.string().nullable() })),
    }),
  ),
  conflicts: z.array(
    z.object({ label: z.string(), theirs: z.string().nullable(), ours: z.string().nullable() }),
  ),
  work: z
    .object({
      stage: z.string().nullable(),
      doneStages: z.number(),
      allStages: z.number(),
      secondsLeft: z.number().nullable(),
    })
    .nullable(),
  usage: z.object({ spentUsd: z.number(), limitUsd: z.number().nullable(), isSpent: z.boolean() }),
  templates: z.array(z.object({ name: z.string(), title: z.string() })),
});
export type Card = z.infer<typeof Card>;

/** A link that opens the pitch once, until then. */
export const PitchLink = z.object({ url: z.string().regex(/^https?:\/\//), expiresAt: z.iso.datetime() });
export type PitchLink = z.infer<typeof PitchLink>;

/** A refusal. */
export const Refusal = z.object({
  error: z.object({ message: z.string(), fix: z.string().optional() }),
});
