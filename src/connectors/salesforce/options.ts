import type { ReadingPlan } from '../crm-reading.ts';
import type { SharedQuota } from '../limits.ts';
import type { Policy } from '../resilience.ts';
import type { BulkSettings } from './bulk-settings.ts';
import type { OrgMemory } from './org-memory.ts';
import type { StreamPatience } from './follow-changes.ts';

export type SalesforceOptions = {
  /** The org's My Domain URL, https://NAME.my.salesforce.com: client credentials are refused at login.salesforce.com. */
  loginUrl: string;
  clientId: string;
  clientSecret: string;
  /** An administrator's client; only installFields uses it. */
  admin?: { clientId: string; clientSecret: string };
  policy: Policy;
  /** What the org says of its daily API calls, for all workers. */
  quota: SharedQuota;
  /** Batch work stops when this share (0–1) of the org's daily API calls is used up, by whomever; default 0.8. */
  dailyShare?: number;
  /** What the org told others with these credentials, in this process; left out: nothing. */
  memory?: OrgMemory;
  /** What is read in another way than usual. */
  reading?: ReadingPlan;
  /** Notes are made when a band changes, which takes a permission more; default false. */
  notes?: boolean;
  /** The longest that the org goes on with a write after it was sent, in milliseconds. */
  longestWriteMs?: number;
  /** Where bulk queries go another way than by default. */
  bulk?: Partial<BulkSettings>;
  /** How long the Streaming API may take, where other than by default. */
  stream?: Partial<StreamPatience>;
  fetch?: typeof globalThis.fetch;
  now?: () => Date;
};
