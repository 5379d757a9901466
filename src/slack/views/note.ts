import { line, rich, text } from './blocks.ts';
import { cutLine, cutMrkdwn } from './text.ts';
import type { Message } from './types.ts';

/** Something was done, and nothing more is to be said. */
export function showNote(said: string): Message {
  return { text: cutMrkdwn(said, 300), blocks: [rich(line(text(`✓ ${cutLine(said, 300)}`)))] };
}
