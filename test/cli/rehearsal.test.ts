import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { editTwin } from '../e2e/twin-records.ts';
import { connectAndSync, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';
import type { Ran } from './run-here.ts';

let system: System;
let folder: Awaited<ReturnType<typeof makeFolder>>;
before(async () => {
  folder = await makeFolder();
  system = await startSystem({ limit: 8 });
  await connectAndSync(await system.openApp({ worker: false }));
});
after(async () => {
  await system.close();
  await folder.remove();
});

const rehearse = (...args: string[]): Promise<Ran> =>
  runHere(['run', '--dry-run', ...args], { ...system.environment, FIELDNOTE_HOME: folder.path });

const Dump = z.object({
  contacts: z.object({
    records: z.array(z.object({ id: z.string(), properties: z.looseObject({ email: z.string() }) })),
  }),
});

/** All that both CRMs hold, with each record's history; without the count of calls, which reading moves. */
const dumpAll = (): Promise<object[]> =>
  Promise.all(
    [system.sandbox.twins.salesforce, system.sandbox.twins.hubspot].map(async ({ url }) => {
      const { usage: _, ...held } = z.looseObject({}).parse(await (await fetch(`${url}/_twin/dump`)).json());
      return held;
    }),
  );

test('a rehearsal tells first what is left to a person, names each company, and says what it has cost itself', async () => {
  const { url } = system.sandbox.twins.hubspot;
  const { contacts } = Dump.parse(await (await fetch(`${url}/_twin/dump`)).json());
  // The last object of the last CRM: behind more fields than are printed.
  const contact = contacts.records.find(({ properties }) => /@[\w-]+\.example$/.test(properties.email));
  assert.ok(contact);
  const properties = { fieldnote_pitch: 'My own words' };
  await editTwin(url, { as: 'rep:Bo Lind', object: 'contacts', id: contact.id, properties });

  const before = await dumpAll();
  const first = await rehearse();
  assert.equal(first.code, 0, first.err);
  assert.deepEqual(
    await dumpAll(),
    before,
    'nothing stands otherwise in a CRM, and no save that changed nothing was made',
  );
  const [headings = '', line = ''] = first.out.split('\n');
  assert.match(headings, /^company +object +record +field +holds now +would hold +verdict$/);
  const domain = contact.properties.email.split('@')[1] ?? '';
  assert.ok(line.startsWith(`${domain} `), line);
  assert.match(line, new RegExp(`contact +${contact.id} +pitch +My own words .* would-conflict: `));
  assert.match(first.out, /and \d+ more \(--json prints all\)/);
  assert.match(
    first.out,
    /Nothing was written\. Reading the companies took \d+ search credits, \$\d+\.\d\d; a run that comes soon does not buy them again\.\n$/,
  );

  const again = await rehearse('--json');
  const told = z.looseObject({ usage: z.array(z.looseObject({ searchCredits: z.number() })) });
  assert.ok(told.parse(JSON.parse(again.out)).usage.every(({ searchCredits }) => searchCredits === 0));
});

test('a rehearsal in which nothing would change shows no empty table', async () => {
  const env = { ...system.environment, FIELDNOTE_HOME: folder.path };
  assert.equal((await runHere(['run'], env)).code, 0);
  const { out } = await rehearse();
  assert.match(out, /^0 fields of 0 records would be written/);
  assert.match(out, /Nothing was written\. No search or LLM call was bought for it\.\n$/);
});
