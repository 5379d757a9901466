import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RawValue } from '../../../src/connectors/crm-reading.ts';
import { findExclusion } from '../../../src/pipeline/1-sync/exclude.ts';
import { nameOfPlan } from '../../../src/pipeline/1-sync/reading-plan.ts';
import { ConnectionSettings } from '../../../src/pipeline/store/connection-settings.ts';
import { crmRecord } from '../../harness/crm-record.ts';

const usual = ConnectionSettings.parse({}).exclude;
const signs = { customer: null, optedOut: false, openDeals: 0 };

describe('a record', () => {
  test('is left out by what the CRM says of it, and only as far as the settings want it', () => {
    const customer = crmRecord('Account', '1', { signs: { ...signs, customer: 'Type is Customer' } });
    assert.equal(findExclusion(customer, usual), 'a customer: Type is Customer');
    assert.equal(findExclusion(customer, { ...usual, customers: false }), null);
    const dealing = crmRecord('company', '1', { signs: { ...signs, openDeals: 2 } });
    assert.equal(findExclusion(dealing, usual), 'an open deal');
    assert.equal(findExclusion(dealing, { ...usual, openDeals: false }), null);
    const optedOut = crmRecord('contact', '1', { signs: { ...signs, optedOut: true } });
    assert.equal(findExclusion(optedOut, usual), 'opted out of e-mail');
    assert.equal(findExclusion(optedOut, { ...usual, optedOut: false }), null);
    assert.equal(findExclusion({ ...customer, deleted: true }, usual), null);
    assert.equal(findExclusion(crmRecord('Account', '1'), usual), null);
  });

  const cases: [rule: object, held: RawValue, fits: boolean][] = [
    [{ op: 'is', value: 'APAC' }, 'apac ', true],
    [{ op: 'is', value: ['EMEA', 'APAC'] }, 'APAC', true],
    [{ op: 'is', value: 'APAC' }, 'APAC North', false],
    [{ op: 'is', value: 5 }, '5', true],
    [{ op: 'is', value: true }, 'true', true],
    [{ op: 'is', value: true }, null, false],
    [{ op: 'is-not', value: ['EMEA', 'APAC'] }, 'AMER', true],
    [{ op: 'is-not', value: 'EMEA' }, null, true],
    [{ op: 'is-not', value: 'EMEA' }, 'emea', false],
    [{ op: 'contains', value: 'university' }, 'State University of X', true],
    [{ op: 'contains', value: 'university' }, null, false],
    [{ op: 'starts-with', value: 'test' }, 'Testing Ltd', true],
    [{ op: 'starts-with', value: 'test' }, 'A test', false],
    [{ op: 'less-than', value: 50 }, '49.5', true],
    [{ op: 'less-than', value: 50 }, 50, false],
    [{ op: 'less-than', value: 50 }, null, false],
    [{ op: 'more-than', value: 50 }, 51, true],
    [{ op: 'more-than', value: 50 }, 'many', false],
    [{ op: 'is-empty' }, null, true],
    [{ op: 'is-empty' }, 0, false],
    [{ op: 'is-filled' }, false, true],
    [{ op: 'is-filled' }, null, false],
  ];
  for (const [rule, held, expected] of cases)
    test(`whose field holds ${JSON.stringify(held)} is ${expected ? '' : 'not '}left out where ${JSON.stringify(rule)}`, () => {
      const where = ConnectionSettings.parse({
        exclude: { where: [{ object: 'Lead', field: 'X__c', ...rule }] },
      }).exclude;
      const lead = crmRecord('Lead', '1', { others: { X__c: held } });
      assert.equal(findExclusion(lead, where) !== null, expected);
      assert.equal(findExclusion({ ...lead, object: 'Account' }, where), null, 'a rule is about one object');
    });

  test('says by which filter it is left out', () => {
    const { exclude } = ConnectionSettings.parse({
      exclude: { where: [{ object: 'Lead', field: 'Region__c', op: 'is-not', value: ['DACH', 'UK'] }] },
    });
    const lead = crmRecord('Lead', '1', { others: { Region__c: 'US' } });
    assert.equal(findExclusion(lead, exclude), 'your filter: Region__c is not DACH or UK');
  });
});

test('an object is read again when what is made of it changed, and only then', () => {
  const name = (settings: object, object: 'Account' | 'Lead' = 'Account'): string =>
    nameOfPlan(object, ConnectionSettings.parse(settings));
  const before = name({});
  assert.equal(name({ dailyShare: 0.5, noteOnBandChange: true, write: { why: 'never' } }), before);
  assert.equal(name({ read: { Lead: { industry: 'Sector__c' } } }), before);
  assert.notEqual(name({ read: { Account: { industry: 'Sector__c' } } }), before);
  assert.notEqual(name({ read: { Lead: { industry: 'Sector__c' } } }, 'Lead'), before);
  assert.notEqual(name({ exclude: { customers: false } }), before);
  const rule = { object: 'Lead', field: 'Status', op: 'is', value: 'Closed' };
  assert.equal(name({ exclude: { where: [rule] } }), before);
  assert.notEqual(name({ exclude: { where: [rule] } }, 'Lead'), before);
});
