import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { ALL_SCOPES } from '../../sandbox/hubspot/twin.ts';
import { startSystem } from '../harness/system.ts';
import { TOKEN, startPortal } from '../sandbox/hubspot-start.ts';
import type { System } from '../harness/system.ts';
import { changedBetween, dumpRecords, emptyCalls, isWrite, readCalls } from '../e2e/twin-records.ts';
import type { TwinRecord } from '../e2e/twin-records.ts';
import { fieldnote, makeFolder } from './run-command.ts';
import type { Ended } from './run-command.ts';

let system: System;
let folder: { path: string; remove(): Promise<void> };
before(async () => {
  folder = await makeFolder();
  system = await startSystem({ limit: 10 });
});
after(async () => {
  await system.close();
  await folder.remove();
});

const run = (args: string[], env: Record<string, string> = {}): Promise<Ended> =>
  fieldnote(args, { env: { ...system.environment, FIELDNOTE_HOME: folder.path, ...env } });
const dump = (): Promise<Map<string, TwinRecord>> =>
  dumpRecords({ salesforce: system.sandbox.twins.salesforce.url, hubspot: system.sandbox.twins.hubspot.url });
const RunId = z.looseObject({ run: z.string() });

test('what a HubSpot token may not do is named, and giving it that is the fix, not an administrator', async (context) => {
  const scopes = ALL_SCOPES.filter((scope) => !scope.startsWith('crm.objects.contacts.'));
  const portal = await startPortal(context, { scopes });
  const env = { HUBSPOT_BASE_URL: portal.twin.url, HUBSPOT_ACCESS_TOKEN: TOKEN };
  const bare = await run(['connect', 'hubspot'], env);
  assert.equal(bare.code, 1);
  assert.match(bare.stdout, /crm\.objects\.contacts\.read +NO /);
  assert.match(bare.stdout, /missing: crm\.objects\.contacts\.write \(disables writing/);
  assert.match(
    bare.stderr,
    /fix: Give the app the scopes that the list above names as missing, then run "fieldnote connect hubspot --install"\./,
  );
});

test('connect names the missing fields, makes them for an administrator, and may be repeated', async () => {
  const bare = await run(['connect', 'salesforce'], { SALESFORCE_ADMIN_CLIENT_ID: '' });
  assert.equal(bare.code, 1);
  assert.match(bare.stdout, /Account +Fieldnote_Score__c +missing/);
  assert.match(bare.stdout, /Lead +Fieldnote_Scored_At__c +missing/);
  // What all twenty lack is said once, and what is not wrong not at all.
  assert.equal(bare.stdout.split('not there, or the integration user may not see it').length, 2);
  assert.match(bare.stdout, /\n20 of these fields: not there/);
  assert.match(bare.stderr, /salesforce: not as it must be: 20 fields\n/);
  assert.match(bare.stderr, /fix: Run "fieldnote connect salesforce --install"/);

  const refused = await run(['connect', 'salesforce', '--install'], { SALESFORCE_ADMIN_CLIENT_ID: '' });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /takes an administrator[\s\S]*SALESFORCE_ADMIN_CLIENT_ID/);

  for (const crm of ['salesforce', 'hubspot']) {
    const installed = await run(['connect', crm, '--install']);
    assert.equal(installed.code, 0, installed.stderr);
    assert.match(installed.stdout, /Created 20 fields/);
    const again = await run(['connect', crm, '--install']);
    assert.equal(again.code, 0, again.stderr);
    assert.doesNotMatch(again.stdout, /Created/);
  }
});

test('sync --json counts what was read, and the second time nothing has changed', async () => {
  const Counts = z.array(z.looseObject({ connection: z.string(), read: z.number(), changed: z.number() }));
  const first = await run(['sync', '--json']);
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual(
    Counts.parse(JSON.parse(first.stdout))
      .filter((row) => row.read > 0 && row.changed === row.read)
      .map((row) => row.connection)
      .toSorted((a, b) => a.localeCompare(b)),
    ['hubspot', 'salesforce'],
  );
  const second = Counts.parse(JSON.parse((await run(['sync', '--json'])).stdout));
  assert.deepEqual(
    second.map((row) => row.changed),
    [0, 0],
  );
});

test('run --dry-run shows each field and the calls, and writes nothing', async () => {
  const untouched = await dump();
  const { salesforce, hubspot } = system.sandbox.twins;
  await emptyCalls([salesforce.url, hubspot.url]);
  const rehearsed = await run(['run', '--dry-run']);
  assert.equal(rehearsed.code, 0, rehearsed.stderr);
  assert.match(rehearsed.stdout, /company +object +record +field +holds now +would hold +verdict/);
  assert.match(
    rehearsed.stdout,
    /\d+ fields of \d+ records would be written[^]*Calls, at the fewest: \d+ to read, \d+ to write[^]* may add \d+ to write/,
  );
  assert.match(rehearsed.stdout, /Nothing was written\. .*\n$/);
  const calls = [...(await readCalls(salesforce.url)), ...(await readCalls(hubspot.url))];
  assert.deepEqual(calls.filter(isWrite), []);
  assert.deepEqual(changedBetween(untouched, await dump()), []);
});

