import { createHash } from 'node:crypto';
import { foldSpace } from './strip.ts';

/** SHA-256 (hex) of a text after white space is folded: layout alone is no change. */
export function contentHash(text: string): string {
  return createHash('sha256').update(foldSpace(text)).digest('hex');
}
