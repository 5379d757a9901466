import { wordsOf } from './rank.ts';

// "maximum 500 characters each" and the mark between chunks: Tavily's description of chunks_per_source.
const CHUNK_LENGTH = 500;
const CHUNK_MARK = ' [...] ';

/** Cuts a text at sentence ends into pieces of at most 500 characters. */
function cutChunks(text: string): string[] {
  const chunks: string[] = [];
  let chunk = '';
  for (const sentence of text
    .replace(/\s+/g, ' ')
    .trim()
    .split(/(?<=[.!?。！？])\s+/)) {
    for (let rest = sentence; rest !== ''; rest = rest.slice(CHUNK_LENGTH)) {
      const piece = rest.slice(0, CHUNK_LENGTH);
      if (chunk !== '' && chunk.length + 1 + piece.length > CHUNK_LENGTH) {
        chunks.push(chunk);
        chunk = '';
      }
      chunk = chunk === '' ? piece : `${chunk} ${piece}`;
    }
  }
  if (chunk !== '') chunks.push(chunk);
  return chunks;
}

/** The pieces that share most words with the query, in the text's own order, joined as Tavily joins them. */
export function pickChunks(text: string, query: string, most: number): string {
  const chunks = cutChunks(text);
  if (chunks.length <= most) return chunks.join(' ');
  const wanted = new Set(wordsOf(query));
  return chunks
    .map((chunk, index) => ({
      chunk,
      index,
      shared: new Set(wordsOf(chunk).filter((word) => wanted.has(word))).size,
    }))
    .toSorted((a, b) => b.shared - a.shared || a.index - b.index)
    .slice(0, most)
    .toSorted((a, b) => a.index - b.index)
    .map(({ chunk }) => chunk)
    .join(CHUNK_MARK);
}
