import { createReadStream } from 'node:fs';
import type { z } from 'zod';
import { UserError } from '../errors.ts';

/** No row of ours is near it; a file that is no JSON lines at all must not fill the memory. */
const LONGEST_LINE = 32 * 1024 * 1024;

/**
 * A file of JSON lines, one checked value at a time; empty lines are passed over. A file that cannot be read, a line that is no JSON
 * or not of the shape is a UserError that names file, line and what was expected.
 */
export async function* readJsonLines<Shape extends z.ZodType>(
  path: string,
  shape: Shape,
): AsyncGenerator<z.infer<Shape>> {
  let number = 0;
  for await (const line of readLines(path)) {
    number += 1;
    if (line.trim() !== '') yield parseLine(line, `${path}:${number}`, shape);
  }
}

// Not node:readline: it also breaks at U+2028 and U+2029, which may stand inside a JSON string.
async function* readLines(path: string): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(path, 'utf8')) {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length > LONGEST_LINE) {
        throw new UserError(`${path}: a line is longer than 32 MiB`, 'Is this a file of JSON lines?');
      }
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: cannot be read`, 'Check the path and its permissions.', error);
  }
  yield rest;
}

function parseLine<Shape extends z.ZodType>(line: string, place: string, shape: Shape): z.infer<Shape> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new UserError(`${place}: is no JSON`, 'Correct or remove the line.', error);
  }
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') || 'the line';
  throw new UserError(`${place}: ${field}: ${issue?.message ?? 'is wrong'}`, 'Correct or remove the line.');
}
