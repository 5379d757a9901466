import type { Tx } from '../../db.ts';
import { UserError } from '../../errors.ts';
import { MAIN_PITCH } from '../../pipeline/6-pitch/prepare-pitch.ts';
import { askForPitches } from '../../pipeline/ask-for-pitches.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import { noteLinkPitch } from '../../pipeline/store/one-time-links.ts';
import type { OpenedLink } from '../../pipeline/store/one-time-links.ts';
import { findRequest } from '../../pipeline/store/pitch-requests.ts';
import { findPitch } from '../../pipeline/store/pitches.ts';
import { findItems } from '../../pipeline/store/run-items.ts';
import { findCurrentScore } from '../../pipeline/store/scores.ts';
import type { Asking, Standing } from './opened.ts';

/** Behind it a pitch is written. */
const BEFORE_PITCH = 'personas';

/**
 * Looks at a link that opens the pitch of one template, and has that made, once: the request is noted with the link, in the caller's
 * transaction, which holds it. What is stored and made from what is known now is there at once.
 */
export async function lookAtTemplate(
  tx: Tx,
  link: OpenedLink,
  { company, template }: { company: Company; template: string },
  { queue, modelName, textModels, workspaceId, spent }: Asking,
): Promise<Standing> {
  // Without enough evidence there is no pitch of any template: what was read is still worth showing.
  const score = await findCurrentScore(tx, company.id);
  if (score?.status === 'not-enough-evidence')
    return { state: 'ready', documents: [{ company, pitch: null }] };
  let id = link.pitchRequestId;
  if (id === null) {
    try {
      const { requestIds } = await askForPitches(tx, queue, {
        workspaceId,
        model: modelName,
        domains: [company.domain],
        order: { ...MAIN_PITCH, template },
        force: false,
        askedBy: { via: 'crm', name: link.askedBy },
        textModels,
        spent,
      });
      id = requestIds[0] ?? null;
    } catch (error) {
      // Thrown before anything was written, so that the transaction stays good.
      if (!(error instanceof UserError)) throw error;
      return { state: 'failed', name: company.name, why: error.message, fix: error.fix ?? '' };
    }
    if (id !== null) await noteLinkPitch(tx, link.tokenHash, id);
  }
  const request = id === null ? null : await findRequest(tx, id);
  const again = 'Press the button again.';
  if (request === null)
    return { state: 'failed', name: company.name, why: 'What was asked for is gone.', fix: again };
  if (request.state === 'done') {
    const pitch = request.pitchId === null ? null : await findPitch(tx, request.pitchId);
    // Another pitch in its place would be taken for it.
    if (pitch === null)
      return {
        state: 'failed',
        name: company.name,
        why: `Its pitch of the template "${template}" was made, and was deleted since.`,
        fix: again,
      };
    return { state: 'ready', documents: [{ company, pitch }] };
  }
  if (request.state === 'waiting' || request.state === 'working') {
    const [item] = request.runId === null ? [] : await findItems(tx, request.runId, [company.id]);
    const scoring = item !== undefined && (item.state === 'queued' || item.state === 'working');
    return {
      state: 'working',
      companies: [company],
      ready: 0,
      stage: scoring ? item.stage : BEFORE_PITCH,
      begun: scoring ? item.state === 'working' || item.stage !== null : request.state === 'working',
    };
  }
  const why = request.error ?? 'It was cancelled before it was made.';
  return { state: 'failed', name: company.name, why, fix: request.fix ?? again };
}
