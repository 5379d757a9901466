import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Crm } from '../../src/connectors/crm.ts';
import { ProviderError } from '../../src/errors.ts';
import { createFlushJob } from '../../src/pipeline/flush-job.ts';
import { changeRunState } from '../../src/pipeline/store/runs.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { createFakeCrm } from '../harness/fake-crm.ts';
import { rehearseAll } from '../harness/rehearsal.ts';
import { openDesk } from '../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

test('writes that a CRM cannot take now are said with the reason and the fix, and wait', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  desk.fake.add('Account', 'r0');
  desk.fake.at = () => {
    throw new ProviderError({
      provider: 'salesforce',
      operation: 'composite',
      kind: 'quota',
      message: 'the daily allowance of calls is used up',
      fix: 'Raise the allowance.',
    });
  };
  await desk.plan({ score: 61 }, ['r0'], { kind: 'interactive' });
  const said: string[] = [];
  const flush = createFlushJob({
    db: here.db,
    crmOf: () => desk.fake.crm,
    prices: { searchUsdPerCredit: 0, llmUsdPerMInput: 0, llmUsdPerMOutput: 0 },
    onError: (error, what) => said.push(`${what}: ${String(error)}`),
  });

  const result = await flush(
    { workspaceId: desk.workspaceId, connectionId: desk.connectionId },
    AbortSignal.timeout(30_000),
  );

  assert.ok(result !== 'done' && result.againInMs > 30_000 && result.againInMs <= 60_000);
  assert.equal(said.length, 1);
  assert.match(
    said[0] ?? '',
    /^1 writes to salesforce org wait: .*the daily allowance of calls is used up; Raise the allowance\.$/,
  );
});

test('what a person asked for is written with the calls that are kept for people; the batch waits', async () => {
  const fake = createFakeCrm('salesforce');
  const onlyForPeople = <T>(interactive: boolean | undefined, act: () => Promise<T>): Promise<T> => {
    if (interactive === true) return act();
    const [operation, kind] = ['collections retrieve', 'quota'] as const;
    const message = "80000 of the account's 100000 daily calls are used";
    return Promise.reject(
      new ProviderError({ provider: 'salesforce', operation, kind, message, retryAfterMs: 900_000 }),
    );
  };
  const crm: Crm = {
    ...fake.crm,
    readCurrent: (object, ids, options) =>
      onlyForPeople(options.interactive, () => fake.crm.readCurrent(object, ids, options)),
    writeRecords: (group, options) =>
      onlyForPeople(options.interactive, () => fake.crm.writeRecords(group, options)),
  };
  const desk = await openDesk(here.db, 'salesforce', fake, crm);
  for (const id of ['batch', 'asked']) fake.add('Account', id);
  const batch = await desk.plan({ score: 61 }, ['batch'], { kind: 'scheduled' });
  const asked = await desk.plan({ score: 62 }, ['asked'], { kind: 'interactive' });
  await here.db.inWorkspace(desk.workspaceId, async (tx) => {
    for (const id of [batch, asked]) await changeRunState(tx, id, 'done');
  });
  const said: string[] = [];
  const flush = createFlushJob({
    db: here.db,
    crmOf: () => crm,
    prices: { searchUsdPerCredit: 0, llmUsdPerMInput: 0, llmUsdPerMOutput: 0 },
    onError: (error, what) => said.push(`${what}: ${String(error)}`),
  });
  const job = { workspaceId: desk.workspaceId, connectionId: desk.connectionId };

  const result = await flush(job, AbortSignal.timeout(30_000));

  assert.deepEqual(
    [fake.get('Account', 'asked').values, fake.get('Account', 'batch').values],
    [{ score: 62 }, {}],
  );
  const states = async (runId: string) => (await desk.writesOf(runId)).map(({ state }) => state);
  assert.deepEqual([await states(asked), await states(batch)], [['applied'], ['planned']]);
  assert.ok(result !== 'done' && result.againInMs <= 60_000);
  await flush(job, AbortSignal.timeout(30_000));
  assert.equal(said.length, 1, 'said once, not with every look');
  assert.match(said[0] ?? '', /^1 writes to salesforce org wait/);
});

