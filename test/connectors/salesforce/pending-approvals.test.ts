import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountId, smallWorld, startSmall } from '../../sandbox/salesforce-fixture.ts';
import { connect, ledger } from './connect.ts';

for (const { pending, queries, how } of [
  { pending: 3, queries: 1, how: 'few approvals are read at once' },
  { pending: 2_100, queries: 2 + 3, how: 'of many approvals those of the records in question are read' },
])
  test(`${how}`, async (context) => {
    const twin = await startSmall({ world: smallWorld(2_500) });
    context.after(() => twin.close());
    const id = (index: number): string => accountId(`more-${index}`);
    for (let index = 0; index < pending; index += 1)
      twin.edit({ operation: 'lock', how: 'approval', as: 'rep:Anna', id: id(index) });
    const asked = Array.from({ length: 450 }, (_, index) => id(5 * index));
    const call = ledger();
    const findLocks = await connect(twin).openLocks?.(call);

    const locked = await findLocks?.(asked);

    const expected = asked.filter((_, index) => 5 * index < pending);
    assert.deepEqual([...(locked?.keys() ?? [])].toSorted(), expected.toSorted());
    assert.equal(locked?.get(id(0))?.code, 'ENTITY_IS_LOCKED');
    assert.equal(call.calls.filter((one) => one.operation === 'query').length, queries);
  });
