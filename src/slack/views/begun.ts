import { line, rich, text } from './blocks.ts';
import { count, cutLine, cutMrkdwn, nameOf } from './text.ts';
import type { Message } from './types.ts';

/** The reply to a command whose answer has to be found first. */
export function showBegun(
  companies: readonly { name: string; domain: string }[],
  form: 'card' | 'comparison' | 'pitch' = 'card',
): Message {
  const [first] = companies;
  const title =
    companies.length === 1 && first !== undefined
      ? cutLine(nameOf(first), 80)
      : count(companies.length, 'company', 'companies');
  if (form === 'pitch')
    return {
      text: `The pitch for ${cutMrkdwn(title, 100)}`,
      blocks: [rich(line(text('The pitch for '), text(title, 'bold'), text(' comes here.')))],
    };
  return {
    text: `Scoring ${cutMrkdwn(title, 100)}`,
    blocks: [rich(line(text('Scoring '), text(title, 'bold'), text(': the answer comes here.')))],
  };
}
