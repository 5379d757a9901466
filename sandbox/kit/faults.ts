import { z } from 'zod';
import { createRandom } from './random.ts';

const Rate = z.number().min(0).max(1).default(0);

/** What can be switched on at every twin. Rates are shares of requests, drawn from `seed`. */
export const FaultSettings = z.strictObject({
  seed: z.number().int().default(1),
  /** Only requests whose "METHOD path" contains one of these; empty: all (admin paths never). */
  only: z.array(z.string()).default([]),
  rate429: Rate,
  rate500: Rate,
  rate503: Rate,
  rateReset: Rate,
  rateGarbage: Rate,
  rateSlow: Rate,
  slowMs: z.number().int().min(0).default(5000),
  /** Never answered; the connection stays open. */
  rateHang: Rate,
  /** The answer breaks off in its middle. */
  rateCut: Rate,
  /** The answer stops in its middle; the connection stays open. */
  rateStall: Rate,
  /** A write: its connection is cut at once, and what it asks for is done `lateMs` later. */
  rateLate: Rate,
  lateMs: z.number().int().min(0).default(5000),
  /** How long each row of a write takes (triggers, flows), whether or not anybody still waits for the answer. */
  rowMs: z.number().min(0).default(0),
  /** The request is carried out and the connection ends without an answer. */
  rateLost: Rate,
  retryAfterSeconds: z.number().min(0).default(1),
  /** Every request is answered 503 (true) or not at all refused. */
  down: z.boolean().default(false),
  /** Added to every answer, ± `jitter` as a share of it. */
  latencyMs: z.number().min(0).default(0),
  jitter: Rate,
  /** How much of that passes before the first byte of an answer that is streamed; the rest is spread over its pieces. */
  firstByteShare: z.number().min(0).max(1).default(1),
  /** Stop failing after this many faults (0: never). */
  limit: z.number().int().min(0).default(0),
});
export type FaultSettings = z.infer<typeof FaultSettings>;

type Fault =
  | '429'
  | '500'
  | '503'
  | 'reset'
  | 'garbage'
  | 'slow'
  | 'hang'
  | 'cut'
  | 'stall'
  | 'late'
  | 'lost'
  | 'down';

export type Faults = {
  settings(): FaultSettings;
  set(settings: unknown): FaultSettings;
  /** Decides what happens to one request, which writes so many rows. */
  draw(methodAndPath: string, rows?: number): { fault: Fault | null; delayMs: number };
};

export function createFaults(initial: Partial<FaultSettings> = {}): Faults {
  let settings = FaultSettings.parse(initial);
  let random = createRandom(settings.seed);
  let drawn = 0;

  const pick = (methodAndPath: string, rows: number): Fault | null => {
    if (settings.only.length > 0 && !settings.only.some((part) => methodAndPath.includes(part))) return null;
    if (settings.down) return 'down';
    if (settings.limit > 0 && drawn >= settings.limit) return null;
    const rates: [Fault, number][] = [
      ['429', settings.rate429],
      ['500', settings.rate500],
      ['503', settings.rate503],
      ['reset', settings.rateReset],
      ['garbage', settings.rateGarbage],
      ['slow', settings.rateSlow],
      ['hang', settings.rateHang],
      ['cut', settings.rateCut],
      ['stall', settings.rateStall],
      ['late', rows > 0 ? settings.rateLate : 0],
      ['lost', settings.rateLost],
    ];
    let point = random();
    for (const [fault, rate] of rates) {
      if (point < rate) return fault;
      point -= rate;
    }
    return null;
  };

  return {
    settings: () => settings,
    set: (next) => {
      settings = FaultSettings.parse(next);
      random = createRandom(settings.seed);
      drawn = 0;
      return settings;
    },
    draw: (methodAndPath, rows = 0) => {
      const fault = pick(methodAndPath, rows);
      if (fault !== null && fault !== 'slow') drawn += 1;
      const base = settings.latencyMs * (1 + settings.jitter * (2 * random() - 1));
      const slow = (fault === 'slow' ? settings.slowMs : 0) + rows * settings.rowMs;
      return { fault, delayMs: Math.max(0, base) + slow };
    },
  };
}

/** `429=0.05,500=0.03,reset=0.02,slow=0.1:2000,hang=0.01,latency=800:0.5,seed=7` → settings (the CLI's --faults). */
export function parseFaultSpec(spec: string): FaultSettings {
  const settings: Record<string, unknown> = {};
  for (const part of spec.split(',').filter((piece) => piece.trim() !== '')) {
    const [name = '', value = ''] = part.trim().split('=');
    const [first = '', second] = value.split(':');
    const number = Number(first);
    if (first === '' || Number.isNaN(number)) throw new Error(`--faults: "${part}" is not NAME=NUMBER`);
    if (name === 'latency') Object.assign(settings, { latencyMs: number, jitter: Number(second ?? 0) });
    else if (name === 'slow') Object.assign(settings, { rateSlow: number, slowMs: Number(second ?? 5000) });
    else if (name === 'late') Object.assign(settings, { rateLate: number, lateMs: Number(second ?? 5000) });
    else if (name === 'row') settings.rowMs = number;
    else if (name === 'seed') settings.seed = number;
    else if (name === 'retry-after') settings.retryAfterSeconds = number;
    else if (['429', '500', '503'].includes(name)) settings[`rate${name}`] = number;
    else if (['reset', 'garbage', 'hang', 'cut', 'stall', 'lost'].includes(name))
      settings[`rate${name.charAt(0).toUpperCase()}${name.slice(1)}`] = number;
    else
      throw new Error(
        `--faults: "${name}" is none of 429 500 503 reset garbage slow hang cut stall late lost row latency retry-after seed`,
      );
  }
  return FaultSettings.parse(settings);
}
