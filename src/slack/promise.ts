import { randomUUID } from 'node:crypto';
import type { Tx } from '../db.ts';
import { createReply } from '../pipeline/store/slack-replies.ts';
import type { SlackReply } from '../pipeline/store/slack-replies.ts';
import { boundToReply } from './asker.ts';
import type { Asker } from './asker.ts';
import type { SlackDeps } from './deps.ts';

// Half an hour by Slack's rule; a minute less, so that clocks that differ never make us late.
const ADDRESS_LASTS_MS = 29 * 60_000;

type Promised = Pick<
  SlackReply,
  'form' | 'companyIds' | 'askedName' | 'runId' | 'problem' | 'pitchRequestId' | 'template'
>;

/** An answer about nothing in particular. */
export const NOTHING = {
  companyIds: [],
  askedName: null,
  runId: null,
  problem: null,
  pitchRequestId: null,
  template: null,
} as const;

/** Stores an answer to come and the job that gives it, in the caller's transaction. @returns the answer's id */
export async function promise(
  tx: Tx,
  { seal, queue }: SlackDeps,
  asker: Asker,
  reply: Promised,
): Promise<string> {
  const { workspaceId, teamId, channelId, userId, place, threadTs, responseUrl } = asker;
  const id = randomUUID();
  await createReply(tx, {
    ...reply,
    id,
    workspaceId,
    teamId,
    channelId,
    userId,
    address: responseUrl === null ? null : seal.seal(responseUrl, boundToReply({ workspaceId, id })),
    expiresAt: new Date(Date.now() + ADDRESS_LASTS_MS),
    place,
    threadTs,
    shown: '',
  });
  await queue.requestSlack(tx, { workspaceId, replyId: id });
  return id;
}
