import type { Editor } from './store/writes-editors.ts';

/**
 * Who made the change that stands against ours, in words. Salesforce tells of a record as a whole who changed it last, which may have been
 * another field: then that is what is said.
 */
export function describeEditor({ name, of }: Editor): string {
  return of === 'field' ? `edited by ${name}` : `record last changed by ${name}`;
}
