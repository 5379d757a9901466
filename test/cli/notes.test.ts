import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { openRows } from '../e2e/faults/observe.ts';
import { dumpRecords, editTwin } from '../e2e/twin-records.ts';
import { writeSmallWorld } from '../harness/small-world.ts';
import { startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';
import type { Ran } from './run-here.ts';

let system: System;
let world: Awaited<ReturnType<typeof writeSmallWorld>>;
let folder: Awaited<ReturnType<typeof makeFolder>>;
let db: Awaited<ReturnType<typeof openRows>>;

before(async () => {
  folder = await makeFolder();
  world = await writeSmallWorld([
    { stem: 'alder', crm: ['salesforce', 'hubspot'] },
    { stem: 'birch', crm: ['salesforce', 'hubspot'] },
  ]);
  system = await startSystem({ worldFolder: world.folder });
  db = await openRows(system);
});
after(async () => {
  await db.close();
  await system.close();
  await Promise.all([world.remove(), folder.remove()]);
});

const run = (args: string[], input?: string): Promise<Ran> =>
  runHere(args, { ...system.environment, FIELDNOTE_HOME: folder.path }, input === undefined ? {} : { input });
async function ok(args: string[], input?: string): Promise<Ran> {
  const ended = await run(args, input);
  assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.err}`);
  return ended;
}

const Org = z.object({
  records: z.array(
    z.object({ object: z.string(), values: z.record(z.string(), z.unknown()), deleted: z.boolean() }),
  ),
});
const Portal = z.object({
  notes: z.object({
    records: z.array(
      z.object({ properties: z.record(z.string(), z.string()), archivedAt: z.string().nullable() }),
    ),
  }),
});
const dump = async (crm: 'salesforce' | 'hubspot'): Promise<unknown> =>
  (await fetch(`${system.sandbox.twins[crm].url}/_twin/dump`)).json();

/** The notes that stand in both CRMs. */
async function notes(): Promise<{ tasks: string[]; notes: string[] }> {
  const org = Org.parse(await dump('salesforce')).records;
  const portal = Portal.parse(await dump('hubspot')).notes.records;
  return {
    tasks: org.flatMap(({ object, values, deleted }) =>
      object === 'Task' && !deleted ? `${String(values.Subject)}\n${String(values.Description)}` : [],
    ),
    notes: portal.flatMap(({ properties, archivedAt }) => (archivedAt === null ? properties.hs_note_body ?? '' : [])), // prettier-ignore
  };
}

/** Alder's records hold another band, as if an earlier run of ours had written it. */
async function setBand(band: string): Promise<void> {
  const { salesforce, hubspot } = system.sandbox.twins;
  await db.rows(
    `update writes set new_value = to_jsonb('${band}'::text), returned_value = to_jsonb('${band}'::text)
     where field = 'band' and state = 'applied' and company_id = (select id from companies where domain = 'alder.example')`,
  );
  const records = await dumpRecords({ salesforce: salesforce.url, hubspot: hubspot.url });
  for (const { object, id, other } of records.values()) {
    if ((other['Name'] ?? other['name']) !== 'alder') continue;
    if (object === 'Account')
      await editTwin(salesforce.url, { as: 'integration', id, fields: { Fieldnote_Band__c: band } });
    if (object === 'company')
      await editTwin(hubspot.url, { as: 'integration', object: 'companies', id, operation: 'update', properties: { fieldnote_band: band } }); // prettier-ignore
  }
}

const Rehearsal = z.object({
  fields: z.array(z.object({ field: z.string(), new: z.unknown(), verdict: z.string() })),
});
const Begun = z.object({ run: z.string() });

test('a note on the timeline when a band changes: off unless set, checked by connect, rehearsed, made once, undone', async () => {
  for (const crm of ['salesforce', 'hubspot']) await ok(['connect', crm, '--install']);
  await ok(['sync']);
  await ok(['run']);
  await setBand('D');
  await ok(['run']);
  assert.deepEqual(await notes(), { tasks: [], notes: [] }, 'nobody asked for notes');

  for (const crm of ['salesforce', 'hubspot'])
    await ok(['connect', crm, '--set', '-'], 'noteOnBandChange: true');
  const lacking = await run(['connect', 'salesforce']);
  assert.equal(lacking.code, 1);
  assert.match(lacking.out, /Edit Tasks\s+NO\s+notes when a band changes \(noteOnBandChange\)/);
  await ok(['connect', 'salesforce', '--install']);
  assert.match((await ok(['connect', 'salesforce'])).out, /Edit Tasks\s+yes/);
  await ok(['connect', 'hubspot']);

  await ok(['run']);
  assert.deepEqual(await notes(), { tasks: [], notes: [] }, 'no band changed');
  await setBand('D');
  const { fields } = Rehearsal.parse(JSON.parse((await ok(['run', '--dry-run', '--json'])).out));
  const rehearsed = fields.filter(({ field }) => field === 'note');
  assert.deepEqual(rehearsed.map(({ verdict }) => verdict), ['would-apply', 'would-apply']); // prettier-ignore
  assert.deepEqual(await notes(), { tasks: [], notes: [] }, 'a rehearsal writes nothing');

  const begun = Begun.parse(JSON.parse((await ok(['run', '--json'])).out));
  const made = await notes();
  assert.deepEqual([made.tasks.length, made.notes.length], [1, 1]);
  for (const text of [...made.tasks, ...made.notes]) {
    assert.match(text, /Fieldnote: band D → [ABC]/);
    assert.match(text, /The score is [\d.]+ of 100, confidence \d+ %\./);
    assert.match(text, /\+[\d.]+ .*https:\/\/alder\.example\//);
    assert.match(text, /All reasons: .*\/companies\/alder\.example/);
  }
  const text = String(rehearsed[0]?.new);
  assert.ok(
    made.tasks[0]?.replace(/ \[FN-\w+\]\n/, '\n\n') === text,
    `${made.tasks[0]} was rehearsed as ${text}`,
  );
  const due = () => db.rows<{ domain: string; due: Date }>('select domain, due_at as due from companies order by domain'); // prettier-ignore
  const dueBefore = await due();
  await ok(['sync']);
  assert.deepEqual(await due(), dueBefore, 'our own notes are no reason to enrich anything');
  await ok(['run']);
  assert.deepEqual(await notes(), made);
  assert.match((await ok(['writes', '--field', 'note'])).out, /note\s+applied/);

  const undo = Rehearsal.parse(JSON.parse((await ok(['undo', begun.run, '--dry-run', '--json'])).out));
  assert.equal(undo.fields.filter(({ field }) => field === 'note').length, 2);
  await ok(['undo', begun.run]);
  assert.deepEqual(await notes(), { tasks: [], notes: [] });
});
