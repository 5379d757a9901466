import { z } from 'zod';
import { describeBrokenTerm } from './scoring-model-terms.ts';

const key = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,59}$/,
    'expected a key of lower-case letters, digits and hyphens, such as "own-models"',
  );
const line = z.string().trim().min(1).max(2_000);
const share = z.number().min(0).max(1);

const term = z
  .string()
  .max(200)
  .superRefine((value, context) => {
    const broken = describeBrokenTerm(value);
    if (broken) context.addIssue({ code: 'custom', message: `the term ${JSON.stringify(value)} ${broken}` });
  });
const terms = z.array(term).min(1).max(500);

/** A concept in the words people use for it; `except` are longer expressions in which those words mean something else. */
const concept = z.union([
  terms.transform((any) => ({ any, except: [] as string[] })),
  z.strictObject({ any: terms, except: terms }),
]);

const phrase = z.strictObject({
  /** Concepts that must all be said in one sentence: names from the vocabulary, or lists of terms. */
  says: z
    .array(z.union([key, terms]))
    .min(1)
    .max(6),
  /** Most words from the first to the last of them. */
  within: z.int().min(1).max(60).default(12),
  /** True: in the order given; otherwise in any order. */
  inOrder: z.boolean().default(false),
  strength: share,
  /** Concepts that must not be said in the same sentence. */
  unless: z
    .array(z.union([key, terms]))
    .max(20)
    .default([]),
  /** Concepts of which the rest of the document must say one, for words that mean something else in other company. */
  among: z
    .array(z.union([key, terms]))
    .max(20)
    .default([]),
});

const kind = z.strictObject({
  key,
  label: line.max(80),
  definition: line,
  polarity: z.enum(['positive', 'contrary']),
  weight: z.number().positive().max(200),
  cap: z.number().positive().max(400),
  halfLifeDays: z.number().positive().max(36_500),
  /** Whose doing counts: the company's own only, or also what its customers do with its product, or what its founders did before. */
  doneBy: z.enum(['company', 'company-or-customers', 'company-or-founders']).default('company'),
  phrases: z.array(phrase).max(200),
});

const question = z.strictObject({
  key,
  query: line.refine((text) => /\{(name|domain)\}/.test(text), 'expected {name} or {domain} in the query'),
  topic: z.enum(['general', 'news']),
  kind: z.enum(['site', 'docs', 'jobs', 'news', 'funding', 'filing', 'review', 'profile', 'forum', 'other']),
  ttlHours: z
    .number()
    .positive()
    .max(24 * 365),
  /** Search only the company's own domain. */
  ownSiteOnly: z.boolean().default(false),
  maxResults: z.int().min(1).max(20).default(5),
});

const role = z.strictObject({
  key,
  title: line.max(120),
  titles: terms,
  pains: z.array(line).min(1).max(10),
  motives: z.array(line).min(1).max(10),
  style: line,
  decisionFactors: z.array(line).min(1).max(10),
});

const band = z.strictObject({
  band: z.enum(['A', 'B', 'C', 'D']),
  from: z.number().min(0).max(100),
  meaning: line,
});

export const SCORING_MODEL = z.strictObject({
  name: key,
  version: z.int().min(1),
  title: line.max(120),
  description: line,
  questions: z.array(question).min(1).max(20),
  vocabulary: z.record(key, concept).default({}),
  kinds: z.array(kind).min(1).max(100),
  scale: z.strictObject({
    /** The score of a company that was read and of which nothing speaks for or against. */
    start: z.number().min(1).max(99),
    /** Points of evidence that multiply the odds by e (2.718). */
    spread: z.number().positive().max(200),
  }),
  bands: z.array(band).length(4),
  evidence: z.strictObject({
    /** Characters about the company below which no score is given. */
    minimumCharacters: z.int().min(0).max(100_000),
    /** Characters at which the amount of text counts as ample. */
    ampleCharacters: z.int().positive().max(1_000_000),
    /** Kinds of source that a complete picture holds; a missing one lowers confidence. */
    expects: z
      .array(
        z.enum(['site', 'docs', 'jobs', 'news', 'funding', 'filing', 'review', 'profile', 'forum', 'other']),
      )
      .min(1),
  }),
  personas: z.array(role).min(1).max(20),
});

export type ScoringModelContent = z.infer<typeof SCORING_MODEL>;
