import { nameEdits } from '../name-edits.ts';
import { nameWriter } from '../name-writer.ts';
import { cleanText } from '../plain-text.ts';
import { splitSources } from '../apply-edits.ts';
import type { ShownPitch } from '../apply-edits.ts';
import type { Sheet, ShownPart } from './sheet.ts';

// A page of text; a letter that is longer is read on the company's page.
const MOST_PARTS = 48;
const MOST_PART = 900;
const MOST_TEXT = 12_000;
const MOST_CALL = 600;
const MOST_HEAD = 70;
const ITEM = /^\s*[-•*] /;

/** What the sheet shows besides, and how it shows it. */
type Beside = {
  numberOf(url: string): number;
  show(text: string, most: number): string;
  /** The quotes that stand on it, as stored. */
  quotes: ReadonlySet<string>;
  /** Titles of the personas on it. */
  roles: readonly string[];
};

/**
 * A stored pitch → the parts of its text without the list of sources, its marks numbered as on the sheet. What stands on the sheet
 * already is not said again: a point that repeats a quote is cut to its mark, a role to its name.
 */
export function showPitch(pitch: ShownPitch, sheet: Beside): NonNullable<Sheet['pitch']> {
  const urls = new Map(pitch.citations.map(({ number, url }) => [String(number), url]));
  const renumber = (text: string): string =>
    text.replaceAll(/\[S\d{1,2}\]/g, '(our own)').replaceAll(/\[(\d{1,4})\]/g, (mark, number: string) => {
      const url = urls.get(number);
      return url === undefined ? mark : `[${sheet.numberOf(url)}]`;
    });
  const tidy = (text: string, most: number): string => sheet.show(renumber(text), most);
  const { body } = splitSources(pitch.text);
  const lines = withoutCall(cleanText(body.slice(0, MOST_TEXT)).split('\n'), pitch.callToAction);
  const repeated = { count: 0 };
  const said = new Set<string>();
  let isRole = false;
  const parts = lines.flatMap((line, index): ShownPart[] => {
    const text = line.trim();
    if (text === '') return [];
    const [before, next] = [lines[index - 1] ?? '', lines[index + 1] ?? ''];
    const joined = before.trim() !== '';
    if (ITEM.test(line)) {
      const bare = refer(text.slice(2), sheet.quotes);
      const item = tidy(bare, MOST_PART);
      isRole = sheet.roles.some((role) => role !== '' && text.slice(2).startsWith(role));
      if (bare !== text.slice(2)) repeated.count += 1;
      if (said.has(item)) return [];
      said.add(item);
      return [{ kind: 'item', text: item, joined }];
    }
    if (/^ {2,}/.test(line) && joined) {
      if (isRole) repeated.count += 1;
      return isRole ? [] : [{ kind: 'under', text: tidy(text, MOST_PART), joined }];
    }
    const isHead = text.length <= MOST_HEAD && !/[.?!”"\]]$/.test(text) && ITEM.test(next);
    return [{ kind: isHead ? 'head' : 'text', text: tidy(text, MOST_PART), joined }];
  });
  const note = describe(pitch, repeated.count > 0);
  return {
    parts: parts.slice(0, MOST_PARTS),
    shortened: parts.length > MOST_PARTS || body.length > MOST_TEXT,
    callToAction: tidy(pitch.callToAction, MOST_CALL),
    note: sheet.show(note, MOST_CALL),
  };
}

/** The call to action ends the sheet in a place of its own, under a heading of its own. */
function withoutCall(lines: readonly string[], callToAction: string): string[] {
  const call = cleanText(callToAction).trim();
  const at = call === '' ? -1 : lines.findLastIndex((line) => line.trim() === call);
  if (at === -1) return [...lines];
  const title = /^next step:?$/i.test(lines[at - 1]?.trim() ?? '') ? 1 : 0;
  return lines.filter((_line, index) => index < at - title || index > at);
}

/** "Hires GPU engineers: “We are hiring …” [4]" → "Hires GPU engineers [4]", where that quote stands elsewhere. */
function refer(item: string, quotes: ReadonlySet<string>): string {
  return item.replaceAll(/:? “([^”]*)” (?=\[\d+\])/g, (found, quote: string) =>
    quotes.has(quote) ? ' ' : found,
  );
}

function describe(pitch: ShownPitch, repeats: boolean): string {
  const { template, cut, edited } = pitch;
  const dropped =
    cut === 1
      ? '1 sentence that no source proves was cut'
      : `${cut} sentences that no source proves were cut`;
  return [
    `Template ${template}`,
    nameWriter(pitch),
    ...(cut === 0 ? [] : [dropped]),
    ...nameEdits(edited),
    ...(repeats ? ['what stands above is not repeated'] : []),
  ].join(' · ');
}
