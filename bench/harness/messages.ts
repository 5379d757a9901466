import { z } from 'zod';

/** What a measured process tells of itself. */
export const ProcessUsage = z.object({
  /** Largest resident set so far, MB. */
  peakMb: z.number(),
  cpuSeconds: z.number(),
});
export type ProcessUsage = z.infer<typeof ProcessUsage>;

/** This process's own usage so far. */
export function readOwnUsage(): ProcessUsage {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  return { peakMb: maxRSS / 1024, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 };
}
