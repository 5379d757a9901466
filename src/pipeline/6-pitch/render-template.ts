import Handlebars from 'handlebars';
import { UserError } from '../../errors.ts';
import { checkTemplate } from './check-template.ts';
import type { PitchData } from './pitch-data.ts';

/** Characters of a rendered pitch; the CRM field holds 10,000. */
const LONGEST_OUTPUT = 65_536;

/** A passage that a text model may write; without one its fallback stands. */
export type Passage = { number: number; instruction: string; fallback: string };

/** A rendered template before its passages are put in. */
export type Rendered = {
  /** Key points, call to action and full text, with a mark where each passage goes. */
  keyPoints: string[];
  callToAction: string;
  text: string;
  passages: Passage[];
};

export type PitchTemplate = {
  name: string;
  /** Its text: another text makes another pitch. */
  source: string;
  render(data: PitchData): Rendered;
};

// Characters for private use are cleaned out of all data (plain-text.ts), so only a template can set these marks.
const OPEN = '\u{E000}';
const CLOSE = '\u{E001}';
const MARK = /\u{E000}(\d+)\u{E001}/gu;

/**
 * Text of a template → a template that renders pitch data to plain text. Nothing but text, checked variables and our helpers runs in
 * it (see check-template.ts); data is cloned through JSON, so that nothing in it can be called. Throws UserError with the place in the template.
 */
export function compileTemplate(name: string, source: string, origin: string): PitchTemplate {
  checkTemplate(source, origin);
  const engine = Handlebars.create();
  for (const helper of Object.keys(engine.helpers)) {
    if (!['if', 'unless', 'each'].includes(helper)) engine.unregisterHelper(helper);
  }
  const render = engine.compile(source, {
    // The output is plain text; whoever shows it as HTML escapes it there.
    noEscape: true,
    knownHelpersOnly: true,
    knownHelpers: {
      list: true,
      date: true,
      truncate: true,
      round: true,
      ifEquals: true,
      write: true,
      keyPoint: true,
      callToAction: true,
    },
  });
  return {
    name,
    source,
    render: (data) => {
      const passages: Passage[] = [];
      const keyPoints: string[] = [];
      let callToAction = '';
      let text: string;
      try {
        text = render(JSON.parse(JSON.stringify(data)), {
          helpers: {
            list: (items: unknown, ...rest: unknown[]) => joinList(items, rest.length > 1 ? rest[0] : 'and'),
            date: (value: unknown) => formatDate(value),
            truncate: (value: unknown, length: unknown) => truncate(toText(value), Number(length)),
            round: (value: unknown) => (typeof value === 'number' ? String(Math.round(value)) : ''),
            ifEquals(this: unknown, a: unknown, b: unknown, options: Handlebars.HelperOptions): string {
              return toText(a) === toText(b) ? options.fn(this) : options.inverse(this);
            },
            write(this: unknown, instruction: unknown, options: Handlebars.HelperOptions): string {
              const number = passages.length + 1;
              passages.push({ number, instruction: toText(instruction), fallback: tidy(options.fn(this)) });
              return `${OPEN}${number}${CLOSE}\n`;
            },
            keyPoint(this: unknown, options: Handlebars.HelperOptions): string {
              const point = options.fn(this).replaceAll(/\s+/g, ' ').trim();
              if (point !== '') keyPoints.push(point);
              return point;
            },
            callToAction(this: unknown, options: Handlebars.HelperOptions): string {
              callToAction = tidy(options.fn(this));
              return callToAction;
            },
          },
        });
      } catch (error) {
        throw new UserError(
          `${origin}: the template cannot be rendered`,
          'Correct the template and try again.',
          error,
        );
      }
      if (text.length > LONGEST_OUTPUT) {
        throw new UserError(
          `${origin}: the template renders more than ${LONGEST_OUTPUT} characters`,
          'Shorten its lists.',
        );
      }
      return { keyPoints, callToAction, text: tidy(text), passages };
    },
  };
}

/** Puts the passages in their places: `texts` by number, the fallback where there is none. */
export function fillPassages(
  rendered: Rendered,
  texts: ReadonlyMap<number, string>,
): { keyPoints: string[]; callToAction: string; text: string } {
  const fill = (text: string): string =>
    text.replaceAll(MARK, (_, number: string) => {
      const passage = rendered.passages.find((candidate) => candidate.number === Number(number));
      return texts.get(Number(number)) ?? passage?.fallback ?? '';
    });
  return {
    keyPoints: rendered.keyPoints.map((point) => fill(point).replaceAll(/\s+/g, ' ').trim()),
    callToAction: tidy(fill(rendered.callToAction)),
    text: tidy(fill(rendered.text)),
  };
}

/** No spaces at line ends, no more than one empty line, none at the ends. */
function tidy(text: string): string {
  return text
    .replaceAll(/[ \t]+\n/g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}

function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}

/** "a, b and c"; whole sentences "A; b; c". */
function joinList(items: unknown, last: unknown): string {
  const texts = Array.isArray(items) ? items.map(toText).filter((text) => text !== '') : [];
  if (texts.some((text) => text.endsWith('.')))
    return texts.map((text) => text.replace(/\.$/, '')).join('; ');
  const head = texts.slice(0, -1).join(', ');
  return head === '' ? (texts[0] ?? '') : `${head} ${toText(last)} ${texts.at(-1) ?? ''}`;
}

/** An ISO date → "5 March 2026"; anything else → nothing. */
function formatDate(value: unknown): string {
  const day = typeof value === 'string' ? new Date(value) : null;
  if (day === null || Number.isNaN(day.getTime())) return '';
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(day);
}

/** At most `length` characters, cut between words. */
function truncate(text: string, length: number): string {
  if (!Number.isInteger(length) || length < 1 || text.length <= length) return text;
  const cut = text.slice(0, length);
  const space = cut.lastIndexOf(' ');
  return `${cut
    .slice(0, space > length / 2 ? space : length)
    .toWellFormed()
    .replace(/[\s,;:.]+$/, '')} …`;
}
