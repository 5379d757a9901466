import { ProviderError } from '../errors.ts';
import { readSheet } from '../pipeline/6-pitch/read-sheet.ts';
import type { Sheet } from '../pipeline/6-pitch/sheet.ts';
import type { JobResult } from '../pipeline/queue/jobs.ts';
import { findCompany } from '../pipeline/store/companies.ts';
import { findCurrentPitch, findPitch } from '../pipeline/store/pitches.ts';
import {
  closeFile,
  noteFile,
  releaseFile,
  sendFileToPerson,
  takeFile,
} from '../pipeline/store/slack-files.ts';
import type { SlackFile } from '../pipeline/store/slack-files.ts';
import type { Delivering } from './deliver.ts';
import { openDirectMessage } from './direct-message.ts';
import { isTokenRefused } from './guard-tokens.ts';
import { waitAfter } from './patience.ts';
import { findOwn, postOnce } from './post-once.ts';
import { pageOf } from './read-card.ts';
import { requireOwnChannel } from './own-channel.ts';
import type { SlackTeam } from './teams.ts';
import { uploadFile } from './upload.ts';
import { showNoFile } from './views/no-file.ts';
import { cutLine, cutMrkdwn, nameOf } from './views/text.ts';

// Longer than the calls of one try take.
const LEASE_SECONDS = 60;
const BUSY_MS = 2_000;
// Slack's codes for a place that the app may not post to, or that is gone, and our own for one that others read.
const NO_PLACE =
  /^(not_in_channel|channel_not_found|is_archived|thread_not_found|message_not_found|shared_with_others|sharing_unknown)$/;

/** Puts a pitch into Slack as a PDF, once. What it prints is what the page and `fieldnote pitch --pdf` print. */
export function createFileJob(deps: Delivering) {
  const { db } = deps;
  return async (
    { workspaceId, fileId }: { workspaceId: string; fileId: string },
    signal: AbortSignal,
  ): Promise<JobResult> => {
    const file = await db.inWorkspace(workspaceId, (tx) => takeFile(tx, fileId, LEASE_SECONDS));
    if (file === 'closed') return 'done';
    if (file === 'busy') return { againInMs: BUSY_MS };
    try {
      const reason = await send(deps, file, signal);
      await db.inWorkspace(workspaceId, (tx) => closeFile(tx, file, reason));
      return 'done';
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      if (file.channelId !== null && NO_PLACE.test(error.code ?? '')) {
        await db.inWorkspace(workspaceId, async (tx) => {
          await sendFileToPerson(tx, file);
          await releaseFile(tx, file);
        });
        return { againInMs: 0 };
      }
      const wait = waitAfter(error, { attempt: file.attempt, plannedAt: file.askedAt });
      if (wait !== null) {
        await db.inWorkspace(workspaceId, (tx) => releaseFile(tx, file));
        return wait;
      }
      await sayWhy(deps, file, error);
      await db.inWorkspace(workspaceId, (tx) => closeFile(tx, file, error.message));
      return 'done';
    }
  };
}

type Place = { team: SlackTeam; channel: string; threadTs: string | undefined };

/** @returns why there is nothing to send; null: it stands there. @throws ProviderError */
async function send(deps: Delivering, file: SlackFile, signal: AbortSignal): Promise<string | null> {
  const sheet = await readPitch(deps, file);
  if (sheet === null) return 'there is no pitch any more';
  const place = await findPlace(deps, file);
  if (place === null) return 'the Slack workspace is not connected any more';
  const { team, channel, threadTs } = place;
  const client = deps.clients.of(team.token);
  const at = { channel, botUserId: team.botUserId, since: file.askedAt, ...(threadTs ? { threadTs } : {}) };
  const stands = ({ files = [] }: { files?: { id?: string }[] }): boolean =>
    files.some(({ id }) => id === file.fileId);
  if (file.fileId !== null && (await findOwn(client, at, stands)) !== null) return null;
  await requireOwnChannel(client, channel);

  const title = `Pitch for ${cutLine(nameOf(sheet), 80)}`;
  const name = `${sheet.domain.replaceAll(/[^a-z0-9.-]/g, '_')}.pdf`;
  const bytes = await deps.printPitch(sheet);
  const id = await uploadFile(client, { name, title, bytes }, { ...deps, signal });
  // Whoever comes after us, should we be killed, looks for it there.
  const hold = (held: string | null): Promise<boolean> =>
    deps.db.inWorkspace(file.workspaceId, (tx) => noteFile(tx, file, held));
  if (!(await hold(id))) return null;
  try {
    await client.call('files.completeUploadExternal', (api) =>
      api.files.completeUploadExternal({
        files: [{ id, title }],
        channel_id: channel,
        initial_comment: cutMrkdwn(title, 100),
        ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
      }),
    );
  } catch (error) {
    if (error instanceof ProviderError && !error.maybeApplied) await hold(null);
    throw error;
  }
  return null;
}

async function findPlace(deps: Delivering, file: SlackFile): Promise<Place | null> {
  const team = await deps.teams.find(file.teamId);
  if (team === null) return null;
  const channel = file.channelId ?? (await openDirectMessage(deps.clients.of(team.token), file.userId));
  return { team, channel, threadTs: file.threadTs ?? undefined };
}

/** Null where the company has no pitch. */
function readPitch(
  { db, seller, publicUrl }: Delivering,
  { workspaceId, companyId, pitchId }: SlackFile,
): Promise<Sheet | null> {
  return db.inWorkspace(workspaceId, async (tx) => {
    const company = await findCompany(tx, companyId);
    const pitch = await (pitchId === null ? findCurrentPitch(tx, companyId) : findPitch(tx, pitchId));
    if (company === null || pitch === null) return null;
    return readSheet(tx, company, { seller, publicUrl }, pitch);
  });
}

/** Where the PDF was to go it says why it did not, and where it is. */
async function sayWhy(deps: Delivering, file: SlackFile, error: ProviderError): Promise<void> {
  if (!isTokenRefused(error)) deps.onError(error, 'a PDF for somebody in Slack');
  const company = await deps.db.inWorkspace(file.workspaceId, (tx) => findCompany(tx, file.companyId));
  if (company === null) return;
  try {
    const place = await findPlace(deps, file);
    if (place === null) return;
    const { team, channel, threadTs } = place;
    await postOnce(deps.clients.of(team.token), {
      channel,
      key: `file ${file.id}`,
      message: showNoFile({
        name: nameOf(company),
        why: error.message,
        fix: error.fix ?? null,
        url: `${pageOf(deps.publicUrl, company.domain)}/pitch.pdf`,
      }),
      mayHaveBeenSent: file.attempt > 1,
      botUserId: team.botUserId,
      ...(threadTs === undefined ? {} : { threadTs }),
    });
  } catch (problem) {
    // The first one was logged; this place takes nothing at all.
    if (!(problem instanceof ProviderError)) throw problem;
  }
}
