/** What a model can make out in a prompt: the questions, whom they are about, and the numbered documents. */
export type Reading = {
  kinds: { kind: string; contrary: boolean; words: Map<string, number> }[];
  roles: { role: string; title: string }[];
  /** The name that the documents are read for; empty when the prompt names none. */
  company: string;
  sentences: Sentence[];
};

export type Sentence = { text: string; source: number };

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
const STOP = new Set(
  'a an the and or of to in on for with by from at as is are was were be been has have had it its that this these those their they which who what when own than then not no any all more most such other into over per use uses using used company companies itself text names name says said say sells sell makes make made builds build develops develop designs design works work product products provides provide offers offer helps help needs need called calls field way large'.split(
    ' ',
  ),
);

/** Reads a prompt as written: questions as JSON in the first message, documents between numbered marks in the others. */
export function readPrompt(messages: readonly { role: string; content: string }[]): Reading {
  const instructions = messages.filter(({ role }) => role === 'system' || role === 'developer');
  const asked = messages.filter(({ role }) => role === 'user').map(({ content }) => content);
  const objects = instructions.flatMap(({ content }) => objectsIn(content));
  const prompt = asked[0] ?? '';
  return {
    kinds: weighWords(
      objects.flatMap((each) =>
        pairOf(each, ['kind', 'key'], ['means', 'definition', 'description']).map(([kind, means]) => ({
          kind,
          means,
          contrary: each.polarity === 'contrary',
        })),
      ),
    ),
    roles: objects
      .flatMap((each) => pairOf(each, ['role'], ['title', 'label']))
      .map(([role, title]) => ({ role, title })),
    company: /^Company:\s*(.*?)(?:\s*\([^()]*\))?\s*$/m.exec(prompt)?.[1] ?? '',
    sentences: documentsIn(prompt).flatMap(({ number, text }) => sentencesOf(text, number)),
  };
}

/** Every object in a text that is JSON, outer ones first, inner ones included. */
export function objectsIn(text: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (typeof value === 'object' && value !== null) {
      found.push({ ...value });
      Object.values(value).forEach(collect);
    }
  };
  for (const block of text.split(/\n\s*\n|\n(?=[[{])/)) {
    const start = block.search(/[[{]/);
    if (start === -1) continue;
    try {
      collect(JSON.parse(block.slice(start)));
    } catch {
      // Prose that happens to hold a brace.
      continue;
    }
  }
  return found;
}

function pairOf(object: Record<string, unknown>, names: string[], values: string[]): [string, string][] {
  const name = names.map((key) => object[key]).find((value) => typeof value === 'string');
  const text = values.map((key) => object[key]).find((value) => typeof value === 'string');
  return typeof name === 'string' && typeof text === 'string' ? [[name, text]] : [];
}

function documentsIn(prompt: string): { number: number; text: string }[] {
  const marked = [...prompt.matchAll(/<<<\s*SOURCE (\d+)\n([\s\S]*?)\n?SOURCE \1\s*>>>/g)];
  return marked.map((match) => {
    const block = match[2] ?? '';
    const head = block.indexOf('\ntext:');
    return { number: Number(match[1]), text: head === -1 ? block : block.slice(head + '\ntext:'.length) };
  });
}

/** A text's sentences, each verbatim and on one line of the text. */
export function sentencesOf(text: string, source: number): Sentence[] {
  return text
    .split(/\n|\[\.\.\.\]/)
    .flatMap((line) => [...segmenter.segment(line)].map(({ segment }) => segment.trim()))
    .filter((sentence) => sentence.length >= 20 && sentence.length <= 700)
    .map((sentence) => ({ text: sentence, source }));
}

/** The words of a text that carry meaning, without their endings. */
export function wordsOf(text: string): Set<string> {
  const words = text.toLowerCase().match(/\p{L}[\p{L}\p{N}]+/gu) ?? [];
  return new Set(
    words.filter((word) => !STOP.has(word)).map((word) => word.replace(/(?<=.{3})(ing|ed|es|s|e)$/, '')),
  );
}

/** Words that few kinds use tell kinds apart, so they weigh more. */
function weighWords(kinds: readonly { kind: string; means: string; contrary: boolean }[]): Reading['kinds'] {
  const split = kinds.map(({ kind, means, contrary }) => ({
    kind,
    contrary,
    words: wordsOf(`${kind.replaceAll('-', ' ')} ${means}`),
  }));
  const uses = new Map<string, number>();
  for (const { words } of split) for (const word of words) uses.set(word, (uses.get(word) ?? 0) + 1);
  return split.map(({ words, ...rest }) => ({
    ...rest,
    words: new Map([...words].map((word) => [word, 1 / (uses.get(word) ?? 1)])),
  }));
}
