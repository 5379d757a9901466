import { createRequire } from 'node:module';

type Encoding = {
  countTokens(text: string, options: { disallowedSpecial: Set<string> }): number;
};

const loadModule = createRequire(import.meta.url);
let encoding: Encoding | null = null;

// Text from outside may spell out special tokens; counting must not refuse it.
const ANY_TEXT = { disallowedSpecial: new Set<string>() };

/**
 * Counts tokens near enough to pace by: cl100k_base is within 0.1 % of Llama 3's tokenizer on English prose. The
 * 1.2 MB table is loaded at the first call, synchronously (about 60 ms).
 */
export function countTokens(text: string): number {
  encoding ??= loadEncoding();
  // Byte-pair merging is quadratic in an unbroken run (50,000 letters take half a second), so runs are broken up.
  const broken = text.replaceAll(/\S{500}/g, '$& ').replaceAll(/\s{500}/g, '$&.');
  return encoding.countTokens(broken, ANY_TEXT);
}

function loadEncoding(): Encoding {
  const loaded: Encoding = loadModule('gpt-tokenizer/encoding/cl100k_base');
  return loaded;
}
