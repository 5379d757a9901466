import { createHash } from 'node:crypto';
import { mergeParts, splitParts } from './merge-parts.ts';
import type { Part } from './merge-parts.ts';
import { findStrangeLinks, removeStrangeLinks } from './plain-text.ts';
import { replacePoints } from './replace-points.ts';
import type { EditCite, EditField, PitchEdit } from './store/pitch-edits.ts';
import type { Citation, Pitch } from './store/pitches.ts';

/** A field that shows what a person wrote. */
type EditedField = {
  field: EditField;
  editedBy: string;
  editedAt: Date;
  /** How many of its points or paragraphs are a person's; the others follow each new version. */
  parts: { theirs: number; all: number };
};

/** A version of a pitch as people see it: with their edits. */
export type ShownPitch = Pitch & {
  edited: readonly EditedField[];
  /** Changes with each version and each edit. */
  revision: string;
};

const MARK = / ?\[(S?\d{1,4})\]/g;
const SOURCES = '\n\nSources\n[';
const OWN_LINE = /^\[(S\d+)\] “([\s\S]*)” our own$/;

/** The text without the list of sources below it, and what the seller says of itself by its marks. */
export function splitSources(text: string): { body: string; own: Map<string, string> } {
  const at = text.lastIndexOf(SOURCES);
  if (at === -1) return { body: text, own: new Map() };
  const lines = text.slice(at + SOURCES.length - 1).split('\n');
  const own = lines.flatMap((line): [string, string][] => {
    const [, mark, quote] = OWN_LINE.exec(line) ?? [];
    return mark === undefined || quote === undefined ? [] : [[mark, quote]];
  });
  return { body: text.slice(0, at), own: new Map(own) };
}

/** What the marks in a text stand for in the version that its writer saw. */
export function citesOf(text: string, pitch: Pitch): EditCite[] {
  const { own } = splitSources(pitch.text);
  const marks = new Set([...text.matchAll(MARK)].flatMap(([, mark]) => mark ?? []));
  return [...marks].flatMap((mark): EditCite[] => {
    const said = own.get(mark);
    if (said !== undefined) return [{ mark, quote: said, url: null }];
    const cited = pitch.citations.find(({ number }) => String(number) === mark);
    return cited === undefined ? [] : [{ mark, quote: cited.quote, url: cited.url }];
  });
}

/**
 * A version with people's edits in their places: the points and paragraphs that they changed, with all others as the version has them. A mark
 * in an edit keeps its source whatever number that has now; one without a source is taken out. Edited points and the edited call stand in the
 * text, too, but where it was edited itself.
 */
