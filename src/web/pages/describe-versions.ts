import { EDIT_LABELS, nameEditor } from '../../pipeline/name-edits.ts';
import { splitParts } from '../../pipeline/merge-parts.ts';
import { nameWriter } from '../../pipeline/name-writer.ts';
import type { PastEdit } from '../../pipeline/store/pitch-edits.ts';
import type { PitchVersion } from '../../pipeline/store/pitch-versions.ts';
import type { PitchMaking } from '../../pipeline/store/pitches.ts';
import { describeMoment } from './format.ts';

// So many changes stand there at once; the others unfold.
const CHANGES_SHOWN = 3;
const EXCERPT = 160;

/** The versions of a pitch, each with what it was made with and what changed against the one before. `path`: the company's. */
export function describeVersions(versions: readonly PitchVersion[], path: string) {
  return versions.map((version) => ({
    version: version.version,
    href: `${path}/pitches/${version.id}`,
    printed: `${path}/pitches/${version.id}/pitch.pdf`,
    at: describeMoment(version.writtenAt),
    shown: version.shown,
    current: version.current,
    manner: describeManner(version.madeWith),
    writer: nameWriter(version),
    cut: version.cut === 0 ? '' : `${version.cut} cut`,
    ...describeChanges(version.changes),
  }));
}

/** What is different from the version before; the first has none. */
export function describeChanges(changes: PitchMaking['changes']) {
  const lines = changes.map(({ text }) => text);
  return { changes: lines.slice(0, CHANGES_SHOWN), moreChanges: lines.slice(CHANGES_SHOWN) };
}

/** "direct, concise (92 words), focus on risk": empty for what was stored before that was kept. */
export function describeManner(madeWith: PitchMaking['madeWith']): string {
  if (madeWith === null) return '';
  const { settings, words } = madeWith;
  const { tone, length, focus, temperature, instructions } = settings;
  return [
    tone,
    `${length} (${words} words)`,
    ...(focus === 'balanced' ? [] : [`focus on ${focus === 'roi' ? 'ROI' : focus}`]),
    ...(temperature === null ? [] : [`temperature ${temperature}`]),
    ...(instructions === '' ? [] : ['with instructions of your own']),
  ].join(', ');
}

/** Edits, the newest first → who edited, who took it back, and the beginning of what they changed. */
export function describeEdits(edits: readonly PastEdit[]) {
  return edits.map((edit, index) => {
    const { field, was, editedBy, editedAt, undoneBy, undoneAt } = edit;
    // What somebody else had written before stood there, too.
    const earlier = edits
      .slice(index + 1)
      .filter((one) => one.field === field && (one.undoneAt === null || one.undoneAt > editedAt));
    const stood = new Set([...(was ?? []), ...earlier.flatMap(partsOf)].map(withoutMarks));
    const own = partsOf(edit).filter((part) => !stood.has(withoutMarks(part)));
    const text = own.join(' · ') || 'took something away';
    return {
      field: EDIT_LABELS[field],
      by: nameEditor(editedBy),
      at: describeMoment(editedAt),
      excerpt: text.length > EXCERPT ? `${text.slice(0, EXCERPT).toWellFormed()}…` : text,
      undone: undoneAt === null ? null : { by: nameEditor(undoneBy ?? ''), at: describeMoment(undoneAt) },
    };
  });
}

function partsOf({ value }: PastEdit): readonly string[] {
  return typeof value === 'string' ? splitParts(value) : value;
}

/** Each version numbers its sources anew. */
function withoutMarks(part: string): string {
  return part.replaceAll(/ ?\[S?\d{1,4}\]/g, '');
}
