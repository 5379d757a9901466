import type { CallOptions } from './call.ts';
import type { CrmCheck, FieldAccess, FieldInstall } from './crm-check.ts';
import type { FieldKey, FieldValue } from './crm-fields.ts';
import type { CrmNotes } from './crm-notes.ts';
import type { RecordHistory, Survivor } from './crm-history.ts';
import type { CrmField, FieldMap, RawValue } from './crm-reading.ts';
import type { ReadAuthors, ReadUsers } from './crm-users.ts';
import type { UnreadableRow } from './unreadable.ts';
import type { FollowChanges } from './crm-told.ts';

export type { FieldAccess } from './crm-check.ts';
export type { FieldVersion, RecordHistory, Survivor } from './crm-history.ts';

export type CrmKind = 'salesforce' | 'hubspot';

/** Account, Lead, Contact are Salesforce's names; company, contact are HubSpot's. */
export type CrmObject = 'Account' | 'Lead' | 'Contact' | 'company' | 'contact';

export type FieldValues = Partial<Record<FieldKey, FieldValue>>;

/** One CRM row in the house's own shape. Platform names never leak past the connector. */
export type CrmRecord = {
  object: CrmObject;
  externalId: string;
  /** Company name of an account or company; the person's name of a lead or contact. */
  name: string | null;
  /** The company that a lead or contact names. */
  companyName: string | null;
  website: string | null;
  email: string | null;
  title: string | null;
  industry: string | null;
  employees: number | null;
  country: string | null;
  ownerId: string | null;
  /** The account or company that a contact belongs to. */
  parentId: string | null;
  /** ISO 8601, UTC. Salesforce SystemModstamp, HubSpot hs_lastmodifieddate / lastmodifieddate. */
  modifiedAt: string;
  deleted: boolean;
  /** The surviving record, when this one was merged away. */
  mergedInto: string | null;
  /** The account that a lead was converted into. */
  convertedTo: string | null;
  /** True for a Salesforce person account, and for the contact that each of them has (skipped with a reason). */
  isPerson: boolean;
  /** What may leave the record out of research. */
  signs: {
    /** The field and value by which the CRM calls it a customer's; null: it does not. */
    customer: string | null;
    /** A person who wants no e-mail. */
    optedOut: boolean;
    /** Open deals that the record itself counts. */
    openDeals: number;
  };
  /** Raw values of the fields that the plan names besides. */
  others: Readonly<Record<string, RawValue>>;
  /** What our own fields held when the row was read. */
  ours: FieldValues;
};

/** Where a sync left off; opaque to everyone but the connector that wrote it. JSON-safe. */
export type SyncCursor = Record<string, string | number | boolean | null>;

/** A deal, where the CRM keeps them as records of their own, and the account that it belongs to. */
export type CrmDeal = { externalId: string; accountId: string | null; open: boolean };

export type DealPage = { deals: CrmDeal[]; unreadable?: readonly UnreadableRow[]; cursor: SyncCursor };

/** Rows that changed, those that can't be taken apart; the cursor goes on behind all of them. */
export type ChangePage = {
  records: CrmRecord[];
  unreadable?: readonly UnreadableRow[];
  cursor: SyncCursor;
  /** What it holds was settled when the page before was asked for, be it by a process before: its rows are no newer than that one. */
  continues?: boolean;
};

/** Records that were asked for by their ids. */
export type FoundRecords = { records: CrmRecord[]; unreadable?: readonly UnreadableRow[] };

/** A refusal in the CRM's own code and words. */
export type Refusal = { code: string; message: string };

/** Our fields that cannot be written on an object: not there, or not for us. */
export type ClosedFields = Partial<Record<FieldKey, Refusal>>;

/**
 * Why a value can't be stored in a field that an administrator changed, in the words that the platform would refuse it with; null: it can. What
 * `restores` a value stood there before: the platform alone judges it, but for its type.
 */
export type FindUnfit = (field: FieldKey, value: FieldValue, restores: boolean) => Refusal | null;

/** A record's own fields as the CRM holds them now. */
export type CurrentRecord = {
  object: CrmObject;
  externalId: string;
  /** Null when the record is gone (deleted, merged, converted), or cannot be read. */
  values: FieldValues | null;
  /** What is wrong with the row that the CRM sent, in words for people: nothing of the record is known. */
  unreadable?: string;
  /** When anything of the record was last changed (Salesforce LastModifiedDate, HubSpot updatedAt), ISO. */
  modifiedAt: string | null;
  /** The user who changed it last, where the platform tells; never our own. */
  modifiedBy?: string;
  /** The platform's clock when it answered, ISO; absent where it does not tell. */
  readAt?: string;
  /** Why nothing can be written to it now, in the CRM's words (locked, converted…). */
  unwritable?: string;
  /** A lead that was converted, into this account; null: the platform does not tell which. */
  convertedTo?: string | null;
  closedFields?: ClosedFields;
  /** Absent: all fields are as they were made. */
  findUnfit?: FindUnfit;
};

export type RecordWrite = {
  object: CrmObject;
  externalId: string;
  fields: FieldValues;
  /** Refuse the write if the record was modified after this instant (ISO); null: unconditional. */
  unmodifiedSince: string | null;
  /** Fields whose value stood in the CRM before and goes back: the platform judges it, not our own lengths and picklists. */
  restores?: readonly FieldKey[];
};

