import type { JsonSchema } from './json-schema.ts';
import { sentencesOf } from './prompt.ts';

const MOST_ENTRIES = 3;
const NAMES_SOMETHING = /^(id|key|name|slot|passage|field|mark|label)$/;

/**
 * An answer for a schema that is not about reading: every text is a sentence of the prompt, in order; what names something is
 * taken from the identifiers that the prompt puts in quotes or marks.
 */
export function answerAnySchema(schema: JsonSchema, prompt: string): unknown {
  const sentences = sentencesOf(prompt, 1).map(({ text }) => text);
  const names = [
    ...new Set(
      [...prompt.matchAll(/["'`<[({]([a-z][a-z0-9_-]{1,40})["'`>\])}]/g)].map((match) => match[1] ?? ''),
    ),
  ];
  let nextSentence = 0;
  let nextName = 0;
  const write = (part: JsonSchema, key: string): unknown => {
    const first = Array.isArray(part.anyOf) ? schemaOf(part.anyOf[0]) : null;
    if (first !== null) return write(first, key);
    if ('const' in part) return part.const;
    if (Array.isArray(part.enum)) return part.enum[0];
    if (part.type === 'object')
      return Object.fromEntries(
        Object.entries(schemaOf(part.properties)).map(([name, inner]) => [
          name,
          write(schemaOf(inner), name),
        ]),
      );
    if (part.type === 'array') {
      const most = typeof part.maxItems === 'number' ? part.maxItems : MOST_ENTRIES;
      return Array.from({ length: Math.min(most, MOST_ENTRIES) }, () => write(schemaOf(part.items), key));
    }
    if (part.type === 'string') {
      if (NAMES_SOMETHING.test(key)) return names[nextName++ % Math.max(1, names.length)] ?? key;
      return sentences[nextSentence++ % Math.max(1, sentences.length)] ?? 'Nothing found.';
    }
    return part.type === 'boolean' ? false : part.type === 'null' ? null : 1;
  };
  return write(schema, 'root');
}

function schemaOf(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
