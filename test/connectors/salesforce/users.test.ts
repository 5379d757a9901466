import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSmall } from '../../sandbox/salesforce-fixture.ts';
import { connect, ledger, readAll } from './connect.ts';

test('who was deactivated is known by their address no longer, although their accounts are still theirs', async (context) => {
  const twin = await startSmall({});
  context.after(() => twin.close());
  const crm = connect(twin);
  for (const name of ['Stay Here', 'Left Long'])
    twin.edit({
      operation: 'create',
      as: `rep:${name}`,
      object: 'Account',
      records: [{ Name: `Account of ${name}` }],
    });
  const owners = async (): Promise<string[]> => {
    const { records } = await readAll(crm, 'Account', null);
    const ids = records.flatMap(({ ownerId, name }) =>
      ownerId !== null && name?.startsWith('Account of ') === true ? ownerId : [],
    );
    assert.equal(ids.length, 2);
    return ids;
  };
  const known = async (): Promise<string[]> => {
    const users = await crm.readUsers?.(await owners(), ledger());
    return (users ?? []).map(({ name }) => name).toSorted();
  };

  assert.deepEqual(await known(), ['Left Long', 'Stay Here']);
  twin.edit({ operation: 'deactivate', as: 'administrator', user: 'rep:Left Long' });
  assert.deepEqual(await known(), ['Stay Here']);
});
