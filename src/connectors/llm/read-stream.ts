import { z } from 'zod';

const delta = z.object({ content: z.string().nullish(), refusal: z.string().nullish() });
const event = z.object({
  choices: z.array(z.object({ delta: delta.nullish(), finish_reason: z.string().nullish() })).nullish(),
  usage: z.unknown().optional(),
  error: z
    .object({ message: z.string().catch('no reason given'), code: z.unknown().optional() })
    .nullish()
    .catch({ message: 'no reason given' }),
});

export type StreamedAnswer =
  | { ok: true; content: string; refusal: string | null; finish: string; usage: unknown }
  /** The server broke off by an event of its own. */
  | { ok: false; message: string };

/** Thrown when the stream ends without having said that the answer is finished. */
export class CutShort extends Error {
  override name = 'CutShort';
}

/**
 * Server-sent events of a streamed chat completion (https://platform.openai.com/docs/api-reference/chat-streaming) → the
 * whole answer. `onData` is called with each piece of it: comments that gateways send to keep a connection open are none.
 * @throws CutShort; SyntaxError for an event that is none of the protocol's; whatever reading the body throws
 */
export async function readStream(
  body: AsyncIterable<Uint8Array>,
  onData: () => void,
): Promise<StreamedAnswer> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  const refusals: string[] = [];
  let finish: string | null = null;
  let usage: unknown = null;
  let rest = '';
  const take = (line: string): StreamedAnswer | null => {
    if (!line.startsWith('data:')) return null;
    const data = line.slice('data:'.length).trim();
    if (data === '[DONE]') return null;
    onData();
    const parsed = event.safeParse(JSON.parse(data));
    if (!parsed.success) throw new SyntaxError('an event is not what the protocol says');
    if (parsed.data.error) return { ok: false, message: parsed.data.error.message };
    const choice = parsed.data.choices?.[0];
    if (choice?.delta?.content) parts.push(choice.delta.content);
    if (choice?.delta?.refusal) refusals.push(choice.delta.refusal);
    finish = choice?.finish_reason ?? finish;
    usage = parsed.data.usage ?? usage;
    return null;
  };

  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const broken = take(line);
      if (broken !== null) return broken;
    }
  }
  const broken = take(rest + decoder.decode());
  if (broken !== null) return broken;
  if (finish === null) throw new CutShort('the answer stopped midway');
  return {
    ok: true,
    content: parts.join(''),
    refusal: refusals.length > 0 ? refusals.join('') : null,
    finish,
    usage,
  };
}
