import type { ProviderError } from '../../errors.ts';

// What a RevOps person can do about the refusals that CRMs give most often, by the CRM's own code.
const CONVERTED = /CONVERTED|lead was converted/;
const FIXES: readonly [RegExp, string][] = [
  [/PROPERTY_DOESNT_EXIST/, 'Run "fieldnote connect hubspot --install" to make the missing field.'],
  [
    /INVALID_FIELD\b/,
    'Run "fieldnote connect salesforce --install" as an administrator to make the missing field.',
  ],
  [/ENTITY_IS_LOCKED/, 'The record is locked, usually by an approval; it is tried again with the next run.'],
  [/UNABLE_TO_LOCK_ROW/, 'Somebody else was saving the record; it is tried again with the next run.'],
  [
    /DUPLICATES_DETECTED/,
    'A duplicate rule blocks every change of this record: merge it with the one that it looks like, or let the rule only warn (Setup, Duplicate Rules).',
  ],
  [/VALIDATION/, 'Exempt the integration user from that validation rule, or correct the record.'],
  [
    /PICKLIST|INVALID_OPTION/,
    "Add the missing value to the field's list in the CRM (Salesforce: Setup, Object Manager; HubSpot: Settings, Properties).",
  ],
  [
    /WRONG_TYPE/,
    "Give the field the type that Fieldnote's setup gives it, or delete it and install it anew.",
  ],
  [/STRING_TOO_LONG|TOO_LONG/, "Widen the field to the length that Fieldnote's setup gives it."],
  [
    /INSUFFICIENT|PERMISSION|FIELD_INTEGRITY|READ_ONLY|FIELD_FOR_INSERT_UPDATE/,
    'Give the integration user edit access to the field and the record.',
  ],
  [
    CONVERTED,
    'A converted lead is read-only; its account carries the result. It leaves the plan with the next sync.',
  ],
];

/** A refusal for the audit log: the CRM's own code and words, then what to do. */
export function explainRow(code: string, message: string): string {
  const words = [code, message].filter((part) => part !== '').join(': ');
  // The code first: the words may be an administrator's own, of whatever they like.
  const fixOf = (text: string): string | undefined => FIXES.find(([pattern]) => pattern.test(text))?.[1];
  const fix = fixOf(code) ?? fixOf(message) ?? 'It is tried again with the next run.';
  return `${words.replace(/[\s.]+$/, '')}. ${fix}`;
}

/** Was it refused since the lead was converted? */
export const isConverted = (code: string, message: string): boolean =>
  CONVERTED.test(code) || CONVERTED.test(message);

/** Why an undo puts nothing back on a lead that was converted, and what is left for a person to do. `account`: its id, where that is known. */
export function explainConvertedUndo(account: string | null): string {
  const into = account === null ? '' : ` into account ${account}`;
  return `The lead was converted${into} since, and Salesforce lets nobody write to a converted lead: what the run wrote stays on it. Where your administrator mapped our lead fields, the conversion copied it: correct it on the account, contact or opportunity.`;
}

/** A reason in the words of a write; of one that an undo puts back, no run tries it again, only another undo. */
export function wordFor({ undoes }: { undoes: number | null }, reason: string): string {
  if (undoes === null) return reason;
  return reason
    .replace('; it is tried again with the next run.', '; undo the run once more when that is over.')
    .replace('It is tried again with the next run.', 'Undo the run once more to try it again.')
    .replace(LOOKED_AT, 'Nothing can be put back there.');
}

/** The same for a refusal of a whole call. */
export function explainRefusal(error: ProviderError): string {
  return error.fix === undefined
    ? explainRow(error.code ?? '', error.message)
    : `${error.message}. ${error.fix}`;
}

/** Why nothing was written to a record of which the CRM sent something that can't be read. */
export const explainUnreadable = (problem: string): string =>
  `What the CRM sent of this record can't be read: ${problem}. It is tried again with the next run.`;

const LOOKED_AT = 'The record is looked at by itself now, and the next run matches it again.';

/** Why nothing was written to a record that is no more. */
export const explainGone = (message: string): string =>
  `${message === '' ? 'Deleted, merged or converted' : message.replace(/[\s.]+$/, '')}. ${LOOKED_AT}`;
