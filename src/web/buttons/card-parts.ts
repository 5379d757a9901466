import type { FieldValue } from '../../connectors/crm-fields.ts';
import { describeEditor } from '../../pipeline/describe-editor.ts';
import { linkToQuote } from '../../pipeline/link.ts';
import type { Persona } from '../../pipeline/store/personas.ts';
import type { Reason } from '../../pipeline/store/scores.ts';
import type { WriteLine } from '../../pipeline/store/writes-list.ts';
import { labelField } from '../pages/describe-writes.ts';
import type { Card } from './card-shape.ts';

const MOST_REASONS = 5;
const MOST_PEOPLE = 3;
// Twenty times what a card shows at once; an answer must stay far below HubSpot's 1 MB.
const LONGEST_TEXT = 2_000;

/** The reasons that rest on a quote, the strongest first. */
export function describeReasons(reasons: readonly Reason[]): Card['reasons'] {
  return reasons
    .filter(({ quote }) => quote !== null)
    .toSorted((a, b) => Math.abs(b.points) - Math.abs(a.points))
    .slice(0, MOST_REASONS)
    .map(({ label, points, quote, url, published }) => {
      const link = url === null ? null : linkToQuote(url, quote ?? '');
      return {
        label,
        points,
        quote: quote === null ? null : cut(quote),
        url: link,
        source: link === null ? null : new URL(link).hostname.replace(/^www\./, ''),
        published,
      };
    });
}

export function describePersonas(personas: readonly Persona[]): Card['personas'] {
  return personas.map(({ title, matches }) => ({
    title,
    people: matches.slice(0, MOST_PEOPLE).map((person) => ({ name: person.name, title: person.title })),
  }));
}

/** Of writes of one record, the newest first: the fields in which a person's value stands now. */
export function describeConflicts(writes: readonly WriteLine[]): Card['conflicts'] {
  const newest = new Map<string, WriteLine>();
  for (const write of writes)
    if (write.state !== 'rehearsed' && write.state !== 'cancelled' && !newest.has(write.field))
      newest.set(write.field, write);
  return [...newest.values()]
    .filter(({ state }) => state === 'conflicted')
    .map(({ field, oldValue, newValue, editor }) => ({
      label: labelField(field),
      theirs: showValue(oldValue),
      by: editor === null ? null : describeEditor(editor),
      ours: showValue(newValue),
    }));
}

function showValue(value: FieldValue): string | null {
  return value === null || value === '' ? null : cut(String(value));
}

function cut(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1).toWellFormed()}…`;
}
