import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CrmKind, FieldValues } from '../../../src/connectors/crm.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { ROW, spoilRows } from '../../harness/spoil-rows.ts';
import type { Spoiled } from '../../harness/spoil-rows.ts';
import { openTappedTwin } from '../../harness/twin-stages.ts';
import type { TappedTwin } from '../../harness/twin-stages.ts';
import { listFailed, openDesk } from '../../harness/write-back.ts';

let here: TestDatabase;
const twins = new Map<CrmKind, TappedTwin>();
before(async () => {
  here = await createTestDatabase();
  for (const kind of ['salesforce', 'hubspot'] as const) {
    const tapped = await openTappedTwin(kind);
    // The records were last changed yesterday: nothing has to wait for a second to be over.
    tapped.twin.kit.clock.set(-86_400_000);
    twins.set(kind, tapped);
  }
});
after(async () => {
  for (const twin of twins.values()) await twin.close();
  await here.close();
});

const find = (kind: CrmKind): TappedTwin => {
  const tapped = twins.get(kind);
  assert.ok(tapped);
  return tapped;
};

async function hold({ crm, object }: TappedTwin, ids: readonly string[]): Promise<(FieldValues | null)[]> {
  const found = await crm.readCurrent(object, ids, { signal: AbortSignal.timeout(5_000) });
  return found.map(({ values }) => values);
}

const cases: Readonly<Record<'salesforce' | 'hubspot', [what: string, spoiled: Spoiled, problem: RegExp][]>> =
  {
    salesforce: [
      [
        'one of our fields is an object',
        { Fieldnote_Pitch__c: { words: 'mine' } },
        /Fieldnote_Pitch__c is an object/,
      ],
      ['a last change that is no time', { LastModifiedDate: 'yesterday' }, /LastModifiedDate is "yesterday"/],
      ['no row at all', { [ROW]: 17 }, /Id is nothing, not 001/],
      ['another record’s row', { Id: '001000000000000AAA' }, /Id is "001000000000000AAA", not 001/],
    ],
    hubspot: [
      [
        'one of our properties is an object',
        { fieldnote_pitch: { words: 'mine' } },
        /fieldnote_pitch" is an object/,
      ],
      ['an id that is a number', { id: 17 }, /its id is the number 17/],
    ],
  };
for (const kind of ['salesforce', 'hubspot'] as const)
  test(`${kind}: a record of which the CRM sends something unreadable is left alone with the reason, and the others of its batch are written`, async (context) => {
    const tapped = find(kind);
    const desk = await openDesk(here.db, kind, undefined, tapped.crm);
    const fine = await tapped.create(2);
    const broken = await tapped.create(cases[kind].length);
    context.after(() => {
      tapped.tap.rewrite = null;
    });
    spoilRows(tapped.tap, new Map(cases[kind].map(([, spoiled], index) => [broken[index] ?? '', spoiled])));
    await desk.plan({ score: 40, pitch: 'ours' }, [...broken, ...fine]);

    const flushed = await desk.flush({ leaseMs: 30_000 });

    assert.deepEqual([flushed.applied, flushed.rejected, flushed.waiting], [4, 2 * broken.length, 0]);
    const reasons = new Map((await listFailed(desk)).map((write) => [write.externalId, write.reason ?? '']));
    for (const [index, [what, , problem]] of cases[kind].entries())
      assert.match(reasons.get(broken[index] ?? '') ?? '', problem, what);
    tapped.tap.rewrite = null;
    assert.ok((await hold(tapped, broken)).every((values) => (values?.score ?? null) === null));
    assert.ok((await hold(tapped, fine)).every((values) => values?.score === 40 && values.pitch === 'ours'));

    await desk.plan({ score: 40, pitch: 'ours' }, broken);
    assert.equal((await desk.flush({ leaseMs: 30_000 })).applied, 2 * broken.length);
  });

test('hubspot: a history that can’t be read keeps only its own record waiting to be read back', async (context) => {
  const tapped = find('hubspot');
  const desk = await openDesk(here.db, 'hubspot', undefined, tapped.crm);
  const ids = await tapped.create(3);
  const [broken = ''] = ids;
  context.after(() => {
    tapped.tap.rewrite = null;
  });
  const history = { fieldnote_score: [{ value: '40', timestamp: 'just now' }] };
  spoilRows(tapped.tap, new Map([[broken, { propertiesWithHistory: history }]]));
  const run = await desk.plan({ score: 40 }, ids);

  const flushed = await desk.flush({ leaseMs: 30_000 });

  assert.deepEqual([flushed.applied, flushed.stopped], [3, null]);
  const waiting = (await desk.writesOf(run)).filter((write) => !write.readBack);
  assert.deepEqual(waiting.map((write) => write.externalId), [broken]); // prettier-ignore
});
