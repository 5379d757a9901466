import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import type { CrmKind, CrmObject } from '../../../src/connectors/crm.ts';
import { rehearseAll } from '../../harness/rehearsal.ts';
import { planUndo } from '../../../src/pipeline/7-write-back/undo.ts';
import { connect, ledger } from '../../connectors/salesforce/connect.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { freezeDeparture } from '../../harness/frozen-process.ts';
import { Killed, startProcess } from '../../harness/killable.ts';
import { openTappedTwin } from '../../harness/twin-stages.ts';
import type { TappedTwin } from '../../harness/twin-stages.ts';
import { listFailed, openDesk } from '../../harness/write-back.ts';
import type { Desk } from '../../harness/write-back.ts';

const KINDS = ['salesforce', 'hubspot'] as const;
const LEASE_MS = 30_000;
// FIELDNOTE_NOTE_KILLS=1 kills at each step; by default at each fourth, which takes a quarter of the time.
const STRIDE = Number(process.env.FIELDNOTE_NOTE_KILLS ?? 4);

let here: TestDatabase;
const twins = new Map<CrmKind, TappedTwin>();
before(async () => {
  here = await createTestDatabase();
  for (const kind of KINDS) twins.set(kind, await openTappedTwin(kind));
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
const open = (kind: CrmKind): Promise<Desk> => openDesk(here.db, kind, undefined, find(kind).crm);
const flush = (desk: Desk) => desk.flush({ leaseMs: LEASE_MS });
const note = ({ from, to }: { from: string; to: string }): string =>
  `Fieldnote: band ${from} → ${to}\n\nBecause of <script>alert("&")</script>\nhttps://site.example/?a=1&b=2`;

type Note = { id: string; text: string; record: string; by: string };
const Org = z.object({
  records: z.array(
    z.object({
      id: z.string(),
      object: z.string(),
      values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      deleted: z.boolean(),
    }),
  ),
});
const Portal = z.object({
  notes: z.object({
    records: z.array(
      z.object({
        id: z.string(),
        properties: z.record(z.string(), z.string()),
        archivedAt: z.string().nullable(),
        tiedTo: z.array(z.string()),
      }),
    ),
  }),
});

/** Everything that stands on the timelines of these records. */
async function timeline(tapped: TappedTwin, ids: readonly string[]): Promise<Omit<Note, 'by'>[]> {
  if (tapped.kind === 'salesforce')
    return Org.parse(await tapped.dump()).records.flatMap(({ id, object, values, deleted }) => {
      const record = String(values.WhatId ?? values.WhoId ?? '');
      if (object !== 'Task' || deleted || !ids.includes(record)) return [];
      assert.deepEqual([values.Status, typeof values.ActivityDate], ['Completed', 'string']);
      return [{ id, text: `${String(values.Subject)}\n${String(values.Description)}`, record }];
    });
  return Portal.parse(await tapped.dump()).notes.records.flatMap(({ id, properties, archivedAt, tiedTo }) => {
    const record = tiedTo.find((one) => ids.includes(one));
    if (archivedAt !== null || record === undefined) return [];
    return [{ id, text: properties.hs_note_body ?? '', record }];
  });
}

const edit = (tapped: TappedTwin, id: string, values: Record<string, string>): Promise<unknown> =>
  tapped.edit(
    tapped.kind === 'salesforce'
      ? { as: 'rep:Anna', id, fields: values }
      : {
          as: 'rep:Anna',
          object: values.hs_note_body === undefined ? 'companies' : 'notes',
          id,
          properties: values,
        },
  );
const rewrite = (tapped: TappedTwin, id: string): Promise<unknown> =>
  edit(tapped, id, tapped.kind === 'salesforce' ? { Description: 'I called them.' } : { hs_note_body: 'I called them.' }); // prettier-ignore
const remove = (tapped: TappedTwin, id: string): Promise<unknown> =>
  tapped.edit(
    tapped.kind === 'salesforce'
      ? { operation: 'delete', as: 'rep:Anna', id }
      : { operation: 'archive', as: 'rep:Anna', object: 'notes', id },
  );
const states = async (desk: Desk, run: string): Promise<Record<string, string>> =>
  Object.fromEntries((await desk.writesOf(run)).flatMap((write) => (write.field === 'note' ? [[write.externalId, `${write.state}: ${write.reason ?? ''}`]] : []))); // prettier-ignore

for (const kind of KINDS) {
  test(`${kind}: a note tells of a band that changed, once; a first band, an unchanged one and one that a person set have none`, async () => {
    const tapped = find(kind);
    const ids = await tapped.create(3);
    const [moved = '', same = '', theirs = ''] = ids;
    const desk = await open(kind);
    await desk.plan({ band: 'C', score: 30 }, ids, { note });
    await flush(desk);
    assert.deepEqual(await timeline(tapped, ids), []);
    await edit(tapped, theirs, { [kind === 'salesforce' ? 'Fieldnote_Band__c' : 'fieldnote_band']: 'A' });

    const run = await desk.plan({ band: 'B', score: 60 }, [moved, theirs], { note });
    const still = await desk.plan({ band: 'C', score: 31 }, [same], { note });
    await flush(desk);

    const notes = await timeline(tapped, ids);
    assert.deepEqual(notes.map(({ record }) => record), [moved]); // prettier-ignore
    const text = notes[0]?.text ?? '';
    assert.match(text, /Fieldnote: band C → B/);
    assert.match(text, /\[FN-[0-9a-f]{12}\]/);
    if (kind === 'hubspot') {
      assert.match(text, /&lt;script&gt;alert\(&quot;&amp;&quot;\)&lt;\/script&gt;/);
      assert.match(text, /<a href="https:\/\/site\.example\/\?a=1&amp;b=2" rel="nofollow">/);
    } else assert.match(text, /<script>alert\("&"\)<\/script>\nhttps:\/\/site\.example\/\?a=1&b=2$/);
    assert.deepEqual(await states(desk, run), {
      [moved]: 'applied: ',
      [theirs]: 'skipped: The band was not written, so there is nothing to tell',
    });
    assert.deepEqual(await states(desk, still), {});
    await desk.plan({ band: 'B', score: 60 }, ids, { note });
    await flush(desk);
    const later = await timeline(tapped, ids);
    assert.deepEqual(later.map(({ record }) => record).toSorted(), [moved, same].toSorted());
  });

  test(`${kind}: whenever a worker is killed, each note is made exactly once`, async () => {
    const tapped = find(kind);
    let kills = 0;
    for (let diesAt = 1; ; diesAt += STRIDE) {
      const ids = await tapped.create(2);
      const desk = await open(kind);
      await desk.plan({ band: 'C' }, ids, { note });
      await flush(desk);
      await desk.plan({ band: 'B' }, ids, { note });
      const process = startProcess(here.db, (act) => { tapped.tap.at = act; }, diesAt); // prettier-ignore
      await desk.flush({ db: process.db, leaseMs: LEASE_MS }).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      tapped.tap.at = () => undefined;
      const died = process.isDead();
      for (let again = 0; again < 5; again += 1) {
        await desk.passTime();
        const { waiting, comeBackAt } = await flush(desk);
        if (waiting === 0 && comeBackAt === null) break;
      }
      const notes = await timeline(tapped, ids);
      assert.deepEqual(notes.map(({ record }) => record).toSorted(), ids.toSorted(), `killed at ${diesAt}`);
      assert.deepEqual(await listFailed(desk), []);
      if (!died) break;
      kills += 1;
    }
    assert.ok(kills > 15 / STRIDE, `only ${kills} kills`);
  });

  test(`${kind}: an undo is rehearsed and removes the notes of its run, but for one that a person rewrote or removed`, async () => {
    const tapped = find(kind);
    const ids = await tapped.create(4);
    const [plain = '', rewritten = '', gone = '', overtaken = ''] = ids;
    const desk = await open(kind);
    const rehearseRun = (runId: string) =>
      rehearseAll({ db: here.db, openCrm: desk.openCrm }, { workspaceId: desk.workspaceId, runId, signal: AbortSignal.timeout(20_000) }); // prettier-ignore
    await desk.plan({ band: 'C' }, ids, { note });
    await flush(desk);

    const dry = await desk.plan({ band: 'B' }, ids, { note, dryRun: true, kind: 'manual' });
    const would = (await rehearseRun(dry)).fields.filter(({ field }) => field === 'note');
    assert.deepEqual(would.map(({ verdict, old }) => [verdict, old]), ids.map(() => ['would-apply', null])); // prettier-ignore
    assert.match(String(would[0]?.new), /^Fieldnote: band C → B\n/);
    assert.deepEqual(await timeline(tapped, ids), []);

    const run = await desk.plan({ band: 'B' }, ids, { note });
    const { calls } = await rehearseRun(dry);
    const real = await flush(desk);
    assert.equal(real.calls.write, calls.write);
    const made = await timeline(tapped, ids);
    assert.equal(made.length, 4);
    const idOf = (record: string): string => made.find((one) => one.record === record)?.id ?? '';
    await rewrite(tapped, idOf(rewritten));
    await remove(tapped, idOf(gone));
    await desk.plan({ band: 'A' }, [overtaken], { note });
    await flush(desk);
    await here.db.inWorkspace(desk.workspaceId, (tx) => tx.query(`update runs set state = 'done'`));

    const rehearsed = await planUndo(here.db, { workspaceId: desk.workspaceId, runId: run, dryRun: true });
    const verdicts = (await rehearseRun(rehearsed.run.id)).fields.flatMap((one) =>
      one.field === 'note' ? [[one.externalId, one.verdict]] : [],
    );
    assert.deepEqual(Object.fromEntries(verdicts), {
      [plain]: 'would-apply',
      [rewritten]: 'would-conflict',
      [gone]: 'unchanged',
    });
    const undo = await planUndo(here.db, { workspaceId: desk.workspaceId, runId: run });
    await flush(desk);

    assert.deepEqual(await states(desk, undo.run.id), {
      [plain]: 'applied: ',
      [rewritten]: 'conflicted: Somebody changed the note; it stays',
      [gone]: 'skipped: The note is not there any more',
    });
    const left = await timeline(tapped, ids);
    assert.deepEqual(
      left.map(({ record }) => record).toSorted(),
      [rewritten, overtaken, overtaken].toSorted(),
    );
    assert.equal((await states(desk, run))[plain], 'undone: ');
  });

  test(`${kind}: a worker killed while it removes a note leaves it removed and nothing else touched`, async () => {
    const tapped = find(kind);
    for (let diesAt = 3; diesAt < 36; diesAt += STRIDE) {
      const ids = await tapped.create(1);
      const desk = await open(kind);
      await desk.plan({ band: 'C' }, ids, { note });
      await flush(desk);
      const run = await desk.plan({ band: 'B' }, ids, { note });
      await flush(desk);
      await here.db.inWorkspace(desk.workspaceId, (tx) => tx.query(`update runs set state = 'done'`));
      const undo = await planUndo(here.db, { workspaceId: desk.workspaceId, runId: run });
      const process = startProcess(here.db, (act) => { tapped.tap.at = act; }, diesAt); // prettier-ignore
      await desk.flush({ db: process.db, leaseMs: LEASE_MS }).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      tapped.tap.at = () => undefined;
      for (let again = 0; again < 3; again += 1) {
        await desk.passTime();
        await flush(desk);
      }
      assert.deepEqual(await timeline(tapped, ids), [], `killed at ${diesAt}`);
      assert.deepEqual(Object.values(await states(desk, undo.run.id)), ['applied: '], `killed at ${diesAt}`);
    }
  });

  test(`${kind}: a record that is deleted before its note is made costs only that note`, async () => {
    const tapped = find(kind);
    const ids = await tapped.create(3);
    const [deleted = '', ...fine] = ids;
    const desk = await open(kind);
    await desk.plan({ band: 'C' }, ids, { note });
    await flush(desk);
    const run = await desk.plan({ band: 'B' }, ids, { note });
    tapped.tap.at = async (moment, { body }) => {
      if (moment !== 'before' || !/"(Subject|hs_note_body)":/.test(body)) return;
      tapped.tap.at = () => undefined;
      await tapped.edit(
        kind === 'salesforce'
          ? { operation: 'delete', as: 'rep:Anna', id: deleted }
          : { operation: 'archive', as: 'rep:Anna', object: 'companies', id: deleted },
      );
    };

    await flush(desk);

    const after = await states(desk, run);
    assert.match(after[deleted] ?? '', /^rejected: /);
    assert.deepEqual(fine.map((id) => after[id]), ['applied: ', 'applied: ']); // prettier-ignore
    assert.equal((await timeline(tapped, fine)).length, 2);
    assert.deepEqual((await listFailed(desk)).map(({ externalId, field }) => [externalId, field]), [[deleted, 'note']]); // prettier-ignore
  });
}

test('no note is made on what is not ours to write to, and nothing but notes is removed; it is an error before anything is sent', async () => {
  const [salesforce, hubspot] = [find('salesforce'), find('hubspot')];
  const [account = ''] = await salesforce.create(1);
  const one = { key: 'FN-000000000000', title: 'Hello', body: '', at: '2026-11-28T10:00:00Z' };
  const options = { signal: AbortSignal.timeout(10_000) };
  const calls = () => [salesforce, hubspot].map(({ twin }) => twin.kit.calls.summary().byOperation['collections create']?.calls); // prettier-ignore
  const before = calls();
  const make = (tapped: TappedTwin, object: CrmObject, externalId: string) =>
    assert.rejects(async () => tapped.crm.notes?.create([{ ...one, object, externalId }], options));
  await make(salesforce, 'Contact', '003000000000001AAA');
  await make(salesforce, 'Account', "001' OR Id != '");
  await make(hubspot, 'Account', account);
  await assert.rejects(async () => salesforce.crm.notes?.remove([account], options), /no id of a task/);
  assert.deepEqual(calls(), before);
});

/** As `connect --install` does once notes are set. */
const permitNotes = async ({ twin }: TappedTwin): Promise<void> => {
  const client = (name: string) => ({ clientId: `integration-client${name}`, clientSecret: `integration-secret${name}` }); // prettier-ignore
  const admin = client('-administrator');
  const crm = connect({ url: twin.url, ...client(''), adminClientId: admin.clientId, adminClientSecret: admin.clientSecret }, { notes: true }); // prettier-ignore
  await crm.installFields(ledger());
};

test('Salesforce: without "Edit Tasks" the fields are written, the note says which permission it lacks, and is made by the next run', async (context) => {
  const tapped = await openTappedTwin('salesforce', { notes: false });
  context.after(() => tapped.close());
  const ids = await tapped.create(2);
  const desk = await openDesk(here.db, 'salesforce', undefined, tapped.crm);
  await desk.plan({ band: 'C' }, ids, { note });
  await flush(desk);
  const run = await desk.plan({ band: 'B' }, ids, { note });

  const result = await flush(desk);

  assert.deepEqual([result.applied, result.rejected, result.waiting], [2, 2, 0]);
  for (const state of Object.values(await states(desk, run)))
    assert.match(state, /^rejected: INSUFFICIENT_ACCESS_OR_READONLY: .*"Edit Tasks"/);
  assert.deepEqual((await listFailed(desk)).map(({ field }) => field), ['note', 'note']); // prettier-ignore

  await permitNotes(tapped);
  const again = await desk.plan({ band: 'B' }, ids, { note });
  await flush(desk);
  assert.deepEqual(Object.values(await states(desk, again)), ['applied: ', 'applied: ']);
  assert.deepEqual(await listFailed(desk), []);
  assert.equal((await timeline(tapped, ids)).length, 2);
});

for (const kind of KINDS)
  test(`${kind}: a worker that stood still before it made a note makes none when another has`, async () => {
    const tapped = find(kind);
    const ids = await tapped.create(1);
    const desk = await open(kind);
    await desk.plan({ band: 'A' }, ids);
    await flush(desk);
    await desk.plan({ band: 'B' }, ids, { note });
    const db = freezeDeparture(
      desk,
      async () => {
        await desk.passTime();
        await flush(desk);
      },
      { field: 'note' },
    );

    await desk.flush({ db, leaseMs: 2_000 });

    assert.equal((await timeline(tapped, ids)).length, 1);
  });
