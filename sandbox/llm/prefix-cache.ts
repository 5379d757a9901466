/** Says how much of a prompt the server has seen before, from its beginning on, as a GPU server's prefix cache does. */
export type PrefixCache = {
  /** Tokens of the longest prefix that an earlier prompt shared, in whole blocks; remembers this prompt. */
  match(prompt: string): number;
};

// vLLM keeps its cache in blocks of 16 tokens; a token is four characters here.
const BLOCK_TOKENS = 16;
const BLOCK_CHARACTERS = BLOCK_TOKENS * 4;
const KEPT_BLOCKS = 500_000;

export function createPrefixCache(): PrefixCache {
  const seen = new Set<string>();
  return {
    match: (prompt) => {
      let matched = 0;
      let broken = false;
      // Two running hashes over everything so far: a block is known only together with all that came before it.
      let low = 0x811c9dc5;
      let high = 0x9e3779b9;
      const blocks = Math.floor(prompt.length / BLOCK_CHARACTERS);
      for (let block = 0; block < blocks; block += 1) {
        const end = (block + 1) * BLOCK_CHARACTERS;
        for (let index = end - BLOCK_CHARACTERS; index < end; index += 1) {
          const code = prompt.charCodeAt(index);
          low = Math.imul(low ^ code, 0x01000193);
          high = Math.imul(high ^ code, 0x85ebca6b) ^ (high >>> 13);
        }
        const key = `${low}:${high}`;
        broken ||= !seen.has(key);
        if (broken) seen.add(key);
        else matched += BLOCK_TOKENS;
      }
      for (const oldest of seen) {
        if (seen.size <= KEPT_BLOCKS) break;
        seen.delete(oldest);
      }
      return matched;
    },
  };
}
