import assert from 'node:assert/strict';
import type { Crm } from '../../src/connectors/crm.ts';

/** A CRM that a sync may read changes from, and that fails the test where anything else is asked of it. */
export function createReadingCrm(reading: Pick<Crm, 'readObjects' | 'readChanges'>): Crm {
  const refuse = (): never => assert.fail('a sync only reads changes');
  return {
    kind: 'salesforce',
    writeObjects: ['Account', 'Lead'],
    usualFields: {},
    listFields: refuse,
    longestWriteMs: 0,
    readBatch: 2000,
    recordBatch: 200,
    readRecords: refuse,
    syncedFields: refuse,
    check: refuse,
    installFields: refuse,
    readCurrent: refuse,
    groupWrites: refuse,
    writeRecords: refuse,
    recordUrl: refuse,
    ...reading,
  };
}
