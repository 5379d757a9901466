import { z } from 'zod';
import { STANDINGS } from '../../pipeline/store/ranking.ts';
import { PITCH_SHAPES } from './pitch-shapes.ts';
import { Problem } from './problem.ts';
import { RUN_SHAPES } from './run-shapes.ts';

const time = z.iso.datetime();
const day = z.string().describe('ISO day');
const share = z.number().min(0).max(1);

/** A company's domain, as somebody types it. */
const Domain = z.string().min(1).max(253).describe('a domain; a web or e-mail address is read as its domain');
export const DomainParams = z.strictObject({ domain: Domain });
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('how many at most'),
  cursor: z.string().max(1000).optional().describe('"next" of the page before'),
});

const Reason = z.object({
  kind: z.string(),
  label: z.string(),
  points: z.number().describe('negative for what speaks against'),
  quote: z.string().nullable().describe('verbatim from the source'),
  url: z.string().nullable(),
  published: day.nullable(),
});
const next = z.string().nullable().describe('cursor of the next page; null: this is the last');

const ListedCompany = z.object({
  domain: z.string(),
  name: z.string(),
  standing: z.enum(STANDINGS).describe('its band, or why it has none'),
  score: z.number().nullable(),
  band: z.string().nullable(),
  confidence: share.nullable(),
  topReason: Reason.nullable(),
  why: z.string().nullable().describe('why there is no score'),
  scoredAt: time.nullable(),
});
export const CompanyList = z.object({ companies: z.array(ListedCompany), next });

const Persona = z.object({
  role: z.string(),
  title: z.string(),
  pains: z.array(z.string()).readonly(),
  motives: z.array(z.string()).readonly(),
  style: z.string(),
  decisionFactors: z.array(z.string()).readonly(),
  buyingSignals: z.array(z.string()).readonly(),
  matches: z
    .array(z.object({ object: z.string(), externalId: z.string(), name: z.string(), title: z.string() }))
    .readonly(),
});

/** As "fieldnote score --json" prints it. */
const ScoreCard = z.object({
  domain: z.string(),
  name: z.string(),
  score: z.number().nullable(),
  band: z.string().nullable(),
  confidence: share,
  status: z.enum(['scored', 'not-enough-evidence']),
  why: z.string().nullable(),
  model: z.string(),
  modelVersion: z.string(),
  scoredAt: time,
  reasons: z.array(Reason),
  missing: z.array(z.string()).readonly().describe('what nothing was found about'),
  personas: z.array(Persona).readonly().describe('inferred from roles; they state no fact'),
  competitors: z.array(
    z.object({ name: z.string(), domain: z.string().nullable(), quote: z.string(), url: z.string() }),
  ),
  pitch: z
    .object({ keyPoints: z.array(z.string()).readonly(), callToAction: z.string(), text: z.string() })
    .nullable(),
  cost: z.object({
    usd: z.number(),
    searchCredits: z.number(),
    promptTokens: z.number(),
    completionTokens: z.number(),
  }),
  method: z.enum(['llm', 'phrases']),
});

export const Company = z.object({
  domain: z.string(),
  name: z.string(),
  website: z.string(),
  industry: z.string().nullable(),
  employees: z.number().nullable(),
  country: z.string().nullable(),
  excludedBecause: z.string().nullable().describe('why it is left out of research'),
  enrichedAt: time.nullable(),
  result: ScoreCard.nullable().describe('null: it was never scored'),
});

const Source = z.object({
  id: z.uuid(),
  url: z.string(),
  kind: z.string(),
  title: z.string(),
  published: day.nullable(),
  fetchedAt: time,
  contentHash: z.string(),
  credibility: share,
  quality: share,
});
export const SourceList = z.object({ sources: z.array(Source), next });

const Signal = z.object({
  kind: z.string(),
  strength: share,
  confidence: share,
  quote: z.string(),
  sourceId: z.uuid(),
  url: z.string(),
  published: day.nullable(),
});
export const SignalList = z.object({ signals: z.array(Signal) });

export const ScoreRequest = z.strictObject({
  domain: Domain,
  refresh: z.boolean().default(false).describe('read the sources again whatever their age'),
});
export const ScoreState = z.object({
  id: z.uuid().nullable().describe('to ask again with; null: a stored score was fresh enough'),
  domain: z.string(),
  state: z.enum(['waiting', 'working', 'paused', 'done', 'failed', 'cancelled']),
  stage: z.string().nullable().describe('the last stage that finished'),
  why: z.string().nullable().describe('why it failed or waits'),
  startedBy: z.string().nullable().describe('who asked for it; null: a stored score was fresh enough'),
  result: ScoreCard.nullable(),
});

export const ZipRequest = z.strictObject({
  domains: z.array(Domain).min(1).max(200).describe('in the order in which they are to stand'),
  template: z
    .string()
    .min(1)
    .max(60)
    .optional()
    .describe('whose pitches; unset: each company’s own, as the settings want it'),
  persona: z.string().max(60).optional().describe('the role that they are written for; only with a template'),
});

export const EmbedRequest = z.strictObject({
  user: z.string().min(1).max(320).describe('who looks at it, for the log'),
});
export const EmbedLink = z.object({
  url: z.string().describe('the address for the frame'),
  expiresAt: time.describe('until when it can be opened'),
});

/** The schemas that the document names. */
export const NAMED = {
  Problem,
  Reason,
  ListedCompany,
  CompanyList,
  ScoreCard,
  Company,
  Source,
  SourceList,
  Signal,
  SignalList,
  ScoreRequest,
  ScoreState,
  ZipRequest,
  EmbedRequest,
  EmbedLink,
  ...PITCH_SHAPES,
  ...RUN_SHAPES,
};
