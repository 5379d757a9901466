/** Why a sentence was cut, for people to read. The keys are those of `checkSentence`. */
const BECAUSE: Record<string, string> = {
  empty: 'It says nothing.',
  link: 'It holds a link.',
  markup: 'It holds markup.',
  'no-such-source': 'It cites a source that is not there.',
  number: 'Its number does not stand in the quote.',
  name: 'It names what the quote does not.',
  negation: 'Its yes or no is not the quote’s.',
  speaker: 'The quote does not speak of the one whom it speaks of.',
  joined: 'It joins two quotes; each part must stand in one alone.',
  'never-claimed': 'It says what your profile never claims.',
  unsupported: 'A word of it does not stand in the quote.',
  uncited: 'It states something and cites nothing.',
};

/** What was cut of a pitch: each sentence, and which check it failed. */
export function describeCuts(cuts: readonly { text: string; reason: string }[]) {
  return cuts.map(({ text, reason }) => ({ text, because: BECAUSE[reason] ?? reason }));
}
