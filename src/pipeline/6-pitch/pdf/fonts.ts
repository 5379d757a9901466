import { readFileSync } from 'node:fs';
import { create } from 'fontkit';
import type { Font, Glyph } from 'fontkit';

/** What the design asks for. Which font draws a character is decided per character. */
export type Face = 'sans' | 'sans-bold' | 'serif' | 'serif-bold';

export type FontName = Face | 'arabic' | 'hebrew' | 'thai' | 'han' | 'hangul' | 'emoji';

const FILES: Record<FontName, string> = {
  sans: import.meta.resolve('@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf'),
  'sans-bold': import.meta.resolve('@expo-google-fonts/noto-sans/600SemiBold/NotoSans_600SemiBold.ttf'),
  serif: import.meta.resolve('@expo-google-fonts/source-serif-4/400Regular/SourceSerif4_400Regular.ttf'),
  'serif-bold': import.meta
    .resolve('@expo-google-fonts/source-serif-4/600SemiBold/SourceSerif4_600SemiBold.ttf'),
  arabic: import.meta.resolve('@expo-google-fonts/noto-sans-arabic/400Regular/NotoSansArabic_400Regular.ttf'),
  hebrew: import.meta.resolve('@expo-google-fonts/noto-sans-hebrew/400Regular/NotoSansHebrew_400Regular.ttf'),
  thai: import.meta.resolve('@expo-google-fonts/noto-sans-thai/400Regular/NotoSansThai_400Regular.ttf'),
  emoji: import.meta.resolve('@expo-google-fonts/noto-emoji/400Regular/NotoEmoji_400Regular.ttf'),
  // Cut down: the packages weigh 95 and 56 MB (fonts/README.md).
  han: new URL('./fonts/NotoSansSC-Subset.ttf', import.meta.url).href,
  hangul: new URL('./fonts/NotoSansKR-Subset.ttf', import.meta.url).href,
};

// Asked in this order, and only for their own characters: the larger ones are read when somebody needs them.
const FALLBACKS: readonly { name: FontName; covers: RegExp }[] = [
  { name: 'arabic', covers: /\p{Script_Extensions=Arabic}/u },
  { name: 'hebrew', covers: /\p{Script_Extensions=Hebrew}/u },
  { name: 'thai', covers: /\p{Script_Extensions=Thai}/u },
  { name: 'hangul', covers: /\p{Script_Extensions=Hangul}/u },
  {
    name: 'han',
    covers:
      /[\p{Script_Extensions=Han}\p{Script_Extensions=Hiragana}\p{Script_Extensions=Katakana}\uff00-\uffef]/u,
  },
  { name: 'emoji', covers: /\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Modifier}/u },
];

const SANS_OF: Record<Face, Face> = {
  sans: 'sans',
  'sans-bold': 'sans-bold',
  serif: 'sans',
  'serif-bold': 'sans-bold',
};

/** Stands for a character that none of the fonts can draw. */
export const UNKNOWN = '\uFFFD';

export type Fonts = {
  fontOf(name: FontName): Font;
  /** The font that draws a character in the place of `face`; null where none can. `before`: the font of the character before it. */
  choose(character: string, face: Face, before: FontName | null): FontName | null;
  /** Does the font of pictures draw this sequence of characters as one picture? */
  drawsAsOne(sequence: string): boolean;
  /** Words that were shaped before, for pdfkit to look up: most words of a sheet stand in the next one too. */
  shapedOf(name: FontName): Record<string, unknown>;
  /** Between sheets: forgets words where there are too many. */
  trim(): void;
};

// A word takes about a kilobyte; a sheet has some 700 different ones.
const MOST_WORDS = 5_000;
// A glyph takes some hundred bytes, most scripts have fewer.
const MOST_GLYPHS = 10_000;
const MOST_CHARACTERS = 20_000;
// Unicode lists some 3,700 (emoji-test.txt).
const MOST_SEQUENCES = 5_000;

/** The fonts, each read and parsed once, when it is first needed. */
export function openFonts(): Fonts {
  const parsed = new Map<FontName, Font>();
  const shaped = new Map<FontName, Record<string, unknown>>();
  const fontOf = (name: FontName): Font => {
    let font = parsed.get(name);
    if (font === undefined) {
      const file = create(readFileSync(new URL(FILES[name])));
      if (!('layout' in file)) throw new Error(`${FILES[name]} holds several fonts`);
      font = file;
      tellGlyphsApart(font);
      parsed.set(name, font);
    }
    return font;
  };
  const chosen = new Map<string, FontName | null>();
  const draws = (name: FontName, character: string): boolean =>
    fontOf(name).hasGlyphForCodePoint(character.codePointAt(0) ?? 0);
  const find = (character: string, face: Face): FontName | null => {
    if (draws(face, character)) return face;
    const sans = SANS_OF[face];
    if (sans !== face && draws(sans, character)) return sans;
    const found = FALLBACKS.find(({ name, covers }) => covers.test(character) && draws(name, character));
    return found?.name ?? null;
  };
  const joined = new Map<string, boolean>();
  return {
    fontOf,
    drawsAsOne: (sequence) => {
      const known = joined.get(sequence);
      if (known !== undefined) return known;
      if (joined.size >= MOST_SEQUENCES) joined.clear();
      const isOne = fontOf('emoji').layout(sequence).glyphs.length === 1;
      joined.set(sequence, isOne);
      return isOne;
    },
    choose: (character, face, before) => {
      // An accent belongs to its letter.
      if (before !== null && /\p{M}/u.test(character) && draws(before, character)) return before;
      const key = `${face} ${character}`;
      const known = chosen.get(key);
      if (known !== undefined) return known;
      if (chosen.size >= MOST_CHARACTERS) chosen.clear();
      const font = find(character, face);
      chosen.set(key, font);
      return font;
    },
    shapedOf: (name) => {
      const known: Record<string, unknown> = shaped.get(name) ?? Object.create(null);
      shaped.set(name, known);
      return known;
    },
    trim: () => {
      for (const [name, words] of shaped)
        if (Object.keys(words).length > MOST_WORDS) shaped.set(name, Object.create(null));
    },
  };
}

/**
 * The library keeps one glyph for each shape, with the first characters that it was asked for: a hyphen would be copied out of a
 * document as whichever of its look-alikes came first in any document. So each pair of shape and characters gets a glyph of its own.
 */
function tellGlyphsApart(font: Font): void {
  const make = font.getGlyph.bind(font);
  const known = new Map<string, Glyph>();
  font.getGlyph = (id, characters = []) => {
    const key = `${id} ${characters.join(' ')}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= MOST_GLYPHS) known.clear();
    Reflect.set(font, '_glyphs', {});
    const glyph = make(id, characters);
    known.set(key, glyph);
    return glyph;
  };
}
