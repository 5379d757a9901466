import { z } from 'zod';
import { PitchSettings, PitchWishes } from '../../pipeline/store/pitch-settings.ts';

const time = z.iso.datetime();
const Domain = z.string().min(1).max(253).describe('a domain; a web or e-mail address is read as its domain');
const Name = z.string().min(1).max(60);

export const PitchQuery = z.strictObject({
  template: Name.optional().describe('whose pitch; unset: the company’s own, as the settings want it'),
  persona: z.string().max(60).optional().describe('the role that it is written for; only with a template'),
});

const PitchChange = z.object({ kind: z.string(), text: z.string() });
const EditedField = z.object({
  field: z.enum(['keyPoints', 'callToAction', 'text']),
  editedBy: z.string(),
  editedAt: time,
  parts: z
    .object({ theirs: z.int(), all: z.int() })
    .describe(
      'points, or paragraphs of the text: how many are a person’s; the others follow each new version',
    ),
});
export const Pitch = z.object({
  id: z.uuid(),
  domain: z.string(),
  template: z.string(),
  persona: z.string().describe('empty: for nobody in particular'),
  version: z.int(),
  keyPoints: z.array(z.string()).readonly(),
  callToAction: z.string(),
  text: z.string(),
  citations: z.array(z.object({ number: z.int(), quote: z.string(), url: z.string() })).readonly(),
  cut: z.int().describe('sentences that no source proves and that were cut'),
  method: z.enum(['llm', 'phrases']),
  textModel: z.string().nullable().describe('the LLM that wrote it'),
  askedModel: z
    .string()
    .nullable()
    .describe('the LLM that was asked: another where the fallback endpoint wrote it'),
  writtenAt: time,
  edited: z.array(EditedField).describe('fields that show what a person wrote'),
  revision: z.string().describe('changes with each version and each edit; send it with an edit'),
  changes: z.array(PitchChange).readonly().describe('against the version before'),
});
export const PitchVersion = Pitch.omit({ edited: true, revision: true }).extend({
  cuts: z.array(z.object({ text: z.string(), reason: z.string() })).readonly(),
  madeWith: z
    .object({
      settings: PitchSettings.describe('as they were; what was wished for this one among them'),
      words: z.int(),
      short: z.boolean().describe('the evidence did not fill the length'),
    })
    .nullable()
    .describe('null: it is older than that was kept'),
});
const ListedVersion = z.object({
  id: z.uuid(),
  template: z.string(),
  persona: z.string(),
  version: z.int(),
  method: z.enum(['llm', 'phrases']),
  cut: z.int(),
  current: z.boolean().describe('it is the company’s own, which the CRM shows'),
  writtenAt: time,
  changes: z.array(PitchChange).readonly(),
});
export const PitchVersionList = z.object({
  pitches: z.array(ListedVersion),
  next: z.string().nullable().describe('cursor of the next page; null: this is the last'),
});

const wanted = {
  template: Name.nullable().default(null).describe('null: as the settings want it'),
  persona: z.string().max(60).default('').describe('a role or its title; empty: nobody in particular'),
  settings: PitchWishes.default({}).describe('what differs from the workspace’s settings'),
  force: z.boolean().default(false).describe('write it anew although nothing changed'),
};
export const PitchAsk = z.strictObject(wanted);
export const PitchBatchAsk = z.strictObject({ ...wanted, domains: z.array(Domain).min(1).max(200) });
const state = z.enum(['waiting', 'working', 'done', 'failed', 'cancelled']);
export const PitchRequest = z.object({
  id: z.uuid(),
  batchId: z.uuid().describe('those that were asked for together; cancel by it'),
  domain: z.string(),
  template: z.string(),
  persona: z.string(),
  force: z.boolean(),
  state,
  why: z.string().nullable().describe('why there is none'),
  fix: z.string().nullable(),
  pitchId: z.uuid().nullable(),
  askedAt: time,
  finishedAt: time.nullable(),
});
export const PitchBatch = z.object({
  id: z.uuid(),
  counts: z.object({
    waiting: z.int(),
    working: z.int(),
    done: z.int(),
    failed: z.int(),
    cancelled: z.int(),
  }),
  over: z.boolean(),
  requests: z.array(PitchRequest),
});

export const PitchEdit = z.strictObject({
  keyPoints: z.array(z.string().min(1).max(600)).max(20).nullish().describe('null: take the edit back'),
  callToAction: z.string().max(1_000).nullish(),
  text: z.string().max(20_000).nullish().describe('without the list of sources'),
  revision: z
    .string()
    .max(40)
    .optional()
    .describe(
      'of the pitch that was edited: 409 where it changed since, unless what is sent stands there already',
    ),
});

export const PitchSettingsAnswer = z.object({
  ...PitchSettings.shape,
  models: z.array(z.string()).readonly().describe('the LLMs that may be chosen, the usual one first'),
  writer: z
    .string()
    .nullable()
    .describe(
      'the LLM that writes: the usual one where `model` is null or not allowed any more; null: there is none',
    ),
});
export const PitchSettingsChange = z.strictObject({
  ...PitchWishes.shape,
  template: Name.optional(),
  temperature: PitchWishes.shape.temperature.nullable().describe('null: ours again'),
  model: PitchWishes.shape.model.nullable().describe('one of `models`; null: the usual one again'),
});
export const Seller = z.strictObject({
  name: z.string().max(500),
  offer: z.string().max(2_000).default(''),
  audience: z.string().max(1_000).default(''),
  proofPoints: z.array(z.string().max(1_000)).max(50).default([]),
  neverClaim: z.array(z.string().max(1_000)).max(50).default([]),
});
export const SellerAnswer = z.object({ seller: Seller.nullable().describe('null: nobody wrote it down') });

const ListedTemplate = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  origin: z.enum(['shipped', 'custom']),
  updatedAt: time.nullable(),
});
export const TemplateList = z.object({ templates: z.array(ListedTemplate) });
export const Template = ListedTemplate.extend({ source: z.string() });
export const TemplateSource = z.strictObject({ source: z.string().max(100_000) });
export const TemplatePreviewAsk = TemplateSource.extend({ domain: Domain });
const TemplateProblem = z.object({ message: z.string(), line: z.int(), column: z.int() });
export const TemplateCheck = z.object({
  problems: z.array(TemplateProblem).describe('empty: it can be used'),
  hints: z.array(TemplateProblem),
  variables: z.array(z.string()),
});
export const TemplatePreview = Pitch.pick({
  keyPoints: true,
  callToAction: true,
  text: true,
  citations: true,
});
export const Removed = z.object({ removed: z.boolean().describe('false: there was none') });

/** The schemas about pitches that the document names. */
export const PITCH_SHAPES = {
  Pitch,
  PitchVersion,
  PitchVersionList,
  PitchAsk,
  PitchBatchAsk,
  PitchRequest,
  PitchBatch,
  PitchEdit,
  PitchSettingsAnswer,
  PitchSettingsChange,
  Seller,
  SellerAnswer,
  TemplateList,
  Template,
  TemplateSource,
  TemplatePreviewAsk,
  TemplateCheck,
  TemplatePreview,
  Removed,
};
