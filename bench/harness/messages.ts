import { z } from 'zod';

/** What a measured process tells of itself. */
export const ProcessUsage = z.object({
  /** Largest resident set so far, MB. */
  peakMb: z.number(),
  cpuSeconds: z.number(),
});
export type ProcessUsage = z.infer<typeof ProcessUsage>;

/** The same of a process that lives on, with how busy its event loop was since it was asked last. */
export const LivingUsage = ProcessUsage.extend({
  loop: z.object({
    /** Share of the time in which it ran code or waited for the processor. */
    busy: z.number(),
    /** How late a timer fires, milliseconds: half of the time at the most, and all but a hundredth. */
    lateMs: z.object({ p50: z.number(), p99: z.number() }),
  }),
});
export type LivingUsage = z.infer<typeof LivingUsage>;

/** This process's own usage so far. */
export function readOwnUsage(): ProcessUsage {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  return { peakMb: maxRSS / 1024, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 };
}
