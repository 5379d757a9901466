import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChangePage, Crm, CrmRecord } from '../../../src/connectors/crm.ts';
import { catchUp } from '../../../src/pipeline/1-sync/catch-up.ts';
import { syncConnection } from '../../../src/pipeline/1-sync/sync.ts';
import { askForFullSync } from '../../../src/pipeline/store/cursors.ts';
import { retireConnection } from '../../../src/pipeline/store/remove-connection.ts';
import { countHints, readClock } from '../../../src/pipeline/store/record-hints.ts';
import { crmRecord } from '../../harness/crm-record.ts';
import { createReadingCrm } from '../../harness/reading-crm.ts';
import { useOneConnection } from '../../harness/one-connection.ts';

const here = useOneConnection('salesforce');

const account = (id: string): CrmRecord => crmRecord('Account', id, { website: `${id}.example` });

/**
 * An org with these accounts, which come one to a page, from its first on or behind the cursor; `dieAfter` so many pages. `inBulk`: from its
 * beginning through a job, which a page without rows names first.
 */
function createOrg(ids: readonly string[], { dieAfter = Infinity, inBulk = false } = {}): Crm {
  return {
    ...createReadingCrm({
      readObjects: ['Account'],
      async *readChanges(_object, cursor): AsyncGenerator<ChangePage> {
        let pages = 0;
        if (inBulk && cursor === null) yield { records: [], cursor: { at: 0 } };
        // From its beginning, or what is new.
        for (let at = Number(cursor?.['at'] ?? 0); at < ids.length; at += 1) {
          if (pages === dieAfter) throw new Error('the process died');
          pages += 1;
          yield { records: [account(ids[at] ?? '')], cursor: { at: at + 1 } };
        }
        yield { records: [], cursor: { at: ids.length } };
      },
    }),
    readRecords: async (_object, asked) => ({ records: asked.filter((id) => ids.includes(id)).map(account) }),
  };
}

async function sync(crm: Crm, { full = false } = {}): Promise<string[]> {
  const notices: string[] = [];
  if (full) await here.inWorkspace((tx) => askForFullSync(tx, here.connection.id));
  const call = { signal: AbortSignal.timeout(60_000), onNotice: (notice: string) => notices.push(notice) };
  await syncConnection({ db: here.db, crm, connection: here.connection, call });
  return notices;
}

async function lookAt(crm: Crm): Promise<void> {
  const toldBy = await here.inWorkspace(readClock);
  await catchUp({
    db: here.db,
    crm,
    connection: here.connection,
    toldBy,
    call: { signal: AbortSignal.timeout(60_000) },
  });
}

const alive = async (): Promise<string[]> =>
  (
    await here.inWorkspace((tx) =>
      tx.query<{ id: string }>(
        'select external_id as id from records where connection_id = $1 and not deleted order by 1',
        [here.connection.id],
      ),
    )
  ).rows.map(({ id }) => id);
const waiting = (): Promise<number> => here.inWorkspace((tx) => countHints(tx, here.connection.id));

test('a record that was purged, in no list of deleted ones, is found gone when everything is read again', async () => {
  await sync(createOrg(['a', 'b', 'c']));
  assert.equal(await waiting(), 0, 'a first sync misses nothing');
  const now = createOrg(['a', 'c']);
  await sync(createOrg(['a', 'b', 'c', 'd']));
  assert.equal(await waiting(), 0, 'who reads what is new misses nothing');

  await sync(now, { full: true });
  await lookAt(now);
  assert.deepEqual(await alive(), ['a', 'c']);
  const { rows } = await here.inWorkspace((tx) =>
    tx.query<{ left: number }>('select count(*)::integer as left from sightings where connection_id = $1', [
      here.connection.id,
    ]),
  );
  assert.deepEqual(rows, [{ left: 0 }]);
});

test('what was read before a stop counts when the reading goes on, and nothing that is there is lost', async () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  await sync(createOrg(ids));
  const left = ids.filter((id) => id !== 'b');
  await assert.rejects(sync(createOrg(left, { dieAfter: 2 }), { full: true }), /died/);
  assert.equal(await waiting(), 0, 'nothing is known before the end');
  await assert.rejects(sync(createOrg(left, { dieAfter: 1 })), /died/);
  await sync(createOrg(left));
  assert.equal(await waiting(), 1);
  await lookAt(createOrg(left));
  assert.deepEqual(await alive(), left);
});

test('a reading that is stopped before its bulk job has answered finds at its end what was purged', async () => {
  const options = { inBulk: true, dieAfter: 0 };
  await assert.rejects(sync(createOrg(['a', 'b', 'c'], options)), /died/);
  await sync(createOrg(['a', 'b', 'c']));
  assert.equal(await waiting(), 0, 'a first sync misses nothing');

  await assert.rejects(sync(createOrg(['a', 'c'], options), { full: true }), /died/);
  await sync(createOrg(['a', 'c']));
  assert.equal(await waiting(), 1);
  await lookAt(createOrg(['a', 'c']));
  assert.deepEqual(await alive(), ['a', 'c']);
});

test('a record that did not come and is there all the same stays', async () => {
  await sync(createOrg(['a', 'b']));
  await sync(createOrg(['a']), { full: true });
  await lookAt(createOrg(['a', 'b']));
  assert.deepEqual(await alive(), ['a', 'b']);
});

test('where a fifth of the records are missing nothing is taken for gone, and an administrator is told', async () => {
  const ids = Array.from({ length: 60 }, (_, index) => `a${String(index).padStart(2, '0')}`);
  await sync(createOrg(ids));
  for (const some of [ids.slice(0, 30), []]) {
    const notices = await sync(createOrg(some), { full: true });
    assert.match(notices.join(), /of the 60 Account records that were known did not come.*see every record/);
    assert.equal(await waiting(), 0);
  }
  assert.deepEqual(await alive(), ids);
});

test('a connection that is removed in the middle of a reading keeps nothing of what was seen', async () => {
  await sync(createOrg(['a', 'b', 'c']));
  await assert.rejects(sync(createOrg(['a', 'b', 'c'], { dieAfter: 2 }), { full: true }), /died/);
  const count = async (): Promise<number | undefined> =>
    (
      await here.inWorkspace((tx) =>
        tx.query<{ n: number }>('select count(*)::integer as n from sightings where connection_id = $1', [
          here.connection.id,
        ]),
      )
    ).rows[0]?.n;
  assert.equal(await count(), 2);
  await here.inWorkspace((tx) => retireConnection(tx, here.connection));
  assert.equal(await count(), 0);
});
