import { z } from 'zod';

const day = z.iso.date();
const whole = (least: number, most: number) => z.int().min(least).max(most);
// Tavily's limit on a query's length; longer ones are answered 400.
const LONGEST_QUERY = 400;
const query = z
  .string()
  .trim()
  .min(1, 'Query is missing.')
  .max(LONGEST_QUERY, 'Query is too long. Max query length is 400 characters.');
const topic = z.enum(
  ['general', 'news', 'finance'],
  "Invalid topic. Must be 'general', 'news' or 'finance'.",
);
const depth = z.enum(['advanced', 'basic', 'fast', 'ultra-fast']);
/** Documented, but the sandbox has no model, no pictures and no countries to answer with. */
const absent = z.literal(false, 'not available in the sandbox').default(false);

/** POST /search, as data/specs' Tavily description has it, plus `days`, which the vendor's own library sends. */
export const searchRequest = z.strictObject({
  query,
  search_depth: depth.default('basic'),
  chunks_per_source: whole(1, 3).default(3),
  max_results: whole(0, 20).default(5),
  topic: topic.default('general'),
  time_range: z.enum(['day', 'week', 'month', 'year', 'd', 'w', 'm', 'y']).nullable().default(null),
  start_date: day.nullable().default(null),
  end_date: day.nullable().default(null),
  days: z.int().min(1).optional(),
  include_raw_content: z.union([z.boolean(), z.enum(['markdown', 'text'])]).default(false),
  include_domains: z
    .array(z.string())
    .max(300, 'Max 300 domains are allowed in include_domains.')
    .default([]),
  exclude_domains: z
    .array(z.string())
    .max(150, 'Max 150 domains are allowed in exclude_domains.')
    .default([]),
  exact_match: z.boolean().default(false),
  include_usage: z.boolean().default(false),
  include_favicon: absent,
  include_answer: absent,
  include_images: absent,
  include_image_descriptions: absent,
  auto_parameters: absent,
  safe_search: absent,
});
export type SearchRequest = z.infer<typeof searchRequest>;

/** POST /extract. */
export const extractRequest = z
  .strictObject({
    urls: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(20, 'Max 20 URLs are allowed.')]),
    query: query.optional(),
    chunks_per_source: whole(1, 5).optional(),
    extract_depth: z.enum(['basic', 'advanced']).default('basic'),
    format: z.enum(['markdown', 'text']).default('markdown'),
    timeout: z.number().min(1).max(60).optional(),
    include_usage: z.boolean().default(false),
    include_favicon: absent,
    include_images: absent,
  })
  .refine((body) => body.query !== undefined || body.chunks_per_source === undefined, {
    path: ['chunks_per_source'],
    error: 'chunks_per_source is available only when query is provided.',
  });
export type ExtractRequest = z.infer<typeof extractRequest>;

/** The first thing wrong with a request, in one line. */
export function explainRefusal(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'Invalid request.';
  if (issue.code === 'unrecognized_keys') return `Unknown parameter: ${issue.keys.join(', ')}`;
  const path = issue.path.map(String).join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}
