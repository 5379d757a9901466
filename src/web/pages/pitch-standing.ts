import type { Tx } from '../../db.ts';
import type { UserError } from '../../errors.ts';
import { askForScores } from '../../pipeline/ask-for-scores.ts';
import type { Queue } from '../../pipeline/queue/queue.ts';
import { findAskedWork, holdCompany } from '../../pipeline/store/asked-work.ts';
import type { AskedWork } from '../../pipeline/store/asked-work.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import { readCurrentPitch } from '../../pipeline/read-pitch.ts';
import type { ShownPitch } from '../../pipeline/apply-edits.ts';
import type { Starter } from '../../pipeline/store/runs.ts';
import { findCurrentScore } from '../../pipeline/store/scores.ts';
import type { StoredScore } from '../../pipeline/store/scores.ts';

/** What there is of a company's pitch. */
export type PitchStanding =
  /** Pitch null: there is not enough evidence for one, or its score came without. */
  | { state: 'stored'; score: StoredScore; pitch: ShownPitch | null }
  | { state: 'working'; stage: string | null; begun: boolean }
  /** `again`: it may be begun by hand. */
  | { state: 'none'; why: string; fix: string; again: boolean };

type Asking = {
  queue: Queue;
  workspaceId: string;
  modelName: string;
  spent: UserError | null;
  startedBy: Starter;
  /** By hand: in any case. By coming here: unless it has just failed. Null: only look. */
  begin: 'by-hand' | 'by-coming' | null;
};

// Coming back to a page is no reason to buy again what failed a moment ago.
const FAILED_SECONDS = 600;

/** A company's pitch as it is stored; where nothing was ever scored, has that begun, once however many ask at a time. */
export async function lookForPitch(tx: Tx, company: Company, asking: Asking): Promise<PitchStanding> {
  await holdCompany(tx, company.id);
  const score = await findCurrentScore(tx, company.id);
  const pitch = score?.status === 'scored' ? await readCurrentPitch(tx, company.id) : null;
  if (score !== null && (pitch !== null || score.status !== 'scored'))
    return { state: 'stored', score, pitch };
  const work = await findAskedWork(tx, company.id);
  if (work?.state === 'queued' || work?.state === 'working')
    return { state: 'working', stage: work.stage, begun: work.state === 'working' || work.stage !== null };
  if (score !== null) return { state: 'stored', score, pitch };
  const why = whyNot(company, work, asking);
  if (why !== null) return why;
  const { workspaceId, modelName: model, spent, startedBy } = asking;
  await askForScores(tx, asking.queue, { workspaceId, model, domains: [company.domain], startedBy, spent });
  return { state: 'working', stage: null, begun: false };
}

function whyNot(
  { name, excludedBecause }: Company,
  work: AskedWork | null,
  { begin, spent }: Asking,
): PitchStanding | null {
  if (excludedBecause !== null) {
    const fix = 'Change it in the CRM, or have the exclusions of its connection changed.';
    return { state: 'none', why: `${name} is left out: ${excludedBecause}.`, fix, again: false };
  }
  if (spent !== null) return { state: 'none', why: spent.message, fix: spent.fix ?? '', again: false };
  if (begin === 'by-hand') return null;
  const failed = work?.state === 'failed' && (work.overSeconds ?? 0) < FAILED_SECONDS ? work.error : null;
  if (failed !== null) {
    const fix = 'Try again once that is over; the status page says what is down.';
    return { state: 'none', why: failed, fix, again: true };
  }
  if (begin === 'by-coming') return null;
  return {
    state: 'none',
    why: 'It was not scored yet.',
    fix: 'Finding out takes a minute or two.',
    again: true,
  };
}
