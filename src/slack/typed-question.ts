import type { ReplyForm } from '../pipeline/store/slack-replies.ts';
import { findDomains, readQuestion } from './question.ts';
import type { Question } from './question.ts';
import { isAboutAlerts, readCommand } from './read-command.ts';
import type { Command } from './read-command.ts';

/**
 * What somebody typed to the app. asked: a question, as behind a command; alerts: what the app tells by itself is to be set; name: nothing but words, which may be a company's name; links: to
 * our own pages alone, whose previews answer; talk: anything else.
 */
export type Typed = Command | { kind: 'name'; name: string } | { kind: 'links' } | { kind: 'talk' };

const FORMS: Readonly<Record<string, ReplyForm>> = { score: 'card', compare: 'comparison', pitch: 'pitch' };
// Slack refuses commands in threads, so that people type there what they would have as a command.
const VERB = /^\/?(score|compare|pitch)(?:[\s:,]+|$)/i;
const MENTION = /<@[^<>]*>/g;

/**
 * Reads what somebody typed to the app: "acme.com", "score Acme", "compare acme.com beta.io", "pitch acme.com", "help". Without such a verb
 * only addresses count as companies, since people write much else.
 * @param ours the address of our own pages
 */
export function readTyped(text: string, ours: string): Typed {
  const said = text.replaceAll(MENTION, ' ').trim();
  const [opening, verb = ''] = VERB.exec(said) ?? [];
  const form = FORMS[verb.toLowerCase()];
  if (opening !== undefined && form !== undefined) return readCommand(form, said.slice(opening.length));
  if (isAboutAlerts(said)) return { kind: 'alerts' };
  const rest = takeAway(said, ours);
  if (rest === '') return said === '' ? { kind: 'talk' } : { kind: 'links' };
  const domains = findDomains(rest);
  if (domains.length > 0) {
    const question: Question = { kind: 'companies', asked: domains.map((domain) => ({ domain })) };
    const form = domains.length === 1 ? 'card' : 'comparison';
    return { kind: 'asked', form, question, template: null };
  }
  const question = readQuestion(rest);
  if (question.kind !== 'companies')
    // One word that means an address, but no company's: that is worth saying.
    return question.kind === 'help' || /^\S+$/.test(rest)
      ? { kind: 'asked', form: 'card', question, template: null }
      : { kind: 'talk' };
  const [only] = question.asked;
  return question.asked.length === 1 && only !== undefined && 'name' in only
    ? { kind: 'name', name: only.name }
    : { kind: 'talk' };
}

/** The text without links to our own pages. */
function takeAway(text: string, ours: string): string {
  const { origin } = new URL(ours);
  return text
    .replaceAll(/<?(https?:[^\s<>|]+)(?:\|[^<>]*)?>?/gi, (whole, url: string) =>
      URL.canParse(url) && new URL(url).origin === origin ? ' ' : whole,
    )
    .trim();
}
