import type { KnownBlock } from '@slack/types';
import { ACTIONS, actionOfChoice, packChoice } from './actions.ts';
import { button, context, section } from './blocks.ts';
import { describeScore } from './standing.ts';
import { cutLine, cutMrkdwn, nameOf } from './text.ts';
import type { ChoiceData, Message } from './types.ts';

const SHOWN = 10;

/** A name that fits several companies: one button each. */
export function showChoice({ asked, purpose, companies, more, template = null }: ChoiceData): Message {
  const shown = companies.slice(0, SHOWN);
  const hidden = more + companies.length - shown.length;
  const action = actionOfChoice(purpose);
  const label = action === ACTIONS.chooseForPitch ? 'Pitch' : 'Score';
  const blocks: KnownBlock[] = [
    section(`Which “${cutLine(asked, 80)}”?`),
    ...shown.map((company, number) => ({
      ...section([nameOf(company), cutLine(company.domain, 80), describeStanding(company)].join(' · ')),
      accessory: button(label, action, { value: packChoice(company.companyId, template), number }),
    })),
  ];
  if (hidden > 0) blocks.push(context([`${hidden} more fit: ask with the domain, such as acme.com`]));
  return { text: `Which “${cutMrkdwn(asked, 80)}”? ${shown.length + hidden} companies fit.`, blocks };
}

function describeStanding(company: ChoiceData['companies'][number]): string {
  return company.score === null ? 'no score yet' : describeScore(company);
}
