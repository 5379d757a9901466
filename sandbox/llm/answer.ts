import { answerAnySchema } from './answer-any.ts';
import { answerHonestly } from './answer-good.ts';
import { answerWithLies } from './answer-hallucinating.ts';
import type { Lie } from './answer-hallucinating.ts';
import { answerHijacked, hijackTexts } from './answer-hijacked.ts';
import { readWanted, writeWithLies } from './answer-passages.ts';
import { conform } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import type { Mode } from './modes.ts';
import { objectsIn, readPrompt } from './prompt.ts';
import type { Sentence } from './prompt.ts';
import { promptOf, schemaOf } from './request.ts';
import type { ChatRequest } from './request.ts';

export type Answer = {
  content: string | null;
  refusal: string | null;
  finish: 'stop' | 'content_filter';
  lies: Lie[];
};

/** What the model writes in a mode, before max_tokens cuts it off. `elsewhere` are sentences of earlier prompts. */
export function writeAnswer(
  request: ChatRequest,
  mode: Mode,
  elsewhere: readonly Sentence[],
  random: () => number,
): Answer {
  const says = (content: string, lies: Lie[] = []): Answer => ({
    content,
    refusal: null,
    finish: 'stop',
    lies,
  });
  const repairing = request.messages.some(({ role }) => role === 'assistant');
  if (mode.mode === 'refusing')
    return mode.form === 'content_filter'
      ? { content: null, refusal: null, finish: 'content_filter', lies: [] }
      : { content: null, refusal: "I'm sorry, I can't help with that.", finish: 'stop', lies: [] };
  const { value, lies } = writeValue(request, mode, elsewhere, random);
  if (mode.mode === 'malformed' && !(mode.firstTimeOnly && repairing)) return says(deform(value, mode.form));
  if (mode.mode === 'ignores-schema')
    return says(repairing ? fence(value) : fence({ answer: deepText(value) }));
  return says(JSON.stringify(value), lies);
}

function writeValue(request: ChatRequest, mode: Mode, elsewhere: readonly Sentence[], random: () => number) {
  const held = schemaOf(request);
  // Without a response_format, a good model still follows the schema that its instructions spell out.
  const schema = held ?? schemaInWords(request);
  const reading = readPrompt(request.messages);
  const prompt = promptOf(request);
  const asksForSignals = schema === null || 'signals' in propertiesOf(schema);
  let lies: Lie[] = [];
  let draft: unknown;
  if (!asksForSignals && schema !== null) {
    const asked = request.messages.findLast(({ role }) => role === 'user')?.content ?? '';
    const wanted = mode.mode === 'hallucinating' ? readWanted(asked) : null;
    if (wanted === null) draft = answerAnySchema(schema, asked);
    else ({ draft, lies } = writeWithLies(wanted));
    if (mode.mode === 'hijacked') draft = hijackTexts(draft, prompt);
  } else if (mode.mode === 'hallucinating') {
    const lied = answerWithLies(reading, elsewhere, random);
    lies = lied.lies;
    draft = lied.draft;
  } else draft = mode.mode === 'hijacked' ? answerHijacked(reading, prompt, random) : answerHonestly(reading);
  // A hijacked model is still held by a schema that the server decodes by, and by nothing else.
  const bound = mode.mode === 'hijacked' ? held : schema;
  return { value: bound === null ? draft : conform(bound, draft), lies };
}

function deform(value: unknown, form: Extract<Mode, { mode: 'malformed' }>['form']): string {
  const text = JSON.stringify(value);
  switch (form) {
    case 'broken':
      return text.slice(0, Math.max(1, Math.floor(text.length * 0.7)));
    case 'fenced':
      return fence(value);
    case 'prose':
      return `Here is what I found {as asked}:\n${text}\nLet me know if you need anything else.`;
    case 'wrong-types':
      return JSON.stringify(deepText(value));
    case 'empty':
      return '';
  }
}

function fence(value: unknown): string {
  return `Sure! Here you go:\n\n\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\`\n`;
}

/** Numbers and lists as texts: the right keys, the wrong types. */
function deepText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(String).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, deepText(inner)]));
}

function schemaInWords(request: ChatRequest): JsonSchema | null {
  const system = request.messages.filter(({ role }) => role === 'system' || role === 'developer');
  const objects = system.flatMap(({ content }) => objectsIn(content));
  return objects.find((each) => each.type === 'object' && typeof each.properties === 'object') ?? null;
}

function propertiesOf(schema: JsonSchema): object {
  return typeof schema.properties === 'object' && schema.properties !== null ? schema.properties : {};
}
