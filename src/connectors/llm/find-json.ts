import { z } from 'zod';

export type ReadAnswer<T> = { ok: true; value: T } | { ok: false; problem: string };

// Places at which an object may begin that are tried; an answer that needs more is not one.
const MOST_STARTS = 20;
const LONGEST_PROBLEM = 600;

/**
 * A text model's answer → a value that fits the schema. JSON is found bare, in a ``` fence, after a <think> block or
 * amid prose. NUL characters and lone surrogates, which Postgres can't store, are taken out of every string.
 */
export function readAnswer<T>(text: string, schema: z.ZodType<T>): ReadAnswer<T> {
  let problem = 'it holds no JSON object';
  for (const candidate of candidatesIn(text.replace(/^\s*<think>[\s\S]*?<\/think>/, ''))) {
    const parsed = parseJson(candidate);
    if (parsed === null) continue;
    const result = schema.safeParse(parsed.value);
    if (result.success) return { ok: true, value: result.data };
    problem = z.prettifyError(result.error).slice(0, LONGEST_PROBLEM);
    break;
  }
  return { ok: false, problem };
}

function* candidatesIn(text: string): Generator<string> {
  yield text;
  for (const fence of text.matchAll(/```[a-z]*\s*\n?([\s\S]*?)```/gi)) yield fence[1] ?? '';
  let start = text.indexOf('{');
  for (let tried = 0; start !== -1 && tried < MOST_STARTS; tried += 1) {
    const end = endOfObject(text, start);
    if (end !== -1) yield text.slice(start, end);
    start = text.indexOf('{', start + 1);
  }
}

/** The index after the brace that closes the object at `start`; -1: it is never closed. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (inString) {
      if (character === '\\') index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{') depth += 1;
    else if (character === '}') {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return -1;
}

function parseJson(text: string): { value: object } | null {
  try {
    const value: unknown = JSON.parse(text, (_key, each: unknown) =>
      typeof each === 'string' ? each.replaceAll('\0', '').toWellFormed() : each,
    );
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { value } : null;
  } catch {
    // Not JSON is an answer to the question asked here, not a failure.
    return null;
  }
}
