import { FIELDS } from '../../connectors/crm-fields.ts';
import type { FieldValue } from '../../connectors/crm-fields.ts';
import type { CrmKind } from '../../connectors/crm.ts';
import { couldHaveBecome } from '../../pipeline/7-write-back/same-value.ts';
import { beginWhereTheyPart } from '../../pipeline/begin-where-they-part.ts';
import { describeEditor } from '../../pipeline/describe-editor.ts';
import { describeStarter } from '../../pipeline/describe-starter.ts';
import type { WriteLine } from '../../pipeline/store/writes-list.ts';
import { NOTE } from '../../pipeline/store/writes.ts';
import type { WriteState } from '../../pipeline/store/writes.ts';
import { describeMoment } from './format.ts';

export const CRM_NAMES: Record<CrmKind, string> = { salesforce: 'Salesforce', hubspot: 'HubSpot' };

/** What each state means to the person who reads it. */
export const WRITE_MEANINGS: Record<WriteState, string> = {
  planned: 'waits to be sent',
  rehearsed: 'rehearsed, nothing was sent',
  sending: 'on its way',
  applied: 'in the CRM',
  skipped: 'nothing to do',
  conflicted: "a person's value stands",
  rejected: 'refused',
  undone: 'put back',
  cancelled: 'not sent',
};

const LABELS = new Map<string, string>([
  ...FIELDS.map((field) => [field.key, field.label.replace(/^Fieldnote /, '')] as const),
  [NOTE, 'Note on the timeline'],
]);
// Longer values fold away behind their beginning.
const SHORT = 90;

/** One line of the audit log, as a page shows it: what the CRM held, what we wrote, and what came of it. */
export function describeWrite(write: WriteLine) {
  const at = write.settledAt ?? write.sentAt ?? write.plannedAt;
  const stands = write.state === 'conflicted';
  const values = describeChange(write.oldRead ? write.oldValue : null, write.newValue);
  return {
    field: LABELS.get(write.field) ?? write.field,
    old: write.oldRead ? values.old : { short: 'not read', long: null, empty: true },
    // Of a conflict both values are shown, and which of them stands.
    oldNote: stands
      ? ['stands in the CRM', ...(write.editor === null ? [] : [describeEditor(write.editor)])].join(', ')
      : '',
    new: values.new,
    newNote: stands ? 'ours, not written' : describeReturned(write),
    state: write.state,
    meaning: WRITE_MEANINGS[write.state],
    reason: write.reason ?? '',
    run:
      write.runId === null
        ? null
        : {
            href: `/runs/${write.runId}`,
            label: write.runId.slice(0, 8),
            puts: write.undoes !== null,
            by: write.startedBy === null ? '' : describeStarter(write.startedBy),
          },
    at: describeMoment(at),
  };
}

/** What the CRM made of our value, where that is more than how it stores one. */
function describeReturned({ field, readBack, returnedValue, newValue }: WriteLine): string {
  const ours = FIELDS.find(({ key }) => key === field);
  if (ours === undefined || !readBack || couldHaveBecome(ours.key, newValue, returnedValue)) return '';
  return `the CRM holds it as: ${describeValue(returnedValue).short}`;
}

export function labelField(key: string): string {
  return LABELS.get(key) ?? key;
}

type ValueView = { short: string; long: string | null; empty: boolean };

/** Two values of a field beside each other: long ones fold away behind a part of them that is not the same. */
export function describeChange(old: FieldValue, now: FieldValue): { old: ValueView; new: ValueView } {
  const [before, after] = beginWhereTheyPart(String(old ?? ''), String(now ?? ''), SHORT);
  return { old: describeValue(old, before), new: describeValue(now, after) };
}

function describeValue(value: FieldValue, beginning = String(value ?? '')): ValueView {
  if (value === null || value === '') return { short: 'empty', long: null, empty: true };
  const text = String(value);
  return text.length <= SHORT
    ? { short: text, long: null, empty: false }
    : {
        short: `${beginning
          .slice(0, SHORT)
          .replace(/[\ud800-\udbff]$/, '')
          .trimEnd()}…`,
        long: text,
        empty: false,
      };
}
