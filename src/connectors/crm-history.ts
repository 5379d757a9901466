import type { CrmObject } from './crm.ts';
import type { FieldKey, FieldValue } from './crm-fields.ts';
import type { Author } from './crm-users.ts';

/** A value that a field took, when (ISO, by the platform's clock), and by whom where that is told. */
export type FieldVersion = {
  value: FieldValue;
  at: string;
  by?: Author;
  /** Which program or person wrote it, in the platform's own terms: what two different ones wrote is not one's. Absent: it does not tell. */
  source?: string;
};

/** An id that leads to another record since the two were merged: what is written to it falls on that one. */
export type Survivor = {
  externalId: string;
  survivorId: string;
  /** Every id that was merged into the survivor, this one among them. */
  mergedIds: string[];
};

/** What our fields of one record held over time. */
export type RecordHistory = {
  object: CrmObject;
  externalId: string;
  /** As of a CurrentRecord. */
  unreadable?: string;
  /** Per field asked for, newest first, the present value included, of archived records too; null when it was merged away or is unknown. */
  versions: Partial<Record<FieldKey, FieldVersion[]>> | null;
};
