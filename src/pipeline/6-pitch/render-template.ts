import Handlebars from 'handlebars';
import { BLOCK_HELPERS, INLINE_HELPERS, PLAIN_HELPERS, toText } from './template-functions.ts';

// Custom templates are rendered in threads of their own, which load this file: it imports nothing else of the house.

/** Characters that a template may give, all parts together; the CRM field holds 10,000. */
export const LONGEST_OUTPUT = 65_536;
/** Passages that are asked for in one question (write-passages.ts); what is marked beyond them keeps its own words. */
const MOST_PASSAGES = 12;

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

// Characters for private use are cleaned out of all data (plain-text.ts) and refused in templates, so only `write` sets these marks.
const OPEN = '\u{E000}';
const CLOSE = '\u{E001}';
const MARK = /\u{E000}(\d+)\u{E001}/gu;

/**
 * Text of a template → a function from data (as JSON, so that nothing in it can be called) to plain text. Nothing but text, variables and
 * our helpers runs in it. Whether the text is harmless is for check-template.ts to say; what it costs, for the thread it runs in.
 */
export function compileTemplate(source: string): (json: string) => Rendered {
  // A syntax tree is a way to run code, and compile() would take one.
  if (typeof source !== 'string') throw new TypeError('a template is text');
  const engine = Handlebars.create();
  for (const helper of Object.keys(engine.helpers)) {
    if (!['if', 'unless', 'each'].includes(helper)) engine.unregisterHelper(helper);
  }
  const known = [...INLINE_HELPERS.keys(), ...BLOCK_HELPERS.keys()];
  const render = engine.compile(source, {
    // The output is plain text; whoever shows it as HTML escapes it there.
    noEscape: true,
    knownHelpersOnly: true,
    knownHelpers: Object.fromEntries(known.map((name) => [name, true])),
  });
  return (json) => {
    const data: unknown = JSON.parse(json);
    const passages: Passage[] = [];
    const keyPoints: string[] = [];
    let callToAction = '';
    let room = LONGEST_OUTPUT;
    const count = (text: string): string => {
      room -= text.length;
      if (room < 0) throw new Error(`it gives more than ${LONGEST_OUTPUT} characters: shorten its lists`);
      return text;
    };
    const text = render(data, {
      // As by default; said aloud, Handlebars refuses without writing to the log.
      allowProtoPropertiesByDefault: false,
      allowProtoMethodsByDefault: false,
      helpers: {
        ...PLAIN_HELPERS,
        write(this: unknown, instruction: unknown, options: Handlebars.HelperOptions): string {
          const fallback = count(tidy(printBlock(this, options)));
          if (passages.length >= MOST_PASSAGES) return `${fallback}\n`;
          const number = passages.length + 1;
          passages.push({ number, instruction: count(toText(instruction)), fallback });
          return `${OPEN}${number}${CLOSE}\n`;
        },
        keyPoint(this: unknown, options: Handlebars.HelperOptions): string {
          const point = count(printBlock(this, options).replaceAll(/\s+/g, ' ').trim());
          if (point !== '') keyPoints.push(point);
          return point;
        },
        callToAction(this: unknown, options: Handlebars.HelperOptions): string {
          callToAction = count(tidy(printBlock(this, options)));
          return callToAction;
        },
      },
    });
    return { keyPoints, callToAction, text: tidy(count(text)), passages };
  };
}

/** What stands in a block. One that holds a single name gives Handlebars' own value of it, which may be a number. */
function printBlock(context: unknown, options: Handlebars.HelperOptions): string {
  return String(options.fn(context));
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
  return (
    text
      // Without looking back, a run of 60,000 spaces is tried from each of them.
      .replaceAll(/(?<![ \t])[ \t]+\n/g, '\n')
      .replaceAll(/\n{3,}/g, '\n\n')
      .trim()
  );
}