test('run --domains takes the companies of a file, those that no CRM knows included', async () => {
  const file = join(folder.path, 'domains.txt');
  await writeFile(file, '# two companies\nlingopop.example\n\nhttps://www.unheard-of.example/about\n');
  const ended = await run(['run', '--domains', file, '--json']);
  assert.equal(ended.code, 0, ended.stderr);
  const report = z
    .looseObject({ method: z.string(), ranking: z.array(z.looseObject({ domain: z.string() })) })
    .parse(JSON.parse(ended.stdout));
  assert.deepEqual(
    [report.method, ...report.ranking.map((company) => company.domain)],
    ['phrases', 'lingopop.example', 'unheard-of.example'],
  );
});

test('run says how to take it back', async () => {
  const ended = await run(['run']);
  assert.equal(ended.code, 0, ended.stderr);
  const id = /fieldnote undo ([0-9a-f-]{36})\n/.exec(ended.stdout)?.[1];
  assert.ok(id, ended.stdout);
  const undone = await run(['undo', id]);
  assert.equal(undone.code, 0, undone.stderr);
});

test('runs lists who started each, and who undid it', async () => {
  const listed = await run(['runs', '--json']);
  assert.equal(listed.code, 0, listed.stderr);
  const By = z.object({ via: z.string(), name: z.string().nullable() });
  const Line = z.looseObject({ id: z.string(), kind: z.string(), startedBy: By, undoneBy: z.array(z.looseObject({ run: z.string(), startedBy: By })) }); // prettier-ignore
  const [undo, undone] = listed.stdout.trim().split('\n').map((line) => Line.parse(JSON.parse(line))); // prettier-ignore
  const commandLine = { via: 'command-line', name: null };
  assert.deepEqual([undo?.kind, undo?.startedBy], ['undo', commandLine]);
  assert.deepEqual([undone?.kind, undone?.startedBy], ['manual', commandLine]);
  assert.deepEqual(
    undone?.undoneBy.map((one) => [one.run, one.startedBy]),
    [[undo?.id, commandLine]],
  );
  const { stdout } = await run(['runs', '--limit', '2']);
  assert.match(stdout, /the command line +undo of [0-9a-f]{8} +\w+ *\n/);
  assert.match(stdout, /the command line +manual +done +[-0-9]{10} [:0-9]{8} by the command line/);
});

test('undo puts every field back that the run wrote', async () => {
  const untouched = await dump();
  const ended = await run(['run', '--json']);
  assert.equal(ended.code, 0, ended.stderr);
  const { run: id } = RunId.parse(JSON.parse(ended.stdout));
  assert.ok(changedBetween(untouched, await dump()).length > 10);
  const rehearsed = await run(['undo', id, '--dry-run']);
  assert.equal(rehearsed.code, 0, rehearsed.stderr);
  assert.match(rehearsed.stdout, /Nothing was written/);
  const undone = await run(['undo', id]);
  assert.equal(undone.code, 0, undone.stderr);
  assert.match(undone.stdout, /salesforce +Account +applied/);
  assert.deepEqual(changedBetween(untouched, await dump()), []);
  const again = await run(['undo', id]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /has nothing to undo/);
});

test('Ctrl-C pauses a run, and --resume finishes it', async () => {
  system.sandbox.twins.web.kit.faults.set({ latencyMs: 150 });
  let pressed = false;
  const stopped = await fieldnote(['run', '--refresh'], {
    env: { ...system.environment, FIELDNOTE_HOME: folder.path, RUN_CONCURRENCY: '2' },
    onOutput: (child, said) => {
      if (pressed || !said.includes('companies')) return;
      pressed = true;
      child.kill('SIGINT');
    },
  });
  system.sandbox.twins.web.kit.faults.set({});
  assert.equal(stopped.code, 130, stopped.stderr);
  const id = /Paused\. Go on with: fieldnote run --resume ([0-9a-f-]{36})/.exec(stopped.stderr)?.[1];
  assert.ok(id, stopped.stderr);
  assert.doesNotMatch(stopped.stderr, /\n\s+at |error:/);

  const resumed = await run(['run', '--resume', id, '--json']);
  assert.equal(resumed.code, 0, resumed.stderr);
  const report = z
    .looseObject({ run: z.string(), companies: z.looseObject({ total: z.number(), failed: z.number() }) })
    .parse(JSON.parse(resumed.stdout));
  assert.deepEqual([report.run, report.companies.total > 8, report.companies.failed], [id, true, 0]);
  const twice = await run(['run', '--resume', id]);
  assert.equal(twice.code, 1);
  assert.match(twice.stderr, /is not paused/);
});
