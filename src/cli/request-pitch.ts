import { setTimeout as wait } from 'node:timers/promises';
import type { App } from '../app.ts';
import { UserError } from '../errors.ts';
import { listModels } from '../pipeline/6-pitch/choose-model.ts';
import { MAIN_PITCH } from '../pipeline/6-pitch/prepare-pitch.ts';
import type { PitchOrder } from '../pipeline/6-pitch/prepare-pitch.ts';
import { askForPitches } from '../pipeline/ask-for-pitches.ts';
import { whySpent } from '../pipeline/budget.ts';
import { requestFlushes } from '../pipeline/runs.ts';
import { cancelRequests, findRequest } from '../pipeline/store/pitch-requests.ts';
import { findPitch } from '../pipeline/store/pitches.ts';
import type { Pitch } from '../pipeline/store/pitches.ts';
import type { Context } from './context.ts';

const LOOK_EVERY_MS = 100;

/**
 * Asks for a pitch and waits until it is made; this process works on it, and so may any worker.
 * @throws UserError with the reason why there is none
 */
export async function requestPitch(
  app: App,
  context: Context,
  domain: string,
  { force, ...order }: Partial<PitchOrder> & { force: boolean },
): Promise<Pitch> {
  const { db, workspaceId } = app;
  const spent = await whySpent(app.budget, app.config.monthlyBudgetUsd, workspaceId);
  const { batchId, requestIds } = await db.inWorkspace(workspaceId, (tx) =>
    askForPitches(tx, app.queue, {
      workspaceId,
      model: app.modelName,
      domains: [domain],
      order: { ...MAIN_PITCH, ...order },
      force,
      askedBy: { via: 'command-line', name: null },
      textModels: listModels(app.connectors.textModel),
      spent,
    }),
  );
  const [id] = requestIds;
  if (id === undefined) throw new Error(`nobody answers for ${domain}`);
  let stage = 'waiting';
  let works = false;
  const progress = context.terminal.startProgress(`pitch of ${domain}`);
  try {
    for (;;) {
      const request = await db.inWorkspace(workspaceId, (tx) => findRequest(tx, id));
      if (request === null) throw new UserError('The request is not there any more', 'Ask again.');
      if (request.state === 'failed')
        throw new UserError(
          `There is no such pitch of ${domain}: ${request.error ?? 'unknown reason'}`,
          request.fix ?? undefined,
        );
      if (request.state === 'cancelled') throw new UserError('Somebody cancelled it', 'Ask again.');
      if (request.state === 'done' && request.pitchId !== null) {
        const { pitchId } = request;
        const pitch = await db.inWorkspace(workspaceId, (tx) => findPitch(tx, pitchId));
        if (pitch === null) throw new Error('a pitch that was made is gone');
        if (works) await requestFlushes(app, workspaceId);
        return pitch;
      }
      if (context.signal.aborted) {
        // Nobody waits for it any more.
        await db.inWorkspace(workspaceId, (tx) => cancelRequests(tx, batchId));
        context.signal.throwIfAborted();
      }
      if (!works)
        await app.startWorker({ schedule: false, concurrency: 0, onStage: (_job, name) => { stage = name; } }); // prettier-ignore
      works = true;
      progress.update({ done: 0, total: 1, note: request.state === 'working' ? 'writing' : stage });
      await wait(LOOK_EVERY_MS);
    }
  } finally {
    progress.end();
  }
}
