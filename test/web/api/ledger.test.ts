import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import type { App } from '../../../src/app.ts';
import { openWeb } from '../../../src/cli/web.ts';
import { Rehearsal, RunList, RunState, Undo, WriteList } from '../../../src/web/api/run-shapes.ts';
import { runHere } from '../../cli/run-here.ts';
import { until } from '../../e2e/faults/observe.ts';
import { connectAndSync, startSystem } from '../../harness/system.ts';
import type { System } from '../../harness/system.ts';
import { openAsker } from './api-fixture.ts';
import type { Asker } from './api-fixture.ts';

let system: System;
let app: App;
// In the order in which they were opened: what a start that failed left open would keep the process from its end.
const closers: (() => Promise<void>)[] = [];
let api: Asker;
before(async () => {
  system = await startSystem({ limit: 4 });
  closers.push(() => system.close());
  app = await system.openApp({ worker: true });
  await connectAndSync(app);
  await app.startWorker({ schedule: false });
  const web = await openWeb(app, { elseAnyPort: true });
  closers.push(() => web.close());
  api = await openAsker(`http://127.0.0.1:${web.port}`);
});
after(async () => {
  for (const close of closers.toReversed()) await close();
});

const cli = async (...args: string[]): Promise<string> => {
  const { code, out, err } = await runHere(args, system.environment);
  assert.equal(code, 0, err);
  return out;
};
const lines = (out: string): unknown[] => out.trim().split('\n').map((line): unknown => JSON.parse(line)); // prettier-ignore

async function readToEnd(id: string): Promise<z.infer<typeof RunState>> {
  let state = RunState.parse((await api.ask('GET', `/runs/${id}`)).body);
  await until(`run ${id} is over`, async () => {
    state = RunState.parse((await api.ask('GET', `/runs/${id}`)).body);
    return state.over;
  });
  return state;
}

/** All pages of a list. */
async function readAll<Page extends { next: string | null }, Row>(
  path: string,
  schema: z.ZodType<Page>,
  rowsOf: (page: Page) => Row[],
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let cursor = ''; ;) {
    const page = schema.parse((await api.ask('GET', `${path}&limit=7${cursor}`)).body);
    rows.push(...rowsOf(page));
    if (page.next === null) return rows;
    cursor = `&cursor=${page.next}`;
  }
}
const rehearsed = (id: string) => readAll(`/runs/${id}/rehearsal?`, Rehearsal, ({ fields }) => fields);
const ledger = (query: string) => readAll(`/writes?${query}`, WriteList, ({ writes }) => writes);

const CliRehearsal = z.object({
  fields: z.array(
    z.looseObject({
      object: z.string(),
      externalId: z.string(),
      field: z.string(),
      old: z.unknown(),
      new: z.unknown(),
      verdict: z.string(),
      reason: z.string().nullable(),
    }),
  ),
  calls: z.unknown(),
  unread: z.unknown(),
});
/** What a rehearsal says of each field, in one order; the moment of scoring apart, which is each run's own. */
const told = (fields: z.infer<typeof CliRehearsal>['fields']): string[] =>
  fields
    .map(({ object, externalId, field, old, new: wanted, verdict, reason }) =>
      JSON.stringify([object, externalId, field, old, field === 'scoredAt' ? '' : wanted, verdict, reason]),
    )
    .toSorted();

let run: z.infer<typeof RunState>;

test('a rehearsal tells each field’s old and new value and the calls, as the command line does, and writes nothing', async () => {
  const began = RunState.parse((await api.ask('POST', '/runs', { body: { dryRun: true } })).body);
  const state = await readToEnd(began.id);
  const fields = await rehearsed(state.id);
  const told1 = Rehearsal.parse((await api.ask('GET', `/runs/${state.id}/rehearsal?limit=1`)).body);
  assert.ok(fields.length > 20);
  assert.deepEqual([told1.state, told1.unread, told1.counts['would-apply']], ['read', [], fields.length]);
  assert.ok((told1.calls?.write ?? 0) > 0);
  const none = await api.ask('GET', `/runs/${state.id}/rehearsal?verdict=would-conflict`);
  assert.deepEqual(Rehearsal.parse(none.body).fields, []);

  const printed = CliRehearsal.parse(JSON.parse(await cli('run', '--dry-run', '--json')));
  assert.deepEqual(told(fields), told(printed.fields));
  assert.deepEqual(told1.calls, printed.calls);
  assert.deepEqual(await ledger('state=applied'), []);
});

