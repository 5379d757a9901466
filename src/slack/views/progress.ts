import type { RichTextBlockElement, RichTextSection } from '@slack/types';
import { context, line, list, paragraph, rich, text } from './blocks.ts';
import { count, cutLine, cutMrkdwn } from './text.ts';
import type { Message, ProgressData } from './types.ts';

type At = ProgressData['companies'][number]['at'];

// In the order of the product. What a person waits for, in their words.
const STEPS: readonly { at: At; doing: string }[] = [
  { at: 'research', doing: 'Reading the web' },
  { at: 'extract', doing: 'Finding what matters in it' },
  { at: 'score', doing: 'Scoring' },
  { at: 'personas', doing: 'Naming the people to talk to' },
  { at: 'pitch', doing: 'Writing the pitch' },
  { at: 'write-back', doing: 'Preparing the CRM fields' },
];
const WAITING = 'Waiting for a free place';
const COMPANIES_SHOWN = 20;

/**
 * A lookup under way: one company stage by stage, several a line each. Shown again and again, where Slack allows it in the same place
 * (`inPlace`), which the answer then takes.
 */
export function showProgress(
  { companies, seconds, purpose = 'score' }: ProgressData,
  { inPlace = true } = {},
): Message {
  const [first] = companies;
  const one = companies.length === 1 && first !== undefined ? first : null;
  const title = one
    ? cutLine(one.subject, 80) || 'the company'
    : count(companies.length, 'company', 'companies');
  const ready = companies.filter(({ at }) => at === 'done' || at === 'failed').length;
  const doing = one ? describeAt(one.at) : `${ready} of ${companies.length} ready`;
  const verb = purpose === 'pitch' ? 'The pitch for' : 'Scoring';
  const scoring = line(text(`${verb} `), text(title, 'bold'));
  return {
    text: `${verb} ${cutMrkdwn(title, 100)}: ${doing}`,
    blocks: [
      ...(one ? [rich(paragraph([scoring, ...showSteps(one.at)]))] : [rich(scoring, ...showEach(companies))]),
      context([
        describeTime(seconds),
        inPlace ? 'the answer replaces this message' : 'the answer comes below',
      ]),
    ],
  };
}

function showSteps(at: At): RichTextSection[] {
  const reached = STEPS.findIndex((step) => step.at === at);
  const done = at === 'done' || at === 'failed' ? STEPS.length : reached;
  if (at === 'waiting') return [line(text(`○ ${WAITING}`))];
  return STEPS.map(({ doing }, index) =>
    index < done
      ? line(text(`✓ ${doing}`))
      : index === reached
        ? line(text(`▸ ${doing} …`, 'bold'))
        : line(text(`○ ${doing}`)),
  );
}

function showEach(companies: ProgressData['companies']): RichTextBlockElement[] {
  const lines = companies
    .slice(0, COMPANIES_SHOWN)
    .map(({ subject, at }) => line(text(cutLine(subject, 60), 'bold'), text(`  ${describeAt(at)}`)));
  const rest = companies.length - lines.length;
  return list(rest > 0 ? [...lines, line(text(`and ${rest} more`))] : lines);
}

function describeAt(at: At): string {
  if (at === 'waiting') return WAITING;
  if (at === 'done') return 'Ready';
  if (at === 'failed') return 'Did not work';
  return STEPS.find((step) => step.at === at)?.doing ?? at;
}

function describeTime(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 90 ? `${whole} s so far` : `${Math.round(whole / 60)} min so far`;
}
