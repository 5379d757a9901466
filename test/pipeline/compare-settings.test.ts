import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  compareSettings,
  flattenSettings,
  joinSettings,
  nestSettings,
} from '../../src/pipeline/compare-settings.ts';
import { describeSettings } from '../../src/pipeline/settings-document.ts';
import { ConnectionSettings } from '../../src/pipeline/store/connection-settings.ts';

const PATHS = ['read.Account.industry', 'write.score', 'write.band', 'exclude.customers', 'dailyShare'];
const settings = fc.record(
  Object.fromEntries(PATHS.map((path) => [path, fc.constantFrom('a', 'b', 'c', null)])),
);

test('a document comes back from its places as it was', () => {
  const given = ConnectionSettings.parse({
    read: { Account: { industry: ['Vertical__c', 'Industry'], country: null } },
    write: { pitch: 'never', Lead: { pitch: 'always', score: 'ours-until-edited' } },
    exclude: { where: [{ object: 'Lead', field: 'Status', op: 'is-empty' }] },
  });
  const usual = {
    readObjects: ['Account', 'Lead'] as const,
    writeObjects: ['Account', 'Lead'] as const,
    usualFields: { Lead: { name: ['Name'] } },
  };
  const document = describeSettings(usual, given);
  assert.equal(document.read['Lead']?.['name'], 'Name');
  // What is as on every object is no rule of its own.
  assert.deepEqual([document.write['pitch'], document.write['Lead']], ['never', { pitch: 'always' }]);
  assert.deepEqual(nestSettings(flattenSettings(document)), document);
  assert.deepEqual(compareSettings(flattenSettings(document), flattenSettings(document)), []);
});

test('of two who edited the same settings each finds every change of theirs, whoever comes second', () => {
  fc.assert(
    fc.property(settings, settings, settings, (base, theirs, mine) => {
      const { joined, both } = joinSettings(base, theirs, mine);
      for (const path of PATHS) {
        const isMine = mine[path] !== base[path];
        const isTheirs = theirs[path] !== base[path];
        assert.equal(joined[path], isMine ? mine[path] : theirs[path]);
        // Nobody's change goes unnoticed: it stands, or it is named.
        assert.equal(both.includes(path), isMine && isTheirs && mine[path] !== theirs[path]);
      }
    }),
  );
});
