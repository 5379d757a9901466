import { z } from 'zod';
import { createRandom } from '../kit/random.ts';

const share = z.number().min(0).max(1).default(1);

/** How the twin answers; `share` is the part of requests, the rest is answered honestly. */
export const Mode = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('good'), share }),
  z.strictObject({ mode: z.literal('hallucinating'), share }),
  z.strictObject({ mode: z.literal('hijacked'), share }),
  z.strictObject({
    mode: z.literal('malformed'),
    share,
    form: z.enum(['broken', 'fenced', 'prose', 'wrong-types', 'empty']).default('broken'),
    /** A repair round is answered well. */
    firstTimeOnly: z.boolean().default(false),
  }),
  z.strictObject({ mode: z.literal('slow'), share, delayMs: z.int().min(0).max(600_000).default(5_000) }),
  z.strictObject({
    mode: z.literal('refusing'),
    share,
    form: z.enum(['refusal', 'content_filter']).default('refusal'),
  }),
  /** Takes a response_format and pays no attention to it. */
  z.strictObject({ mode: z.literal('ignores-schema'), share }),
  /** Answers 400 to json_schema, as servers do that only know json_object. */
  z.strictObject({ mode: z.literal('no-json-schema'), share }),
  /** Answers 400 to any response_format. */
  z.strictObject({ mode: z.literal('no-response-format'), share }),
  /** As OpenAI's reasoning models: no max_tokens, no temperature, no length bounds in strict schemas. */
  z.strictObject({ mode: z.literal('openai'), share }),
]);
export type Mode = z.infer<typeof Mode>;

const modeChange = z.union([
  z.strictObject({ modes: z.array(Mode).max(20), seed: z.int().default(1) }),
  Mode.transform((mode) => ({ modes: [mode], seed: 1 })),
]);

export type Modes = {
  list(): readonly Mode[];
  /** `{ mode: 'malformed', … }` or `{ modes: [{ mode, share }, …], seed }`. */
  set(change: unknown): readonly Mode[];
  /** The mode of the next request. */
  draw(): Mode;
  /** A number in [0, 1) from the same seed. */
  random(): number;
};

const GOOD: Mode = { mode: 'good', share: 1 };

export function createModes(initial: readonly z.input<typeof Mode>[] = []): Modes {
  let modes: readonly Mode[] = initial.map((mode) => Mode.parse(mode));
  let random = createRandom(1);
  return {
    list: () => modes,
    set: (change) => {
      const parsed = modeChange.safeParse(change);
      if (!parsed.success) throw new Error(`not a mode: ${z.prettifyError(parsed.error)}`);
      modes = parsed.data.modes;
      random = createRandom(parsed.data.seed);
      return modes;
    },
    draw: () => {
      let point = random();
      for (const mode of modes) {
        if (point < mode.share) return mode;
        point -= mode.share;
      }
      return GOOD;
    },
    random: () => random(),
  };
}
