import { header, line, list, paragraph, rich, text } from './blocks.ts';
import type { Message } from './types.ts';

const COMMANDS: readonly { say: string; means: string }[] = [
  { say: '/score acme.com', means: 'the score of a company, why, and whom to talk to' },
  { say: '/score Acme', means: 'the same by name; a web address or an e-mail address will do as well' },
  { say: '/score acme.com beta.io', means: 'several at once' },
  { say: '/compare acme.com beta.io', means: 'two to ten companies side by side' },
  { say: '/pitch acme.com', means: 'what to tell them, every fact with its source' },
  { say: '/pitch acme.com technical', means: 'the same from another template' },
  { say: '/score alerts', means: 'what this channel hears by itself, and when' },
];

/** What one can ask. */
export function showHelp(): Message {
  return {
    text: 'Ask for a company: /score acme.com',
    blocks: [
      header('What you can ask'),
      rich(...list(COMMANDS.map(({ say, means }) => line(text(say, 'bold'), text(`  ${means}`))))),
      rich(
        paragraph([
          line(
            text(
              'Without the slash the same in a direct message to this app, or behind its name in a channel: ',
            ),
            text('@Fieldnote acme.com', 'bold'),
          ),
          line(text('In the menu of any message: '), text('Score this company', 'bold')),
          line(text('The Home tab of this app shows your accounts and what moved this week.')),
        ]),
      ),
    ],
  };
}
