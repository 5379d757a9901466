import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CrmObject, FieldValues } from '../../../src/connectors/crm.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { rehearseAll } from '../../harness/rehearsal.ts';
import { openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

type Part = { ids: string[]; object: CrmObject; values: FieldValues };

const name = (prefix: string, count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${from + index}`);

/** Calls to read that the parts took, each planned and sent as far as a run that goes on would, and then the end of the run. */
async function spend(desk: Desk, parts: readonly Part[]): Promise<{ read: number; readBack: number }> {
  const spent = { read: 0, readBack: 0 };
  const send = async (mode: 'full-batches-only' | 'now'): Promise<void> => {
    const { calls } = await desk.flush({ mode, leaseMs: 30_000 });
    spent.read += calls.read;
    spent.readBack += calls.readBack;
  };
  for (const { ids, object, values } of parts) {
    await desk.plan(values, ids, { object });
    await send('full-batches-only');
  }
  await send('now');
  return spent;
}

/** What is said of all of them together, before any is sent. */
async function foretell(desk: Desk, parts: readonly Part[]) {
  const said = [];
  for (const { ids, object, values } of joined(parts)) {
    const runId = await desk.plan(values, ids, { object, dryRun: true });
    const request = { workspaceId: desk.workspaceId, runId, signal: AbortSignal.timeout(60_000) };
    said.push((await rehearseAll(desk, request)).calls);
  }
  return said;
}

function joined(parts: readonly Part[]): Part[] {
  const groups = Map.groupBy(parts, ({ object }) => object);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ ...first, ids: group.flatMap(({ ids }) => ids) }];
  });
}

const sum = (numbers: readonly (number | null)[]): number =>
  numbers.reduce<number>((total, one) => total + (one ?? 0), 0);

test('Salesforce: while a run goes on, records are not read a handful at a time, however its companies come', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const parts: Part[] = [
    { ids: name('a', 480), object: 'Account', values: { score: 61 } },
    // People may edit the pitch: 25 of these fill a call.
    ...Array.from({ length: 20 }, (_, part): Part => ({ ids: name('l', 25, part * 25), object: 'Lead', values: { pitch: 'Hi' } })),
  ]; // prettier-ignore
  for (const { ids, object } of parts) for (const id of ids) desk.fake.add(object, id);
  const said = await foretell(desk, parts);

  const spent = await spend(desk, parts);

  assert.ok(desk.fake.all().every(({ values }) => values.score === 61 || values.pitch === 'Hi'));
  assert.deepEqual(spent, { read: 2, readBack: 2 });
  assert.equal(sum(said.map(({ read }) => read)), 2);
});

test('HubSpot: with conflicts that leave batches short, reading stays between what a rehearsal says at the fewest and at the most', async () => {
  const desk = await openDesk(here.db, 'hubspot');
  const ids = name('c', 1_000);
  for (const id of ids) desk.fake.add('company', id);
  for (const [index, id] of ids.entries()) if (index % 40 === 0) desk.fake.edit('company', id, 'score', 3);
  const parts = Array.from({ length: 27 }, (_, part): Part => ({ ids: ids.slice(part * 37, part * 37 + 37), object: 'company', values: { score: 61 } })); // prettier-ignore
  parts.push({ ids: ids.slice(27 * 37), object: 'company', values: { score: 61 } });
  const [said] = await foretell(desk, parts);
  assert.ok(said);

  const spent = await spend(desk, parts);

  assert.equal(desk.fake.all().filter(({ values }) => values.score === 3).length, 25);
  assert.ok(spent.read > said.read && spent.read <= (said.mostRead ?? 0), JSON.stringify({ spent, said }));
  assert.ok(spent.readBack >= said.readBack && spent.readBack <= (said.mostReadBack ?? 0), JSON.stringify({ spent, said })); // prettier-ignore
});