export function applyEdits(pitch: Pitch, edits: readonly PitchEdit[]): ShownPitch {
  const revision = createHash('sha256')
    .update([pitch.id, pitch.writtenAt.toISOString(), ...edits.map(({ id }) => id)].join(' '))
    .digest('hex')
    .slice(0, 16);
  if (edits.length === 0) return { ...pitch, edited: [], revision };

  const citations: Citation[] = [...pitch.citations];
  const { body, own } = splitSources(pitch.text);
  const renumber = (text: string, cites: readonly EditCite[]): string =>
    text.replaceAll(MARK, (found, mark: string) => {
      const cite = cites.find((one) => one.mark === mark);
      if (cite === undefined) return '';
      const space = found.startsWith(' ') ? ' ' : '';
      return `${space}[${cite.url === null ? markOwn(own, cite.quote) : numberOf(citations, cite.quote, cite.url)}]`;
    });
  const lay = ({ cites }: PitchEdit, parts: readonly Part[]): Part[] =>
    parts.map((part) => (part.of === null ? { ...part, text: renumber(part.text, cites) } : part));
  const edited: EditedField[] = [];
  const note = ({ field, editedBy, editedAt }: PitchEdit, parts: readonly Part[]): void => {
    const theirs = parts.filter(({ of }) => of === null).length;
    edited.push({ field, editedBy, editedAt, parts: { theirs, all: parts.length } });
  };
  let points = pitch.keyPoints.map((text, of): Part => ({ text, of }));
  let { callToAction } = pitch;
  for (const edit of edits) {
    if (edit.field === 'text') continue;
    const parts =
      edit.field === 'keyPoints'
        ? mergeParts(edit.was ?? [], edit.value, pitch.keyPoints)
        : [{ text: edit.value, of: null }];
    note(edit, parts);
    if (edit.field === 'keyPoints') points = lay(edit, parts);
    else callToAction = renumber(edit.value, edit.cites);
  }
  const keyPoints = points.map(({ text }) => text);
  let shown = replaceCall(replacePoints(body, pitch.keyPoints, points), pitch.callToAction, callToAction);
  for (const edit of edits) {
    if (edit.field !== 'text') continue;
    const parts = mergeParts(edit.was ?? [], splitParts(edit.value), splitParts(shown.trim()));
    note(edit, parts);
    shown = lay(edit, parts)
      .map(({ text }) => text)
      .join('\n\n');
  }
  const all = [shown, callToAction, ...keyPoints].join('\n');
  const cited = citations.filter(({ number }) => all.includes(`[${number}]`));
  const urls = cited.map(({ url }) => url);
  const lines = [
    ...cited.map(({ number, quote, url }) => `[${number}] “${removeStrangeLinks(quote, urls)}” ${url}`),
    ...[...own].flatMap(([mark, quote]) =>
      all.includes(`[${mark}]`) ? [`[${mark}] “${quote}” our own`] : [],
    ),
  ];
  return {
    ...pitch,
    keyPoints,
    callToAction,
    text: lines.length === 0 ? shown : `${shown}\n\nSources\n${lines.join('\n')}`,
    citations: cited,
    edited,
    revision,
  };
}

/**
 * A text with marks of one version → the same with those of another: each keeps its source, and one whose source is not there any more is
 * taken out.
 */
export function carryMarks(text: string, from: Pitch, to: Pitch): string {
  const cites = citesOf(text, from);
  const { own } = splitSources(to.text);
  return text.replaceAll(MARK, (found, mark: string) => {
    const cite = cites.find((one) => one.mark === mark);
    const now =
      cite?.url === null
        ? [...own].find(([, said]) => said === cite.quote)?.[0]
        : to.citations.find(({ quote, url }) => quote === cite?.quote && url === cite.url)?.number;
    return now === undefined ? '' : `${found.startsWith(' ') ? ' ' : ''}[${now}]`;
  });
}

/** What a person put there themselves: the link to their calendar, say. Nothing else of a pitch holds a link that is no source's. */
export function linksOfPeople({
  edited,
  text,
  callToAction,
  keyPoints,
}: Pick<ShownPitch, 'edited' | 'text' | 'callToAction' | 'keyPoints'>): string[] {
  return edited.length === 0 ? [] : findStrangeLinks([text, callToAction, ...keyPoints].join('\n'), []);
}

function numberOf(citations: Citation[], quote: string, url: string): number {
  const known = citations.find((one) => one.quote === quote && one.url === url);
  if (known !== undefined) return known.number;
  const number = Math.max(0, ...citations.map((one) => one.number)) + 1;
  citations.push({ number, quote, url });
  return number;
}

function markOwn(own: Map<string, string>, quote: string): string {
  const known = [...own].find(([, said]) => said === quote)?.[0];
  if (known !== undefined) return known;
  const mark = `S${Math.max(0, ...[...own.keys()].map((one) => Number(one.slice(1)))) + 1}`;
  own.set(mark, quote);
  return mark;
}

function replaceCall(body: string, before: string, after: string): string {
  const at = before === '' ? -1 : body.lastIndexOf(before);
  return at === -1 || before === after ? body : body.slice(0, at) + after + body.slice(at + before.length);
}