test('a run from the API is written, and its ledger is the command line’s', async () => {
  const body = { limit: 3 };
  const headers = { 'idempotency-key': 'first', prefer: 'wait=25' };
  const began = RunState.parse((await api.ask('POST', '/runs', { body, headers })).body);
  run = await readToEnd(began.id);
  const again = await api.ask('POST', '/runs', { body, headers });
  assert.deepEqual([again.status, RunState.parse(again.body).id], [200, run.id], 'asked again: the same run');

  assert.deepEqual([run.state, run.companies.done, run.companies.total], ['done', 3, 3]);
  const applied = run.writes.filter(({ state }) => state === 'applied');
  assert.deepEqual(new Set(applied.map(({ crm }) => crm)), new Set(['hubspot', 'salesforce']));
  const all = await ledger(`run=${run.id}`);
  assert.equal(all.length, run.writes.reduce((sum, { fields }) => sum + fields, 0)); // prettier-ignore
  assert.deepEqual(all, lines(await cli('writes', '--run', run.id, '--json', '--limit', '10000')));
  const ids = all.map(({ id }) => id);
  assert.deepEqual(ids, ids.toSorted((one, other) => other - one), 'the newest first'); // prettier-ignore
  const [line] = all.filter(({ field, state }) => field === 'pitch' && state === 'applied');
  assert.ok(line);
  assert.deepEqual(line.startedBy, { via: 'api', name: null });
  const narrow = `record=${line.externalId}&field=pitch&state=applied&run=${run.id}`;
  assert.deepEqual(await ledger(narrow), [line]);
  assert.deepEqual(
    await ledger(`record=${line.externalId}`),
    lines(await cli('writes', '--record', line.externalId, '--json', '--limit', '10000')),
  );
});

test('an undo is rehearsed and then done over the API, each once however often it is asked for', async () => {
  const ask = (body: unknown, key: string) =>
    api.ask('POST', `/runs/${run.id}/undo`, { body, headers: { 'idempotency-key': key, prefer: 'wait=25' } });
  const dry = Undo.parse((await ask({ dryRun: true }, 'dry')).body);
  await readToEnd(dry.run.id);
  const fields = await rehearsed(dry.run.id);
  const printed = CliRehearsal.parse(JSON.parse(await cli('undo', run.id, '--dry-run', '--json')));
  assert.deepEqual(told(fields), told(printed.fields));
  assert.equal(fields.length, dry.fields);
  const { calls } = Rehearsal.parse((await api.ask('GET', `/runs/${dry.run.id}/rehearsal?limit=1`)).body);
  assert.deepEqual(calls, printed.calls);
  assert.equal(calls?.writeEachFiveMinutes, 0, 'all of an undo is planned before it is sent');

  const real = Undo.parse((await ask({}, 'real')).body);
  const same = Undo.parse((await ask({}, 'real')).body);
  assert.deepEqual([same.run.id, same.fields], [real.run.id, real.fields]);
  const done = await readToEnd(real.run.id);
  assert.deepEqual([done.kind, done.undoes, real.overtaken], ['undo', run.id, 0]);
  const undone = await ledger(`run=${run.id}&state=undone`);
  assert.equal(undone.length, real.fields);
  const { undoneBy } = RunState.parse((await api.ask('GET', `/runs/${run.id}`)).body);
  assert.deepEqual(undoneBy.map((one) => [one.run, one.startedBy]), [[real.run.id, { via: 'api', name: null }]]); // prettier-ignore
  assert.equal((await ask({}, 'another')).status, 409, 'nothing of it is left to undo');
});

test('the list of runs is the command line’s', async () => {
  const { runs } = RunList.parse((await api.ask('GET', '/runs')).body);
  assert.deepEqual(runs, lines(await cli('runs', '--json')));
  assert.ok(runs.some(({ startedBy }) => startedBy?.via === 'command-line'));
});
