import type { ReplyForm } from '../pipeline/store/slack-replies.ts';
import { readPitchQuestion } from './pitch-question.ts';
import type { TemplateWords } from './pitch-question.ts';
import { findDomains, readQuestion } from './question.ts';
import type { Question } from './question.ts';

/** What a command means. alerts: to set what a channel hears; asked: a question. */
export type Command =
  | { kind: 'alerts' }
  | { kind: 'asked'; form: ReplyForm; question: Question; template: TemplateWords | null };

const ALERTS = /^(?:(?:set|change|mute|stop)\s+)?(?:(?:the|my|channel)\s+)?(?:alerts?|notifications?)(?:\s+settings?)?$/i; // prettier-ignore
// "/score pitch acme.com" is no company's name.
const ANOTHER: readonly { verb: RegExp; form: ReplyForm }[] = [
  { verb: /^compare\s+/i, form: 'comparison' },
  { verb: /^pitch\s+/i, form: 'pitch' },
];

/** Are the settings of alerts meant? */
export function isAboutAlerts(text: string): boolean {
  return ALERTS.test(text.trim());
}

/** What somebody typed behind the command that is answered in that form; what fits another one better is read as that. */
export function readCommand(form: ReplyForm, typed: string): Command {
  const text = typed.trim();
  if (form === 'card' && isAboutAlerts(text)) return { kind: 'alerts' };
  for (const { verb, form: meant } of form === 'card' ? ANOTHER : []) {
    const rest = text.replace(verb, '');
    if (rest !== text && findDomains(rest).length > 0) return readCommand(meant, rest);
  }
  return form === 'pitch'
    ? { kind: 'asked', form, ...readPitchQuestion(text) }
    : { kind: 'asked', form, question: readQuestion(text), template: null };
}