export type WriteOutcome =
  | { object: CrmObject; externalId: string; outcome: 'applied' }
  /** Somebody changed the record between our read and our write; read again. */
  | { object: CrmObject; externalId: string; outcome: 'changed-meanwhile' }
  | { object: CrmObject; externalId: string; outcome: 'gone'; message: string }
  | {
      object: CrmObject;
      externalId: string;
      outcome: 'rejected';
      /** The CRM's own code and words. */
      code: string;
      message: string;
      fields: FieldKey[];
      /** True when the same row can succeed later (a lock, say). */
      retryable: boolean;
    };

/**
 * The port behind which a CRM lives. Errors are ProviderError (src/errors.ts); what the platform refuses row by row is a
 * WriteOutcome, never an exception.
 */
export type Crm = {
  kind: CrmKind;
  /** Objects that are synced, in the order in which they must be (parents first). */
  readObjects: readonly CrmObject[];
  /** Objects that carry our fields. */
  writeObjects: readonly CrmObject[];
  /** Which fields tell what of each object unless the plan maps it otherwise. */
  usualFields: Partial<Record<CrmObject, FieldMap>>;
  /** Every field of an object that we may read, for those who map them. */
  listFields(object: CrmObject, options: CallOptions): Promise<CrmField[]>;
  /** Ids that one readCurrent call may take: Salesforce 2,000 (collections retrieve), HubSpot 100. */
  readBatch: number;
  check(options: CallOptions): Promise<CrmCheck>;
  /** Only where an administrator decides who may edit our fields (Salesforce): what check() tells of that, in a few calls. */
  readFieldAccess?(options: CallOptions): Promise<FieldAccess>;
  installFields(options: CallOptions): Promise<FieldInstall[]>;
  /**
   * Changed rows since the cursor (null: all), oldest first, page by page; deletions and merges included. ProviderError of kind
   * refused where a field that the plan names is not there.
   */
  readChanges(object: CrmObject, cursor: SyncCursor | null, options: CallOptions): AsyncGenerator<ChangePage>;
  /**
   * Only where no record counts its own deals (Salesforce): deals changed since the cursor (null: those that are open now).
   * Nothing where we may not see them, which `onNotice` hears.
   */
  readDeals?(cursor: SyncCursor | null, options: CallOptions): AsyncGenerator<DealPage>;
  /** Ids that one readRecords call may take: Salesforce 200 (they stand in a query's address), HubSpot 100. */
  recordBatch: number;
  /**
   * These records as readChanges would show them, deleted ones included, and with a survivor those that were merged into it. Of an
   * id that the platform knows nothing of (any more) nothing comes.
   */
  readRecords(object: CrmObject, externalIds: readonly string[], options: CallOptions): Promise<FoundRecords>;
  /** The platform's names of the fields that a sync reads of an object, our own apart: a change of any other tells us nothing. */
  syncedFields(object: CrmObject): readonly string[];
  /** Only where the platform tells of changes as they happen (Salesforce). */
  followChanges?: FollowChanges;
  /** Our fields' current values; one platform call; one entry per id asked for, in the order asked. */
  readCurrent(
    object: CrmObject,
    externalIds: readonly string[],
    options: CallOptions,
  ): Promise<CurrentRecord[]>;
  /** Splits writes into groups that one platform call can carry (Salesforce 1,000 unconditional or 25 conditional, HubSpot 100 of one object). */
  groupWrites(writes: readonly RecordWrite[]): RecordWrite[][];
  /** The longest that the platform goes on with a write after it was sent, heard of or not, in milliseconds. */
  longestWriteMs: number;
  /** Sends one group in one call; one outcome per write, in order. Never retried inside when it may have been applied. */
  writeRecords(group: readonly RecordWrite[], options: CallOptions): Promise<WriteOutcome[]>;
  /**
   * Only where writes cannot be conditional but the platform keeps a history: shows what a write of ours replaced. `batch`
   * ids a call, one entry per id, in the order asked.
   */
  history?: {
    batch: number;
    read(
      object: CrmObject,
      externalIds: readonly string[],
      fields: readonly FieldKey[],
      options: CallOptions,
    ): Promise<RecordHistory[]>;
    /** Those of `batch` ids at most that were merged into other records. */
    findSurvivors(
      object: CrmObject,
      externalIds: readonly string[],
      options: CallOptions,
    ): Promise<Survivor[]>;
  };
  /** Who owns records. */
  readUsers?: ReadUsers;
  /** Who made a change. */
  readAuthors?: ReadAuthors;
  /** Notes on the timelines of records that carry our fields. */
  notes?: CrmNotes;
  /**
   * Only where the platform tells in advance: which of a rehearsal's records are locked now, by external id; a real write is told
   * when it comes. All are read at once where they are few, else those that are asked for.
   */
  openLocks?(
    options: CallOptions,
  ): Promise<(externalIds: readonly string[]) => Promise<Map<string, Refusal>>>;
  /** The record's page in the CRM, for people. */
  recordUrl(object: CrmObject, externalId: string): string;
};
