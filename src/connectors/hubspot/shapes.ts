import { z } from 'zod';

const Properties = z.record(z.string(), z.string().nullable());

/** One record of a list, search or batch answer. */
export const ApiRecord = z.object({
  id: z.string(),
  properties: Properties,
  updatedAt: z.string().optional(),
  archived: z.boolean().optional(),
  archivedAt: z.string().optional(),
  /** Its page in HubSpot's app. */
  url: z.string().optional(),
});
export type ApiRecord = z.infer<typeof ApiRecord>;

const Paging = z.object({ next: z.object({ after: z.string() }).optional() }).nullish();

/** A page of a list or a search: each row is judged by itself, so that a bad one harms no other. */
export const RowPage = z.object({ results: z.array(z.unknown()), paging: Paging });

/** What HubSpot says in detail of a refusal, of a whole call or of one row. */
export const ErrorDetails = z
  .array(
    z.object({
      message: z.string().catch(''),
      code: z.string().optional().catch(undefined),
      context: z.record(z.string(), z.array(z.string())).optional().catch(undefined),
    }),
  )
  .optional()
  .catch(undefined);

const RowError = z.object({
  category: z.string().catch('UNKNOWN'),
  message: z.string().catch(''),
  context: z.record(z.string(), z.array(z.string())).catch({}),
  errors: ErrorDetails,
});
export type RowError = z.infer<typeof RowError>;

/** A batch answer: 207 on numbered paths, 200 on dated ones, and `errors` for rows that failed on either. */
export const RowErrors = z
  .array(RowError)
  .nullish()
  .transform((errors) => errors ?? []);

export const BatchAnswer = z.object({ results: z.array(ApiRecord), errors: RowErrors });

/** The same, each row to be judged by itself. */
export const RowBatchAnswer = BatchAnswer.extend({ results: z.array(z.unknown()) });

export type BatchAnswer = z.infer<typeof BatchAnswer>;

export const PropertyList = z.object({
  results: z.array(
    z.object({
      name: z.string(),
      label: z.string().catch(''),
      type: z.string(),
      fieldType: z.string(),
      options: z.array(z.object({ value: z.string() })).catch([]),
      modificationMetadata: z.object({ readOnlyValue: z.boolean() }).optional().catch(undefined),
    }),
  ),
});
export type ApiProperty = z.infer<typeof PropertyList>['results'][number];

export const PropertyBatchAnswer = z.object({
  results: z.array(z.object({ name: z.string() })),
  errors: RowErrors,
});

export const Anything = z.looseObject({});

export const AccountDetails = z.object({
  portalId: z.number(),
  portalName: z.string().optional(),
  uiDomain: z.string().default('app.hubspot.com'),
});

export const DailyUsage = z.object({
  results: z.array(z.object({ currentUsage: z.number(), usageLimit: z.number() })),
});
