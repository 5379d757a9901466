import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { CrmObject, CrmRecord } from '../../../src/connectors/crm.ts';
import { mirrorRecord } from '../../../src/pipeline/1-sync/mirror-record.ts';
import { ensureConnection } from '../../../src/pipeline/store/connections.ts';
import type { Connection } from '../../../src/pipeline/store/connections.ts';
import { gatherRecords, mergeRecords, prepareRecord } from '../../../src/pipeline/store/merge-records.ts';
import { ensureWorkspace } from '../../../src/pipeline/store/workspaces.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';

let here: TestDatabase;
let workspaceId: string;
let connections: Record<'salesforce' | 'hubspot', Connection>;
before(async () => {
  here = await createTestDatabase();
  workspaceId = await ensureWorkspace(here.db);
  const open = (kind: 'salesforce' | 'hubspot') =>
    here.db.inWorkspace(workspaceId, (tx) => ensureConnection(tx, workspaceId, kind, 'default'));
  connections = { salesforce: await open('salesforce'), hubspot: await open('hubspot') };
});
after(() => here.close());

const kindOf = (object: CrmObject): 'salesforce' | 'hubspot' =>
  object === 'company' || object === 'contact' ? 'hubspot' : 'salesforce';

async function merge(rows: readonly CrmRecord[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const { id, settings } = connections[kindOf(first.object)];
  const prepared = rows.map((row) => prepareRecord(mirrorRecord(row, settings.exclude)));
  await here.db.inWorkspace(workspaceId, (tx) =>
    mergeRecords(tx, { workspaceId, connectionId: id }, gatherRecords(prepared)),
  );
}

/** What came of it, but for when. */
async function state(): Promise<unknown> {
  return here.db.inWorkspace(workspaceId, async (tx) => {
    const { rows: records } = await tx.query(
      `select r.object, r.external_id, r.name, r.domain, r.placed_by, r.own_domain, c.domain as company
       from records r left join companies c on c.id = r.company_id order by r.object, r.external_id`,
    );
    const { rows: companies } = await tx.query(
      `select domain, name, website, industry, employees, country, facts_from, input_hash, excluded_because, excluded_by
       from companies c where exists (select from records r where r.company_id = c.id) order by domain`,
    );
    const { rows: wrong } = await tx.query(
      `select domain from companies c
       where (due_at is null and excluded_because is null) = exists (select from records r where r.company_id = c.id)`,
    );
    return { records, companies, wrong };
  });
}
const forget = (): Promise<void> =>
  here.db.inWorkspace(workspaceId, async (tx) => {
    await tx.query('delete from records');
    await tx.query('delete from companies');
  });

const OBJECTS: readonly [object: CrmObject, ids: readonly string[]][] = [
  ['Account', ['a1', 'a2', 'a3']],
  ['Lead', ['l1', 'l2']],
  ['Contact', ['c1', 'c2', 'c3']],
  ['company', ['h1', 'h2']],
  ['contact', ['k1', 'k2']],
];
const domain = fc.constantFrom('one.example', 'two.example', 'three.example', 'gmail.com', null);
const word = fc.constantFrom('Red', 'Green', 'Blue', null);

/** One version of one row; its time is its place among all versions. */
const version = fc
  .tuple(
    fc.constantFrom(...OBJECTS.flatMap(([object, ids]) => ids.map((id) => ({ object, id })))),
    fc.record({
      domain,
      name: word,
      industry: word,
      parent: fc.constantFrom('1', '2', null),
      end: fc.constantFrom('', '', '', '', 'deleted', 'merged', 'converted'),
      sign: fc.constantFrom('', '', '', 'customer', 'out'),
    }),
  )
  .map(([{ object, id }, { domain: at, name, industry, parent, end, sign }]): CrmRecord => {
    const isAccount = object === 'Account' || object === 'company';
    const isContact = object === 'Contact' || object === 'contact';
    return crmRecord(object, id, {
      name,
      companyName: isAccount ? null : name,
      industry,
      website: isAccount ? at : null,
      email: isAccount || at === null ? null : `x@${at}`,
      parentId: isContact && parent !== null ? `${object === 'Contact' ? 'a' : 'h'}${parent}` : null,
      deleted: end === 'deleted' || end === 'merged',
      mergedInto: end === 'merged' ? 'other' : null,
      convertedTo: end === 'converted' && object === 'Lead' ? 'a1' : null,
      signs: {
        customer: isAccount && sign === 'customer' ? 'it says so' : null,
        optedOut: !isAccount && sign === 'out',
        openDeals: 0,
      },
    });
  });

test('where records belong, and what companies are called, follows from the rows, in whatever order and pages they are read', async () => {
  const history = fc.array(version, { minLength: 1, maxLength: 25 }).chain((rows) =>
    fc.record({
      rows: fc.constant(
        rows.map((row, index) => ({
          ...row,
          modifiedAt: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
        })),
      ),
      order: fc.shuffledSubarray(
        rows.map((_, index) => index),
        { minLength: rows.length },
      ),
      cuts: fc.array(fc.boolean(), { minLength: rows.length, maxLength: rows.length }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(history, async ({ rows, order, cuts }) => {
      // The last version of each, accounts first, in one page for each CRM.
      await forget();
      const last = [...new Map(rows.map((row) => [`${row.object} ${row.externalId}`, row])).values()];
      for (const kind of ['salesforce', 'hubspot'] as const)
        await merge(last.filter(({ object }) => kindOf(object) === kind));
      const wanted = await state();

      await forget();
      let page: CrmRecord[] = [];
      for (const [place, index] of order.entries()) {
        const row = rows[index];
        assert.ok(row);
        const [first] = page;
        if (first !== undefined && (cuts[place] === true || kindOf(first.object) !== kindOf(row.object))) {
          await merge(page);
          page = [];
        }
        page.push(row);
      }
      await merge(page);
      assert.deepEqual(await state(), wanted);
    }),
    {
      numRuns: Number(process.env.RUNS ?? 40),
      interruptAfterTimeLimit: 15_000,
      seed: Number(process.env.SEED ?? 20261128),
    },
  );
});
