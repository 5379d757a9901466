import type { z } from 'zod';
import { ApiError } from './problem.ts';
import type { FieldProblem } from './problem.ts';

type Part = 'body' | 'query' | 'path';
type Field = z.infer<typeof FieldProblem>;

const MOST_FIELDS = 20;

/** A part of a request under its schema. @throws ApiError 400 that names each field that is wrong */
export function parsePart<Schema extends z.ZodType>(
  part: Part,
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const strange = findStrange(value, '');
  if (strange !== null)
    throw invalid([{ in: part, pointer: strange, message: 'holds characters that no text has' }]);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(
    parsed.error.issues.slice(0, MOST_FIELDS).map((issue): Field => {
      const path = part === 'body' ? pointerOf(issue.path) : issue.path.join('.');
      return { in: part, pointer: path, message: issue.message };
    }),
  );
}

function invalid(fields: Field[]): ApiError {
  const [first] = fields;
  const where = first === undefined || first.pointer === '' ? '' : ` at ${first.pointer}`;
  return new ApiError(
    400,
    `The ${first?.in ?? 'body'} is not as described${where}: ${first?.message ?? 'unknown'}`,
    'Compare it with /api/v1/openapi.json; "fields" names each place.',
    { kind: 'invalid-request', fields },
  );
}

/** The place of a text that PostgreSQL can't keep: with NUL, or with half a character. */
function findStrange(value: unknown, at: string): string | null {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? at : null;
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    if (key.includes('\0') || !key.isWellFormed()) return at;
    const found = findStrange(inner, `${at}/${escapePart(key)}`);
    if (found !== null) return found;
  }
  return null;
}

function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${escapePart(String(part))}`).join('');
}

function escapePart(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
