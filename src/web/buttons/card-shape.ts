import { z } from 'zod';

/** What the button shows of one record's company, in every CRM. Whatever stands in the way of a score is a state, not an error. */
export const Card = z.strictObject({
  state: z.enum(['scored', 'not-enough-evidence', 'not-scored', 'unknown', 'left-out', 'no-company', 'gone']),
  /** Why it is not `scored`, and what would change that. */
  why: z.string().nullable(),
  fix: z.string().nullable(),
  /** `page` is ours. */
  company: z.strictObject({ name: z.string(), domain: z.string(), page: z.string() }).nullable(),
  score: z
    .strictObject({
      value: z.number().nullable(),
      band: z.string().nullable(),
      /** 0–1. */
      confidence: z.number(),
      /** Against the score before; null: there was none. */
      trend: z.number().nullable(),
      /** ISO. */
      scoredAt: z.string(),
      stale: z.boolean(),
      staleBecause: z.string().nullable(),
      model: z.string(),
      method: z.string(),
    })
    .nullable(),
  /** The strongest first, at most five. `url` leads to the quote and is http(s); `source` is the site's name. */
  reasons: z.array(
    z.strictObject({
      label: z.string(),
      points: z.number(),
      quote: z.string().nullable(),
      url: z.string().nullable(),
      source: z.string().nullable(),
      published: z.string().nullable(),
    }),
  ),
  /** Buyer roles and the people of the CRM whose titles fit. */
  personas: z.array(
    z.strictObject({
      title: z.string(),
      people: z.array(z.strictObject({ name: z.string(), title: z.string().nullable() })),
    }),
  ),
  /** Our fields in which a person's value stands, and what we would have written. */
  conflicts: z.array(
    z.strictObject({
      label: z.string(),
      theirs: z.string().nullable(),
      /** Who made it so, in words; null: not known. */
      by: z.string().nullable(),
      ours: z.string().nullable(),
    }),
  ),
  /** Somebody's "Score now" that is under way; null: none is. `secondsLeft` is an estimate from those before. */
  work: z
    .strictObject({
      stage: z.string().nullable(),
      doneStages: z.number(),
      allStages: z.number(),
      secondsLeft: z.number().nullable(),
    })
    .nullable(),
  /** What searches and the LLM cost this month. */
  usage: z.strictObject({
    spentUsd: z.number(),
    limitUsd: z.number().nullable(),
    isSpent: z.boolean(),
  }),
  templates: z.array(z.strictObject({ name: z.string(), title: z.string() })),
});
export type Card = z.infer<typeof Card>;
