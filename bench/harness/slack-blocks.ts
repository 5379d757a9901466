import type { LookupTimes } from './lookup-times.ts';
import type { LivingUsage } from './messages.ts';
import { median, percentile } from './numbers.ts';
import type { Pipeline } from './pipeline.ts';
import { printResult, spread } from './print.ts';
import type { Worker } from './processes.ts';

/** What was seen while people asked, with the batch or without. */
export type Block = {
  state: 'idle' | 'batch';
  seconds: number;
  storedMs: number[];
  /** Commands that were not acknowledged within Slack's three seconds. */
  missed: number;
  lookups: LookupTimes[];
  /** New companies without an answer when the patience was over. */
  unanswered: number;
  doneInBatch: number;
  /** Processors that each took, on average. */
  cores: { worker: number; database: number; twins: number };
  loops: { worker: LivingUsage['loop']; twins: LivingUsage['loop'] };
  load: number;
};

/** What worker, twins and database used so far. */
export async function readSpent(
  pipeline: Pipeline,
  worker: Worker,
): Promise<{ worker: LivingUsage; twins: LivingUsage; database: number }> {
  return {
    worker: await worker.usage(),
    twins: await pipeline.twins.usage(),
    database: await pipeline.databaseCpuSeconds(),
  };
}

/** Seconds of each new company; one without an answer took longer than any. */
const secondsOf = (blocks: readonly Block[]): number[] =>
  blocks.flatMap(({ lookups, unanswered }) => [
    ...lookups.map(({ seconds }) => seconds),
    ...Array.from({ length: unanswered }, () => Number.POSITIVE_INFINITY),
  ]);

/** Prints what there is, also where some blocks are missing. */
export function printBlocks(
  blocks: readonly Block[],
  setting: { companies: number; concurrency: number; scale: number; patience: number },
): void {
  if (blocks.length === 0) return;
  const [idle, busy] = (['idle', 'batch'] as const).map((state) =>
    blocks.filter((block) => block.state === state),
  );
  if (idle === undefined || busy === undefined) return;
  const ratioOf = (beside: readonly Block[], without: readonly Block[]): number =>
    median(secondsOf(beside)) / median(secondsOf(without));
  const rounds = busy.flatMap((block, nth) => {
    const before = idle[nth];
    return before === undefined ? [] : [ratioOf([block], [before])];
  });
  const ratio = ratioOf(busy, idle);
  const parts = (of: readonly Block[]): string[] => {
    const lookups = of.flatMap((block) => block.lookups);
    const part = (name: keyof LookupTimes): string => median(lookups.map((times) => times[name])).toFixed(1);
    return [part('waiting'), part('research'), part('llm'), part('aroundLlm'), part('rest'), part('telling')];
  };
  const rate = (of: readonly Block[]): string =>
    (
      (60 * of.reduce((sum, { doneInBatch }) => sum + doneInBatch, 0)) /
      of.reduce((sum, { seconds }) => sum + seconds, 0)
    ).toFixed(0);
  const row = (name: string, of: readonly Block[]): string[] => {
    const storedMs = of.flatMap((block) => block.storedMs);
    const answered = of.flatMap(({ lookups }) => lookups.map(({ seconds }) => seconds));
    return [
      name,
      String(storedMs.length),
      [0.5, 0.95, 1].map((share) => percentile(storedMs, share).toFixed(0)).join(' '),
      String(of.reduce((sum, { missed }) => sum + missed, 0)),
      String(answered.length),
      String(of.reduce((sum, { unanswered }) => sum + unanswered, 0)),
      spread(answered, 1),
      ...parts(of),
      rate(of),
      (['worker', 'database', 'twins'] as const)
        .map((who) => median(of.map(({ cores }) => cores[who])).toFixed(2))
        .join(' '),
      spread(
        of.map(({ loops }) => loops.worker.lateMs.p99),
        0,
      ),
      spread(
        of.map(({ load }) => load),
        1,
      ),
    ];
  };
  const shownRounds = rounds.map((each) => each.toFixed(2)).join(', ');
  printResult(
    `/score in Slack beside a batch of ${setting.companies}, ${setting.concurrency} in flight; a new company takes ${ratio.toFixed(2)} times as long as without the batch (round by round: ${shownRounds})`,
    [
      'system',
      'stored n',
      'p50 p95 most ms',
      'over 3 s',
      'new n',
      'late',
      'new s',
      'waits',
      'research',
      'llm',
      'around',
      'rest',
      'telling',
      'batch/min',
      'cores: worker, db, twins',
      'loop late p99 ms',
      'load',
    ],
    [...(idle.length > 0 ? [row('idle', idle)] : []), ...(busy.length > 0 ? [row('batch', busy)] : [])],
    {
      ...setting,
      stored: {
        idleP95Ms: percentile(
          idle.flatMap(({ storedMs }) => storedMs),
          0.95,
        ),
        batchP95Ms: percentile(
          busy.flatMap(({ storedMs }) => storedMs),
          0.95,
        ),
      },
      new: { idleSeconds: median(secondsOf(idle)), batchSeconds: median(secondsOf(busy)), ratio, rounds },
      blocks: blocks.map((block) => ({ ...block, storedMs: block.storedMs.map(Math.round) })),
    },
  );
}