test('while a run goes on, what has waited for five minutes is sent once with what waits then; what is planned meanwhile waits for company again', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const ids = Array.from({ length: 6 }, (_, index) => `r${index}`);
  for (const id of ids) desk.fake.add('Account', id);
  await desk.plan({ score: 61 }, ['r0'], { kind: 'manual' });
  const flush = createFlushJob({
    db: here.db,
    crmOf: () => desk.fake.crm,
    prices: { searchUsdPerCredit: 0, llmUsdPerMInput: 0, llmUsdPerMOutput: 0 },
    onError: (error, what) => assert.fail(`${what}: ${String(error)}`),
  });
  const send = () =>
    flush({ workspaceId: desk.workspaceId, connectionId: desk.connectionId }, AbortSignal.timeout(30_000));
  const waiting = (): string[] => desk.fake.all().flatMap(({ externalId, values }) => values.score === undefined ? [externalId] : []); // prettier-ignore
  await send();
  assert.deepEqual(waiting(), ids, 'it waits for company');
  await here.db.inWorkspace(desk.workspaceId, (tx) =>
    tx.query(`update writes set planned_at = planned_at - interval '6 minutes'`),
  );
  await desk.plan({ score: 61 }, ['r1'], { kind: 'manual' });
  // The run plans on while the flush is at work, at each of its calls.
  const later = ids.slice(2);
  desk.fake.at = async () => {
    const next = later.shift();
    if (next !== undefined) await desk.plan({ score: 61 }, [next], { kind: 'manual' });
  };

  const result = await send();

  assert.deepEqual(waiting(), ids.slice(2));
  assert.equal(desk.fake.calls.writes.length, 1, 'one call for both');
  assert.equal(result, 'done');
  await send();
  assert.equal(desk.fake.calls.writes.length, 1);
});

for (const held of ['a paused run', 'an undo that is still planned'] as const)
  test(`what ${held} holds back since long does not send the values of a running one in calls that are not full`, async () => {
    const desk = await openDesk(here.db, 'salesforce');
    for (const id of ['r0', 'r1']) desk.fake.add('Account', id);
    const note = () => 'The band changed.';
    await desk.plan({ score: 71, band: 'A' }, ['r0'], { note });
    await desk.flush();
    const sent = desk.fake.calls.writes.length;
    const old = await desk.plan({ score: 61, band: 'B' }, ['r0'], { kind: 'manual', note });
    assert.equal((await desk.writesOf(old)).length, 3, 'a note among them');
    await here.db.inWorkspace(desk.workspaceId, async (tx) => {
      const state = held === 'a paused run' ? 'paused' : 'planning';
      await tx.query('update runs set state = $2 where id = $1', [old, state]);
      await tx.query(`update writes set planned_at = planned_at - interval '6 minutes'`);
    });
    await desk.plan({ score: 61 }, ['r1'], { kind: 'manual' });
    const flush = createFlushJob({
      db: here.db,
      crmOf: () => desk.fake.crm,
      prices: { searchUsdPerCredit: 0, llmUsdPerMInput: 0, llmUsdPerMOutput: 0 },
      onError: (error, what) => assert.fail(`${what}: ${String(error)}`),
    });
    await flush(
      { workspaceId: desk.workspaceId, connectionId: desk.connectionId },
      AbortSignal.timeout(30_000),
    );
    assert.equal(desk.fake.calls.writes.length, sent);
  });

test('however long a run takes, its write calls stay within what its rehearsal said for that time', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const ids = Array.from({ length: 90 }, (_, index) => `r${index}`);
  for (const id of ids) desk.fake.add('Account', id);
  // People may edit the pitch: those records are written on a condition, 25 in a call.
  const plan = async (some: readonly string[], dryRun: boolean): Promise<string[]> => {
    const isThird = (id: string): boolean => Number(id.slice(1)) % 3 === 0;
    const options = { kind: 'manual', dryRun } as const;
    return [
      await desk.plan({ score: 61 }, some.filter((id) => !isThird(id)), options), // prettier-ignore
      await desk.plan({ score: 61, pitch: 'Hi' }, some.filter(isThird), options),
    ];
  };
  const said = { write: 0, more: 0 };
  for (const runId of await plan(ids, true)) {
    const request = { workspaceId: desk.workspaceId, runId, signal: AbortSignal.timeout(30_000) };
    const { calls } = await rehearseAll(desk, request);
    said.write += calls.write;
    said.more += calls.writeEachFiveMinutes;
  }
  const flush = createFlushJob({
    db: here.db,
    crmOf: () => desk.fake.crm,
    prices: { searchUsdPerCredit: 0, llmUsdPerMInput: 0, llmUsdPerMOutput: 0 },
    onError: (error, what) => assert.fail(`${what}: ${String(error)}`),
  });
  const job = { workspaceId: desk.workspaceId, connectionId: desk.connectionId };
  const send = () => flush(job, AbortSignal.timeout(30_000));
  const runs: string[] = [];
  const fiveMinutes = 8;
  for (let part = 0; part < fiveMinutes; part += 1) {
    for (const id of ids.slice(part * 10, part * 10 + 10)) {
      runs.push(...(await plan([id], false)));
      await send();
    }
    await here.db.inWorkspace(desk.workspaceId, (tx) =>
      tx.query(`update writes set planned_at = planned_at - interval '6 minutes' where state = 'planned'`),
    );
    await send();
  }
  runs.push(...(await plan(ids.slice(80), false)));
  await here.db.inWorkspace(desk.workspaceId, async (tx) => {
    for (const id of runs) await changeRunState(tx, id, 'done');
  });
  await send();

  assert.ok(desk.fake.all().every(({ values }) => values.score === 61));
  assert.deepEqual(said, { write: 3, more: 2 });
  const { length: spent } = desk.fake.calls.writes;
  assert.ok(spent > said.write && spent <= said.write + fiveMinutes * said.more, String(spent));
});
