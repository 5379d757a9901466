import { performance } from 'node:perf_hooks';
import type { LivingUsage } from './messages.ts';
import { percentile } from './numbers.ts';

const TICK_MS = 20;

/** Watches this process's event loop with a timer that keeps nothing alive; each reading begins a new one. */
export function watchLoop(): () => LivingUsage['loop'] {
  let late: number[] = [];
  let before = performance.eventLoopUtilization();
  let due = performance.now() + TICK_MS;
  setInterval(() => {
    const now = performance.now();
    late.push(Math.max(0, now - due));
    due = now + TICK_MS;
  }, TICK_MS).unref();
  return () => {
    const ticks = late;
    late = [];
    const busy = performance.eventLoopUtilization(before).utilization;
    before = performance.eventLoopUtilization();
    const at = (share: number): number => (ticks.length === 0 ? 0 : percentile(ticks, share));
    return { busy, lateMs: { p50: at(0.5), p99: at(0.99) } };
  };
}
