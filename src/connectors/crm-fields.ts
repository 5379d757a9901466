/** The ten fields that are ours in every CRM. Nothing else is ever written. */
export type FieldKey =
  | 'score'
  | 'band'
  | 'confidence'
  | 'why'
  | 'personas'
  | 'competitors'
  | 'pitch'
  | 'pitchLink'
  | 'model'
  | 'scoredAt';

export type FieldValue = string | number | null;

export type FieldDefinition = {
  key: FieldKey;
  label: string;
  description: string;
  type: 'number' | 'text' | 'long-text' | 'picklist' | 'url' | 'datetime';
  /** Most characters the field holds (text kinds) on both platforms. */
  length?: number;
  /** Picklist values. */
  values?: readonly string[];
  /** True when people may edit the field in the CRM (by default pitch and personas); the others are installed read-only for them. */
  peopleMayEdit: boolean;
  salesforceName: string;
  hubspotName: string;
};

// Lengths: Salesforce Text 255, LongTextArea up to 131,072; HubSpot 65,536 for any text. The smaller of the two that is enough.
const define = (
  key: FieldKey,
  name: string,
  rest: Omit<FieldDefinition, 'key' | 'salesforceName' | 'hubspotName' | 'peopleMayEdit'> & {
    peopleMayEdit?: boolean;
  },
): FieldDefinition => ({
  peopleMayEdit: false,
  ...rest,
  key,
  salesforceName: `Fieldnote_${name}__c`,
  hubspotName: `fieldnote_${name.toLowerCase()}`,
});

export const FIELDS: readonly FieldDefinition[] = [
  define('score', 'Score', {
    label: 'Fieldnote Score',
    type: 'number',
    description:
      '0 to 100: how much GPU infrastructure the company needs. Empty when there is not enough evidence.',
  }),
  define('band', 'Band', {
    label: 'Fieldnote Band',
    type: 'picklist',
    values: ['A', 'B', 'C', 'D', 'Not enough evidence'],
    description: 'A (strongest) to D.',
  }),
  define('confidence', 'Confidence', {
    label: 'Fieldnote Confidence',
    type: 'number',
    description: '0 to 100: how sure the score is.',
  }),
  define('why', 'Why', {
    label: 'Fieldnote Why',
    type: 'long-text',
    length: 4000,
    description: 'The reasons behind the score, each with its quote and source.',
  }),
  define('personas', 'Personas', {
    label: 'Fieldnote Personas',
    type: 'long-text',
    length: 4000,
    peopleMayEdit: true,
    description: 'Buyer roles and the contacts in this CRM who fill them.',
  }),
  define('competitors', 'Competitors', {
    label: 'Fieldnote Competitors',
    type: 'long-text',
    length: 2000,
    description: 'Rivals named in the sources.',
  }),
  define('pitch', 'Pitch', {
    label: 'Fieldnote Pitch',
    type: 'long-text',
    length: 10_000,
    peopleMayEdit: true,
    description: 'Key points, call to action and full text.',
  }),
  define('pitchLink', 'Pitch_Link', {
    label: 'Fieldnote Pitch Link',
    type: 'url',
    length: 255,
    description: 'Opens the company in Fieldnote.',
  }),
  define('model', 'Model', {
    label: 'Fieldnote Model',
    type: 'text',
    length: 255,
    description: 'Scoring model and version, and how the text was read.',
  }),
  define('scoredAt', 'Scored_At', {
    label: 'Fieldnote Scored At',
    type: 'datetime',
    description: 'When the score was last computed from changed evidence.',
  }),
];
