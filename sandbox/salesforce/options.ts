import type { FaultSettings } from '../kit/faults.ts';
import type { Twin } from '../kit/twin.ts';
import type { World } from '../kit/world.ts';
import type { GAPS } from './change-events.ts';
import type { StreamListener } from './cometd-clients.ts';
import type { StreamSettings } from './cometd-messages.ts';
import type { DataObject } from './schema.ts';

export type SalesforceTwinOptions = {
  world: World;
  port?: number;
  /** Where edits are kept, one JSON line each; null: in memory alone. */
  journalFile: string | null;
  faults?: Partial<FaultSettings>;
  /** The integration user's client (client-credentials flow). */
  clientId: string;
  clientSecret: string;
  /** The administrator's client, who alone may create fields and permission sets. */
  adminClientId?: string;
  adminClientSecret?: string;
  /** Which org it is, where several run side by side: gives its id. */
  organization?: string;
  /** API calls allowed in 24 hours. */
  dailyLimit?: number;
  /** How long an access token lives by the twin's clock. */
  tokenSeconds?: number;
  /** True: the org has person accounts, so Account and Contact carry IsPersonAccount. */
  personAccounts?: boolean;
  /** Objects that are selected in Setup → Change Data Capture; none unless told. */
  changeDataCapture?: readonly DataObject[];
};

/** How bulk query jobs go; may be changed while the twin runs. */
export type BulkQueries = {
  /** From the queue to the end of the work, by the twin's clock. */
  durationMs: number;
  /** Jobs fail with these words instead of coming to their end. */
  failWith: string | null;
  /** Jobs allowed in 24 hours. */
  jobsPerDay: number;
};

export type SalesforceTwin = Twin & {
  clientId: string;
  clientSecret: string;
  adminClientId: string;
  adminClientSecret: string;
  /** What POST /_twin/edit does; throws on a bad edit. */
  edit(body: unknown): unknown;
  /** What GET /_twin/dump answers. */
  dump(): SalesforceDump;
  /** Enters Fieldnote's address and key, as an administrator does in Setup. */
  connectButton(entered: { address: string; key: string }): void;
  /** Every token handed out so far is refused from now on. */
  expireTokens(): void;
  /** API calls allowed in 24 hours from now on. */
  setDailyLimit(calls: number): void;
  bulkQueries: BulkQueries;
  /** How the Streaming API goes; may be changed while the twin runs. */
  stream: StreamSettings & {
    /** Changes of one transaction that get events of their own (the vendor: 100,000). */
    mostChanges: number;
  };
  /** Who listens to change events, and to which channels. */
  listeners(): StreamListener[];
  /** Sends what the platform sends when it can't say what changed. */
  publishGap(object: DataObject, type: (typeof GAPS)[number], recordIds: readonly string[]): void;
};

export type SalesforceValue = string | number | boolean | null;

/** One change of one field: who made it and when (ISO, the twin's clock). */
export type SalesforceChange = {
  at: string;
  by: string;
  field: string;
  from: SalesforceValue;
  to: SalesforceValue;
};

export type DumpedRecord = {
  id: string;
  object: 'Account' | 'Lead' | 'Contact' | 'Opportunity' | 'Task';
  /** Every field that holds something. */
  values: Record<string, SalesforceValue>;
  history: SalesforceChange[];
  /** Accepted updates by author, those that changed nothing included. */
  updates: Record<string, number>;
  /** Values in accepted updates that the record held already, by author. */
  unchanged: Record<string, number>;
  deleted: boolean;
  mergedInto: string | null;
  locked: boolean;
  modifiedAt: string;
};

export type SalesforceDump = {
  records: DumpedRecord[];
  /** Custom fields by object, e.g. `Account.Fieldnote_Score__c`. */
  customFields: string[];
  permissionSets: string[];
  usage: { used: number; limit: number };
};
