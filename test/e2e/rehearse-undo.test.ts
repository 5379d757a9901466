import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { FIELDS } from '../../src/connectors/crm-fields.ts';
import { rehearseAll } from '../harness/rehearsal.ts';
import { couldHaveBecome, sameValue } from '../../src/pipeline/7-write-back/same-value.ts';
import { LONGEST_LINGER_MS } from '../../src/pipeline/7-write-back/linger.ts';
import { planUndo } from '../../src/pipeline/7-write-back/undo.ts';
import type { App } from '../../src/app.ts';
import { openForWriting } from '../../src/pipeline/flush-job.ts';
import { listRunWrites } from '../../src/pipeline/store/writes-list.ts';
import { connectAndSync, runToEnd, startSystem, waitForRun } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { isOurField } from './faults/crm-writes.ts';
import { writeWorld } from './faults/world.ts';

// FIELDNOTE_UNDO_COMPANIES=170 is the full size: more than 500 records.
const COMPANIES = Number(process.env.FIELDNOTE_UNDO_COMPANIES ?? 30);

type Held = { values: Record<string, unknown>; state: string };

const Salesforce = z.object({
  records: z.array(
    z.object({
      id: z.string(),
      object: z.string(),
      values: z.record(z.string(), z.unknown()),
      deleted: z.boolean(),
      mergedInto: z.string().nullable(),
    }),
  ),
  customFields: z.array(z.string()),
});
const Shelf = z.object({
  records: z.array(
    z.object({
      id: z.string(),
      properties: z.record(z.string(), z.string()),
      archivedAt: z.string().nullable(),
    }),
  ),
  merged: z.record(z.string(), z.string()),
  customProperties: z.array(z.string()),
});
const Hubspot = z.object({ companies: Shelf, contacts: Shelf });

let world: Awaited<ReturnType<typeof writeWorld>>;
let system: System;
let app: App;
before(async () => {
  world = await writeWorld(COMPANIES);
  system = await startSystem({ worldFolder: world.folder });
  app = await system.openApp({ worker: true });
  await connectAndSync(app);
  await app.startWorker({ schedule: false, concurrency: 8 });
});
after(async () => {
  await system.close();
  await world.remove();
});

