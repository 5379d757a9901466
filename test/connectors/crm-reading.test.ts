import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { READ_AS_USUAL, planObject, readCount, readFacts } from '../../src/connectors/crm-reading.ts';
import { usualFields } from '../../src/connectors/salesforce/to-record.ts';

describe('a number of people that somebody typed', () => {
  const cases: [string, number | null][] = [
    ['1200', 1200],
    ['1,200', 1200],
    ['1.200', 1200],
    ['1 200', 1200],
    ['1\u202f200', 1200],
    ["12'345'678", 12_345_678],
    ['51-200', 51],
    ['1,001 – 5,000', 1001],
    ['51 to 200', 51],
    ['10,000+', 10_000],
    [' 40 ', 40],
    ['12.5', 13],
    ['0', 0],
    ['1,20', null],
    ['-5', null],
    ['about 40', null],
    ['1200 people', null],
    ['', null],
  ];
  for (const [text, count] of cases)
    test(`"${text}" is ${count ?? 'none'}`, () => assert.equal(readCount(text), count));
});

describe('what a record tells', () => {
  const values: Record<string, string | number> = { Name: 'Tarn', Sector__c: 'Optics', Staff__c: '51-200', Size__c: 7 }; // prettier-ignore
  const facts = (Account: Record<string, string[]>) =>
    readFacts(
      planObject('Account', usualFields.Account, { ...READ_AS_USUAL, fields: { Account } }),
      (name) => values[name] ?? null,
    );

  test('is read from the usual fields, unless others are named', () => {
    assert.deepEqual([facts({}).name, facts({}).industry, facts({}).employees], ['Tarn', null, null]);
    assert.equal(facts({ industry: ['Sector__c'] }).industry, 'Optics');
    assert.equal(facts({ name: [] }).name, null);
  });

  test('comes from the first field that holds something', () => {
    assert.equal(facts({ industry: ['Industry', 'Sector__c', 'Name'] }).industry, 'Optics');
    assert.equal(facts({ employees: ['Staff__c'] }).employees, 51);
    assert.equal(facts({ employees: ['Size__c', 'Staff__c'] }).employees, 7);
  });
});
