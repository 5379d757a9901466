import { hash } from 'node:crypto';
import type { CrmObject, CrmRecord } from '../../connectors/crm.ts';
import type { Exclusions } from '../store/connection-settings.ts';
import type { StoredRecord } from '../store/judged-records.ts';
import type { MirroredRecord } from '../store/records.ts';
import { domainOf } from './domain.ts';
import { findExclusion } from './exclude.ts';
import { EDITION } from './reading-plan.ts';

// What people type into CRM fields can be any length; nothing longer than this says more about a company.
const LONGEST = 500;

/**
 * A CRM row in our own terms: which company it means, or why it means none. Our own fields and the time of change stay out
 * of the hash, so that what we write ourselves never counts as a change.
 */
export function mirrorRecord(record: CrmRecord, exclude: Exclusions): MirroredRecord {
  const meant = domainMeant(record);
  const mirrored: MirroredRecord = {
    object: record.object,
    externalId: record.externalId,
    domain: meant.domain,
    skippedBecause: meant.skippedBecause,
    excludedBecause: clean(findExclusion(record, exclude)),
    name: clean(record.name),
    companyName: clean(record.companyName),
    website: clean(record.website),
    email: clean(record.email)?.toLowerCase() ?? null,
    title: clean(record.title),
    industry: clean(record.industry),
    employees: wholeNumber(record.employees),
    country: clean(record.country),
    ownerId: clean(record.ownerId),
    parentId: record.parentId,
    deleted: record.deleted,
    mergedInto: record.mergedInto,
    convertedTo: record.convertedTo,
    modifiedAt: '',
    rowHash: '',
  };
  // Filled in afterwards instead of copied: this runs for every row of an org.
  mirrored.rowHash = hashOf(mirrored);
  mirrored.modifiedAt = record.modifiedAt;
  return mirrored;
}

const hashOf = (mirrored: MirroredRecord): string =>
  hash('sha256', JSON.stringify([EDITION, mirrored]), 'base64url');

/** A mirrored row as today's rules read it; null: as it is. What a look-up by its name told of it stays. */
export function judgeStored({ placedBy, ofPerson, ...stored }: StoredRecord): MirroredRecord | null {
  if (stored.deleted || stored.skippedBecause === becauseOfPerson(stored.object)) return null;
  const meant = domainMeant({ ...stored, isPerson: ofPerson });
  // An address stands in lower case there, and in a reason as it was typed.
  const isSame = meant.skippedBecause?.toLowerCase() === stored.skippedBecause?.toLowerCase();
  if (meant.domain === stored.domain && (isSame || placedBy === 'name')) return null;
  // In the very order in which a row that is read is hashed.
  const judged = { ...stored, ...meant, modifiedAt: '', rowHash: '' };
  judged.rowHash = hashOf(judged);
  judged.modifiedAt = stored.modifiedAt;
  return judged;
}

type Telling = Pick<CrmRecord, 'object' | 'website' | 'email' | 'deleted' | 'isPerson'>;

function domainMeant(record: Telling): { domain: string | null; skippedBecause: string | null } {
  if (record.deleted) return { domain: null, skippedBecause: 'deleted in the CRM' };
  if (record.isPerson) return { domain: null, skippedBecause: becauseOfPerson(record.object) };
  const isCompany = record.object === 'Account' || record.object === 'company';
  // A lead's or contact's e-mail says where they work; the website field is often the campaign's.
  const places = isCompany ? [record.website] : [record.email, record.website];
  let because = isCompany ? 'no website' : 'neither e-mail nor website';
  for (const place of places) {
    if (place === null || place.trim() === '') continue;
    const found = domainOf(place);
    if ('domain' in found) return { domain: found.domain, skippedBecause: null };
    // "n/a" is no website: the account is looked for by its name and its contacts like one where nothing stands.
    if (found.skip !== 'missing') because = found.detail;
  }
  return { domain: null, skippedBecause: because };
}

/** Its own contact's address at work tells of an employer with whom nobody has to do through this person. */
export const becauseOfPerson = (object: CrmObject): string =>
  `${object === 'Contact' ? 'a person account’s own contact' : 'a person account'}: no company to research`;

function clean(value: string | null): string | null {
  if (value === null) return null;
  const text = (value.includes('\0') ? value.replaceAll('\0', '') : value).toWellFormed().trim();
  return text === '' ? null : text.slice(0, LONGEST);
}

function wholeNumber(value: number | null): number | null {
  if (value === null || !Number.isFinite(value)) return null;
  const rounded = Math.round(value);
  // The column is a 32-bit integer.
  return rounded >= 0 && rounded <= 2_147_483_647 ? rounded : null;
}
