import type { CrmObject } from './crm.ts';
import type { FieldKey } from './crm-fields.ts';

/** What of one of our fields an org has. */
export type FieldCheck = {
  object: CrmObject;
  key: FieldKey;
  platformName: string;
  status: 'ok' | 'missing' | 'wrong-type' | 'not-writable';
  detail: string | null;
  /** True when someone besides the integration user can edit it, so writes must be conditional. */
  peopleMayEdit: boolean;
};

/** Our fields that people besides the integration user may edit, per object; an object without an entry was never looked at. */
export type FieldAccess = Partial<Record<CrmObject, FieldKey[]>>;

export type Permission = { name: string; use: string; granted: boolean };

export type CrmCheck = {
  organization: string;
  /** Salesforce's organization id, HubSpot's portal id. */
  organizationId: string;
  /** The host that said so: the id means this organization there alone. */
  server: string;
  user: string;
  apiVersion: string;
  /** Every permission or scope that we need, by the platform's own name, and what for. */
  permissions: Permission[];
  /** Those of them that are missing, each with the feature that it disables. */
  missingPermissions: { name: string; disables: string }[];
  /** What is not read, and why. */
  notes: string[];
  fields: FieldCheck[];
  /** Daily API calls, where the platform tells. */
  usage: { used: number; limit: number } | null;
};

export type FieldInstall = {
  object: CrmObject;
  key: FieldKey;
  platformName: string;
  result: 'created' | 'exists';
};
