import { cleanLine, removeStrangeLinks } from '../../pipeline/plain-text.ts';

// Far more than is ever shown: a megabyte from outside must not be cleaned to show sixty characters.
const READ_AT_MOST = 20_000;
// Shows as nothing without being a format character: the Hangul fillers, for one.
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
const LETTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * Text from outside → one line of at most `length` UTF-16 units without controls and invisible marks; what is cut ends in "…". Never
 * splits a letter from its accents. May be empty.
 */
export function cutLine(text: string, length: number): string {
  const line = cleanLine(cleanLine(text.slice(0, READ_AT_MOST)).replaceAll(INVISIBLE, ''));
  if (line.length <= length) return line;
  let cut = '';
  for (const { segment } of LETTERS.segment(line.slice(0, length + 1))) {
    if (cut.length + segment.length > length - 1) break;
    cut += segment;
  }
  return `${cut.trimEnd()}…`;
}

/**
 * The same for a message's `text`, which Slack reads as mrkdwn wherever blocks aren't shown (notifications, screen readers): no
 * mention, no formatting, no link. https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export function cutMrkdwn(text: string, length: number): string {
  // Formatting marks can't be escaped, only left out. Escaping lengthens: each & < > may take five.
  const plain = removeStrangeLinks(cutLine(text, length), []).replaceAll(/[*_~`]+/g, ' ');
  const escaped = plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return escaped.replaceAll(/ +/g, ' ').trim();
}

/** The name to call a company by; its domain, where the name shows nothing, be it only in a notification's text. */
export function nameOf({ name, domain }: { name: string; domain: string }, length = 60): string {
  const shown = [name, domain].find((one) => cutMrkdwn(one, length) !== '');
  return shown === undefined ? 'a company without a name' : cutLine(shown, length);
}

/** 12 things, 1 thing. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;
}