const ask = async (crm: 'salesforce' | 'hubspot', path: string, body?: unknown): Promise<unknown> => {
  const answer = await fetch(`${system.sandbox.twins[crm].url}/_twin/${path}`, {
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const json: unknown = await answer.json();
  assert.ok(answer.ok, JSON.stringify(json));
  return json;
};

/** Everything that both CRMs hold, by record; only the times of change are left out. */
async function holdings(): Promise<Map<string, Held>> {
  const org = Salesforce.parse(await ask('salesforce', 'dump'));
  const portal = Hubspot.parse(await ask('hubspot', 'dump'));
  const held = new Map<string, Held>();
  for (const { id, object, values, deleted, mergedInto } of org.records)
    held.set(`${object} ${id}`, { values, state: `${deleted} ${mergedInto}` });
  for (const [object, shelf] of Object.entries({ company: portal.companies, contact: portal.contacts }))
    for (const { id, properties, archivedAt } of shelf.records) {
      const { hs_lastmodifieddate: _, lastmodifieddate: __, ...values } = properties;
      held.set(`${object} ${id}`, { values, state: String(archivedAt) });
    }
  held.set('schema', {
    values: { fields: org.customFields, properties: portal.companies.customProperties },
    state: '',
  });
  return held;
}

const nameOf = (object: string, key: string): string => {
  const field = FIELDS.find((one) => one.key === key);
  assert.ok(field);
  return object === 'Account' || object === 'Lead' ? field.salesforceName : field.hubspotName;
};

async function countCalls(): Promise<Record<string, number>> {
  const Summary = z.object({ byOperation: z.record(z.string(), z.object({ calls: z.number() })) });
  const counts = await Promise.all(
    (['salesforce', 'hubspot'] as const).map(
      async (crm) => Summary.parse(await ask(crm, 'calls')).byOperation,
    ),
  );
  const of = (name: string): number => counts.reduce((sum, one) => sum + (one[name]?.calls ?? 0), 0);
  return {
    reading: of('collections retrieve') + of('batch read'),
    writing: of('composite') + of('batch update'),
  };
}

const REHEARSED_WITHIN_MS = 600_000;
const day = 86_400_000;
let run = '';
let untouched: Map<string, Held>;

test('a real run changes exactly what its rehearsal said, with the calls that it said', async () => {
  // Yesterday some people were at work: typed into our fields, sent an account to approval, converted and deleted others.
  for (const crm of ['salesforce', 'hubspot'] as const) await ask(crm, 'clock', { offsetMs: -day });
  const before = await holdings();
  const ids = (object: string): string[] =>
    [...before.keys()].flatMap((key) => (key.startsWith(`${object} `) ? [key.slice(object.length + 1)] : []));
  const [typed, locked, deleted] = ids('Account');
  const [lead] = ids('Lead');
  const [company, archived] = ids('company');
  const rep = { as: 'rep:Anna' };
  await ask('salesforce', 'edit', { ...rep, id: typed, fields: { Fieldnote_Pitch__c: 'My own words' } });
  await ask('salesforce', 'edit', { ...rep, operation: 'lock', how: 'approval', id: locked });
  await ask('salesforce', 'edit', { ...rep, operation: 'delete', id: deleted });
  await ask('salesforce', 'edit', { ...rep, operation: 'convert', id: lead });
  await ask('hubspot', 'edit', {
    ...rep,
    object: 'companies',
    id: company,
    properties: { fieldnote_why: 'Mine' },
  });
  await ask('hubspot', 'edit', { ...rep, operation: 'archive', object: 'companies', id: archived });
  for (const crm of ['salesforce', 'hubspot'] as const) await ask(crm, 'clock', { offsetMs: 0 });

  const dry = await runToEnd(app, { dryRun: true });
  const rehearsal = await rehearseAll(
    { db: app.db, openCrm: openForWriting(app) },
    { workspaceId: app.workspaceId, runId: dry.run.id, signal: AbortSignal.timeout(REHEARSED_WITHIN_MS) },
  );
  untouched = await holdings();
  const callsBefore = await countCalls();
  const real = await runToEnd(app);
  run = real.run.id;
  const [after, calls] = [await holdings(), await countCalls()];

  // Every field of ours that a CRM holds differently now was announced, with both values, and nothing else was.
  const announced = rehearsal.fields.filter(({ verdict }) => verdict === 'would-apply');
  const differences: string[] = [];
  const changed = new Set<string>();
  for (const [key, { values }] of after)
    for (const name of new Set([...Object.keys(values), ...Object.keys(untouched.get(key)?.values ?? {})]))
      if (values[name] !== untouched.get(key)?.values[name] && key !== 'schema')
        changed.add(`${key} ${name}`);
  for (const field of announced) {
    if (field.field === 'note') continue;
    const key = `${field.object} ${field.externalId}`;
    const name = nameOf(field.object, field.field);
    if (!changed.delete(`${key} ${name}`))
      differences.push(`${key} ${name} was announced and did not change`);
    const [from, to] = [untouched, after].map((held) => held.get(key)?.values[name] ?? null);
    const number = (value: unknown) => (field.field === 'score' || field.field === 'confidence') && value !== null ? Number(value) : (value as string | null); // prettier-ignore
    if (!sameValue(field.field, field.old, number(from)))
      differences.push(`${key} ${name} held ${JSON.stringify(from)}`);
    if (!couldHaveBecome(field.field, field.new, number(to)))
      differences.push(`${key} ${name} became ${JSON.stringify(to)}`);
  }
  differences.push(...[...changed].map((what) => `${what} changed unannounced`));
  assert.deepEqual(differences, []);

  const lines = await app.db.inWorkspace(app.workspaceId, (tx) => listRunWrites(tx, run, { limit: 100_000 }));
  const outcomes = { applied: 'would-apply', conflicted: 'would-conflict', rejected: 'would-reject', skipped: 'unchanged' } as const; // prettier-ignore
  const said = new Map(
    rehearsal.fields.map((one) => [`${one.object} ${one.externalId} ${one.field}`, one.verdict]),
  );
  assert.deepEqual(
    lines.flatMap((write) => {
      const verdict = said.get(`${write.object} ${write.externalId} ${write.field}`);
      return write.state in outcomes && outcomes[write.state as keyof typeof outcomes] === verdict
        ? []
        : [
            `${write.object} ${write.externalId} ${write.field}: said ${verdict}, is ${write.state} (${write.reason})`,
          ];
    }),
    [],
  );
  assert.equal(lines.length, rehearsal.fields.length);
  const verdicts = Object.values(outcomes).map((verdict) => rehearsal.fields.filter((one) => one.verdict === verdict).length); // prettier-ignore
  console.log(
    JSON.stringify({ companies: COMPANIES, fields: lines.length, verdicts, calls: rehearsal.calls }),
  );
  assert.ok(verdicts.slice(0, 3).every((count) => count > 0));
  const spent = {
    reading: (calls.reading ?? 0) - (callsBefore.reading ?? 0),
    writing: (calls.writing ?? 0) - (callsBefore.writing ?? 0),
  };
  const announcedCalls = {
    reading: rehearsal.calls.read + rehearsal.calls.readBack,
    writing: rehearsal.calls.write,
  };
  const { createdAt, finishedAt } = real.run;
  const tookMs = (finishedAt ?? new Date()).getTime() - createdAt.getTime();
  if (tookMs < LONGEST_LINGER_MS) assert.deepEqual(spent, announcedCalls);
  else {
    const times = Math.floor(tookMs / LONGEST_LINGER_MS);
    const { mostRead, mostReadBack, writeEachFiveMinutes, readEachFiveMinutes } = rehearsal.calls;
    const most = {
      reading: (mostRead ?? 0) + (mostReadBack ?? 0) + 2 * readEachFiveMinutes * times,
      writing: announcedCalls.writing + writeEachFiveMinutes * times,
    };
    const isWithin = (kind: 'reading' | 'writing'): boolean =>
      spent[kind] >= announcedCalls[kind] && spent[kind] <= most[kind];
    assert.ok(isWithin('reading') && isWithin('writing'), JSON.stringify({ spent, announcedCalls, most, tookMs })); // prettier-ignore
  }
});

test('an undo leaves both CRMs as they were before the run, but for what people typed since', async () => {
  const written = [...(await holdings())].filter(([, { values }]) => Object.keys(values).some(isOurField));
  const [account] = written
    .filter(([key]) => key.startsWith('Account') && key !== [...untouched.keys()][0])
    .slice(5);
  const [company] = written.filter(([key]) => key.startsWith('company')).slice(5);
  assert.ok(account && company);
  const [accountId, companyId] = [account, company].map(([key]) => key.split(' ')[1] ?? '');
  await ask('salesforce', 'edit', {
    as: 'rep:Anna',
    id: accountId,
    fields: { Fieldnote_Pitch__c: 'Since the run' },
  });
  await ask('hubspot', 'edit', {
    as: 'rep:Anna',
    object: 'companies',
    id: companyId,
    properties: { fieldnote_why: '' },
  });

  const undo = await planUndo(app.db, { workspaceId: app.workspaceId, runId: run });
  await waitForRun(app, undo.run.id);

  const expected = new Map(untouched);
  const set = (key: string, name: string, value: string): void => {
    const known = expected.get(key);
    assert.ok(known);
    expected.set(key, { ...known, values: { ...known.values, [name]: value } });
  };
  set(account[0], 'Fieldnote_Pitch__c', 'Since the run');
  const after = await holdings();
  assert.deepEqual(after, expected);
  console.log(JSON.stringify({ records: written.length, fields: undo.fields }));
});
