import { createHash } from 'node:crypto';
import type { CrmNote } from '../../connectors/crm-notes.ts';
import { cleanLine, removeStrangeLinks } from '../plain-text.ts';
import type { NoteWrite } from '../store/writes-notes.ts';
import type { ScoreText } from './texts.ts';

const REASONS = 3;
const KEY_LENGTH = 12;

/**
 * What a note says of a band that changed: the old one, the new one, and the strongest reasons, each with its quote and source.
 * First line: the title. Texts of others are cleaned, and no address stands in it but the sources' and `moreAt`.
 */
export function describeBandChange(
  change: { from: string; to: string },
  score: ScoreText,
  moreAt: string,
): string {
  const title = `Fieldnote: band ${cleanLine(change.from)} → ${cleanLine(change.to)}`;
  const strongest = score.reasons
    .filter(({ quote, url }) => quote !== null && url !== null)
    .toSorted((one, other) => Math.abs(other.points) - Math.abs(one.points))
    .slice(0, REASONS);
  const reasons = strongest.map(({ label, points, quote, url }) => {
    const sign = points < 0 ? '−' : '+';
    return `${sign}${Math.round(Math.abs(points) * 10) / 10} ${cleanLine(label)}: “${cleanLine(quote ?? '')}” ${cleanLine(url ?? '')}`;
  });
  const head =
    score.score === null
      ? `No score any more: ${cleanLine(score.why ?? 'there is not enough evidence')}`
      : `The score is ${Math.round(score.score * 10) / 10} of 100, confidence ${Math.round(score.confidence * 100)} %.`;
  const urls = [...strongest.flatMap(({ url }) => url ?? []), moreAt];
  const lines = [head, ...reasons, `All reasons: ${moreAt}`];
  return [title, '', ...lines].map((line) => removeStrangeLinks(line, urls)).join('\n');
}

/** A row as the note that it asks for, or that is to be removed; its key is the row's own in this workspace. */
export function toCrmNote(workspaceId: string, row: NoteWrite): CrmNote {
  const { object, externalId, madeBy, text, plannedText } = row;
  const [title = '', ...rest] = String(text ?? '').split('\n');
  const digest = createHash('sha256').update(`${workspaceId}/${madeBy}`).digest('hex');
  return {
    object,
    externalId,
    key: `FN-${digest.slice(0, KEY_LENGTH)}`,
    title,
    body: rest.join('\n').trim(),
    at: plannedText.toISOString(),
  };
}
