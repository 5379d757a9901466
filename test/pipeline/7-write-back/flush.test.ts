import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ProviderDownError, ProviderError } from '../../../src/errors.ts';
import { createTestDatabase } from '../../harness/database.ts';
import type { TestDatabase } from '../../harness/database.ts';
import { createFakeCrm } from '../../harness/fake-crm.ts';
import { openDesk } from '../../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `r${index}`);

test('planned values land in the CRM, and the audit log keeps what was there and what came back', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0');
  const run = await desk.plan({ score: 81.456, band: 'A', pitch: 'Buy now.  \r\n' }, ['r0']);

  const result = await desk.flush();

  assert.deepEqual(record.values, { score: 81.46, band: 'A', pitch: 'Buy now.' });
  assert.equal(result.applied, 3);
  assert.equal(result.waiting, 0);
  const score = (await desk.writesOf(run)).find((write) => write.field === 'score');
  assert.deepEqual(
    [score?.state, score?.oldValue, score?.newValue, score?.returnedValue, score?.oldRead, score?.readBack],
    ['applied', null, 81.456, 81.46, true, true],
  );
});

test('the same values again cost no call at all', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  desk.fake.add('Account', 'r0');
  await desk.plan({ score: 81.456, pitch: 'Buy now. ', scoredAt: '2026-01-01T00:00:00Z' }, ['r0']);
  await desk.flush();
  const before = structuredClone(desk.fake.calls);

  await desk.plan({ score: 81.456, pitch: 'Buy now. ', scoredAt: '2026-02-01T00:00:00Z' }, ['r0']);
  await desk.flush();

  assert.deepEqual(desk.fake.calls, before);
});

test('the time of scoring is not written alone, where the CRM holds everything else already', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  desk.fake.add('Account', 'r0', { score: 50 });
  await desk.plan({ score: 50, scoredAt: '2026-01-01T00:00:00Z' }, ['r0']);
  const { calls, skipped } = await desk.flush();
  assert.deepEqual([calls.write, skipped], [0, 2]);
});

test('a thousand changed records take the fewest calls each platform allows', async () => {
  const counts: number[][] = [];
  for (const [kind, fields] of [
    ['salesforce', { score: 50 }],
    ['salesforce', { score: 50, pitch: 'Hello' }],
    ['hubspot', { score: 50 }],
  ] as const) {
    const desk = await openDesk(here.db, kind);
    for (const id of names(1000)) desk.fake.add(kind === 'salesforce' ? 'Account' : 'company', id);
    await desk.plan(fields, names(1000));
    const { calls, minimumWriteCalls, applied } = await desk.flush();
    assert.equal(applied, 1000 * Object.keys(fields).length);
    counts.push([calls.read, calls.write, calls.readBack, minimumWriteCalls]);
  }

  assert.deepEqual(counts, [
    [1, 1, 1, 1],
    [1, 40, 1, 40],
    // With its history HubSpot reads 50 at a time; that is how a lost race is noticed.
    [10, 10, 20, 10],
  ]);
});

test('a value that a person typed survives three runs, and the conflict shows both values', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0');
  await desk.plan({ pitch: 'first' }, ['r0']);
  await desk.flush();
  desk.fake.edit('Account', 'r0', 'pitch', 'my own words');

  const second = await desk.plan({ pitch: 'second' }, ['r0']);
  await desk.flush();
  for (const pitch of ['third', 'fourth']) {
    await desk.plan({ pitch }, ['r0']);
    await desk.flush();
  }

  assert.equal(record.values.pitch, 'my own words');
  const [conflict] = await desk.writesOf(second);
  assert.deepEqual(
    [conflict?.state, conflict?.oldValue, conflict?.newValue],
    ['conflicted', 'my own words', 'second'],
  );
});

test('a field that a person emptied stays empty', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0');
  await desk.plan({ pitch: 'first' }, ['r0']);
  await desk.flush();
  desk.fake.edit('Account', 'r0', 'pitch', null);

  await desk.plan({ pitch: 'second' }, ['r0']);
  const result = await desk.flush();

  assert.equal(result.conflicted, 1);
  assert.equal(record.values.pitch, null);
});

test('a person who edits between our reading and our writing wins', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0');
  await desk.plan({ pitch: 'first' }, ['r0']);
  await desk.flush();
  desk.fake.at = (moment) => {
    if (moment !== 'before-write') return;
    desk.fake.at = () => undefined;
    desk.fake.edit('Account', 'r0', 'pitch', 'typed just now');
  };

  await desk.plan({ pitch: 'second', score: 20 }, ['r0']);
  const result = await desk.flush();

  assert.equal(record.values.pitch, 'typed just now');
  assert.equal(record.values.score, 20);
  assert.deepEqual([result.applied, result.conflicted, result.waiting], [1, 1, 0]);
});

test('a person who edits twice within the second in which we read wins, too', async () => {
  const desk = await openDesk(here.db, 'salesforce', createFakeCrm('salesforce', Date.now));
  const record = desk.fake.add('Account', 'r0');
  let edits = 0;
  desk.fake.at = (moment) => {
    if (moment !== 'after-read' || edits > 0) return;
    edits += 1;
    desk.fake.edit('Account', 'r0', 'pitch', 'typed in the same second');
  };
  await desk.plan({ pitch: 'ours' }, ['r0']);

  const result = await desk.flush();

  assert.equal(record.values.pitch, 'typed in the same second');
  assert.equal(result.conflicted, 1);
});

test('where the CRM has no conditional write, a person’s value that we fell on is put back and reported', async () => {
  const desk = await openDesk(here.db, 'hubspot');
  const [raced, calm] = [desk.fake.add('company', 'r0'), desk.fake.add('company', 'r1')];
  await desk.plan({ pitch: 'first' }, ['r0', 'r1']);
  await desk.flush();
  desk.fake.at = (moment) => {
    if (moment !== 'before-write') return;
    desk.fake.at = () => undefined;
    desk.fake.edit('company', 'r0', 'pitch', 'typed just now');
  };

  const run = await desk.plan({ pitch: 'second', score: 7 }, ['r0', 'r1']);
  const result = await desk.flush();

  assert.deepEqual(raced.values, { pitch: 'typed just now', score: 7 });
  assert.deepEqual(calm.values, { pitch: 'second', score: 7 });
  // Three are ours, the fourth puts theirs back.
  assert.deepEqual([result.applied, result.conflicted, result.waiting], [4, 1, 0]);
  const [conflict] = (await desk.writesOf(run)).filter((write) => write.state === 'conflicted');
  assert.deepEqual([conflict?.oldValue, conflict?.newValue], ['typed just now', 'second']);
  assert.match(conflict?.reason ?? '', /put back/);
  await desk.plan({ pitch: 'third' }, ['r0', 'r1']);
  await desk.flush();
  assert.equal(raced.values.pitch, 'typed just now');
});

test('where nobody else may edit, what an automation makes of our value is ours; where people may, it is theirs', async () => {
  const written: unknown[] = [];
  for (const editable of [[], ['model']] as const) {
    const desk = await openDesk(here.db, 'salesforce');
    desk.fieldAccess = { Account: [...editable] };
    const record = desk.fake.add('Account', 'r0');
    desk.fake.at = (moment) => {
      if (moment === 'after-write') record.values = { ...record.values, model: 'BY A FLOW' };
    };
    for (const model of ['one', 'two']) {
      await desk.plan({ model }, ['r0']);
      await desk.flush();
    }
    written.push(record.accepted.map((one) => one.value));
  }

  assert.deepEqual(written, [['one', 'two'], ['one']]);
});

test('what an automation made of our value is ours also when the process that wrote it died before it could look', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  desk.fieldAccess = { Account: [] };
  const record = desk.fake.add('Account', 'r0');
  const died = new AbortController();
  desk.fake.at = (moment) => {
    if (moment !== 'after-write') return;
    record.values = { ...record.values, model: 'BY A FLOW' };
    died.abort();
  };
  const run = await desk.plan({ model: 'one' }, ['r0']);
  await desk.flush({ signal: died.signal });
  assert.deepEqual(
    (await desk.writesOf(run)).map(({ state, readBack }) => [state, readBack]),
    [['applied', false]],
  );
  desk.fake.at = () => undefined;
  await desk.passTime();
  await desk.flush();

  await desk.plan({ model: 'two' }, ['r0']);

  assert.equal((await desk.flush()).applied, 1);
  assert.equal(record.values.model, 'two');
});

test('before the first check every field counts as one that people may edit', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  desk.fieldAccess = {};
  for (const id of names(50)) desk.fake.add('Account', id);
  await desk.plan({ score: 1 }, names(50));

  assert.equal((await desk.flush()).calls.write, 2);
});

test('one locked record of a hundred is tried again while the others are written', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  for (const id of names(100)) desk.fake.add('Account', id);
  desk.fake.get('Account', 'r7').lockedFor = 1;
  desk.fake.get('Account', 'r8').lockedFor = 99;
  const run = await desk.plan({ score: 10 }, names(100));

  const result = await desk.flush();

  assert.equal(result.applied, 99);
  const stuck = (await desk.writesOf(run)).filter((write) => write.state !== 'applied');
  assert.deepEqual(
    stuck.map((write) => [write.externalId, write.state]),
    [['r8', 'planned']],
  );
  assert.match(stuck[0]?.reason ?? '', /UNABLE_TO_LOCK_ROW: unable to obtain exclusive access/);
  assert.ok(result.comeBackAt !== null && result.comeBackAt.getTime() > Date.now());
});

test('a batch that the CRM refuses as a whole is halved until the bad row stands alone', async () => {
  const desk = await openDesk(here.db, 'hubspot');
  for (const id of names(100)) desk.fake.add('company', id);
  desk.fake.refuseGroup = (write) => write.externalId === 'r42';
  const run = await desk.plan({ score: 10 }, names(100));

  const result = await desk.flush();

  assert.deepEqual([result.applied, result.rejected], [99, 1]);
  const [bad] = (await desk.writesOf(run)).filter((write) => write.state === 'rejected');
  assert.equal(bad?.externalId, 'r42');
  assert.match(bad?.reason ?? '', /Property values were not valid/);
});

test('a field that the CRM refuses does not keep the record’s other fields out', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0');
  const run = await desk.plan({ score: 10, why: 'because' }, ['r0']);
  await desk.db.inWorkspace(desk.workspaceId, (tx) =>
    tx.query(`update writes set new_value = to_jsonb(repeat('x', 5000)) where field = 'why'`),
  );

  await desk.flush();

  assert.equal(record.values.score, 10);
  const why = (await desk.writesOf(run)).find((write) => write.field === 'why');
  assert.equal(why?.state, 'rejected');
  assert.match(why?.reason ?? '', /STRING_TOO_LONG/);
});

test('a deleted and a converted record are refused with a reason, and tried again with the next run', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const deleted = desk.fake.add('Lead', 'gone');
  deleted.gone = 'entity is deleted';
  desk.fake.add('Lead', 'converted').unwritable =
    'CANNOT_UPDATE_CONVERTED_LEAD: cannot reference converted lead';
  const run = await desk.plan({ score: 10 }, ['gone', 'converted'], { object: 'Lead' });

  await desk.flush();

  const reasons = (await desk.writesOf(run)).map((write) => [write.state, write.reason]);
  assert.match(String(reasons[0]), /rejected,.*matches it again/);
  assert.match(String(reasons[1]), /rejected,CANNOT_UPDATE_CONVERTED_LEAD/);
  deleted.gone = null;
  await desk.plan({ score: 10 }, ['gone'], { object: 'Lead' });
  assert.equal((await desk.flush()).applied, 1);
});

test('when the CRM is down, everything stays planned and the flush says when to come back', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  desk.fake.add('Account', 'r0');
  const until = new Date(Date.now() + 60_000);
  desk.fake.at = (moment) => {
    if (moment === 'before-write') throw new ProviderDownError('salesforce', until);
  };
  await desk.plan({ score: 10 }, ['r0']);

  const result = await desk.flush();

  assert.deepEqual([result.applied, result.waiting, result.comeBackAt], [0, 1, until]);
  assert.match(result.stopped?.because ?? '', /not answering/);
  desk.fake.at = () => undefined;
  assert.equal((await desk.flush()).applied, 1);
});

test('a call that broke without an answer is settled by reading, never by writing again', async () => {
  const desk = await openDesk(here.db, 'hubspot');
  const record = desk.fake.add('company', 'r0');
  desk.fake.at = (moment) => {
    if (moment !== 'after-write') return;
    desk.fake.at = () => undefined;
    throw new ProviderError({
      provider: 'hubspot',
      operation: 'batch update',
      kind: 'unavailable',
      message: 'socket hang up',
      maybeApplied: true,
    });
  };
  await desk.plan({ score: 10.129 }, ['r0']);

  const result = await desk.flush();

  assert.deepEqual([result.applied, result.waiting], [1, 0]);
  assert.equal(record.accepted.length, 1);
});

const broke = () =>
  new ProviderError({
    provider: 'salesforce',
    operation: 'collections update',
    kind: 'unavailable',
    message: 'socket hang up',
    maybeApplied: true,
  });

test('three write calls in a row that break without an answer end the flush; one that is answered in between lets it go on', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const ids = Array.from({ length: 150 }, (_, index) => `r${index}`);
  for (const id of ids) desk.fake.add('Account', id);
  await desk.plan({ pitch: 'ours' }, ids);
  let calls = 0;
  desk.fake.at = (moment) => {
    // The twelfth one goes well, so that a flush which does not end shows.
    if (moment === 'before-write' && (calls += 1) < 12) throw broke();
  };
  const stopped = await desk.flush();
  assert.deepEqual(desk.fake.calls.writes, [25, 25, 25]);
  assert.match(stopped.stopped?.because ?? '', /socket hang up/);
  assert.ok(stopped.comeBackAt !== null);

  calls = 0;
  desk.fake.at = (moment) => {
    if (moment !== 'before-write') return;
    calls += 1;
    if (calls % 3 !== 0) throw broke();
  };
  await desk.passTime();
  const result = await desk.flush();
  assert.ok(calls > 6);
  assert.deepEqual([result.stopped, result.applied, result.waiting], [null, 150, 0]);
});

test('a record found gone in the moment of a write is looked at by itself', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  for (const id of ['stays', 'goes']) desk.fake.add('Account', id);
  desk.fake.at = (moment) => {
    if (moment === 'before-write') desk.fake.get('Account', 'goes').gone = 'entity is deleted';
  };
  await desk.plan({ score: 10 }, ['stays', 'goes']);

  const result = await desk.flush();

  assert.deepEqual([result.applied, result.rejected], [1, 1]);
  const { rows } = await desk.db.inWorkspace(desk.workspaceId, (tx) =>
    tx.query('select object, external_id as "externalId", kind from record_hints where connection_id = $1', [
      desk.connectionId,
    ]),
  );
  assert.deepEqual(rows, [{ object: 'Account', externalId: 'goes', kind: 'gone' }]);
});

test('several flushers on one connection never send a value twice', async () => {
  const desk = await openDesk(here.db, 'hubspot');
  for (const id of names(300)) desk.fake.add('company', id);
  await desk.plan({ score: 33, why: 'since' }, names(300));

  const results = await Promise.all([desk.flush(), desk.flush(), desk.flush()]);

  assert.equal(
    results.reduce((sum, result) => sum + result.applied, 0),
    600,
  );
  assert.ok(desk.fake.all().every((record) => record.accepted.length === 2));
});

test('a flusher so slow that its leases run out under its hands still sends each value once', async () => {
  const desk = await openDesk(here.db, 'hubspot');
  for (const id of names(130)) desk.fake.add('company', id);
  await desk.plan({ score: 33 }, names(130));
  desk.fake.at = (moment) => {
    if (moment === 'after-read') return new Promise((resolve) => setTimeout(resolve, 60));
  };

  await desk.flush({ leaseMs: 50 });

  assert.ok(desk.fake.all().every((record) => record.accepted.length === 1));
});

test('full batches go out while a run still plans; the rest waits for the end', async () => {
  const desk = await openDesk(here.db, 'hubspot');
  for (const id of names(250)) desk.fake.add('company', id);
  await desk.plan({ score: 33 }, names(250));

  const during = await desk.flush({ mode: 'full-batches-only' });
  const after = await desk.flush();

  assert.deepEqual([during.applied, during.calls.write, during.waiting], [200, 2, 50]);
  assert.deepEqual([after.applied, after.calls.write], [50, 1]);
});

test('what a cancelled run had planned is never sent, and a paused one’s waits', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const [first, second] = [desk.fake.add('Account', 'r0'), desk.fake.add('Account', 'r1')];
  const cancelled = await desk.plan({ score: 1 }, ['r0']);
  const paused = await desk.plan({ score: 2 }, ['r1']);
  const setState = (id: string, state: string): Promise<unknown> =>
    desk.db.inWorkspace(desk.workspaceId, (tx) =>
      tx.query('update runs set state = $2 where id = $1', [id, state]),
    );
  await setState(cancelled, 'cancelled');
  await setState(paused, 'paused');

  const result = await desk.flush();

  assert.deepEqual([first.values, second.values, result.waiting], [{}, {}, 1]);
  await setState(paused, 'running');
  await desk.flush();
  assert.equal(second.values.score, 2);
  await desk.plan({ score: 1 }, ['r0']);
  await desk.flush();
  assert.equal(first.values.score, 1);
});

test('a newer value takes the place of one that waits; the older one is kept as cancelled', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0');
  const older = await desk.plan({ score: 1 }, ['r0']);
  await desk.plan({ score: 2 }, ['r0']);

  await desk.flush();

  assert.deepEqual(
    record.accepted.map((one) => one.value),
    [2],
  );
  assert.deepEqual(
    (await desk.writesOf(older)).map((write) => write.state),
    ['cancelled'],
  );
});

test('a value that is planned while an older one is on its way follows it', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0');
  await desk.plan({ score: 1 }, ['r0']);
  desk.fake.at = async (moment) => {
    if (moment !== 'mid-write') return;
    desk.fake.at = () => undefined;
    await desk.plan({ score: 2 }, ['r0']);
  };

  await desk.flush();

  assert.deepEqual(
    record.accepted.map((one) => one.value),
    [1, 2],
  );
});

test('a stopped flush ends at once and leaves the rest planned', async () => {
  const desk = await openDesk(here.db, 'hubspot');
  for (const id of names(300)) desk.fake.add('company', id);
  await desk.plan({ score: 5 }, names(300));
  const stop = new AbortController();
  desk.fake.at = (moment) => {
    if (moment === 'after-write') stop.abort();
  };

  const result = await desk.flush({ signal: stop.signal });

  assert.deepEqual(
    [result.applied, result.waiting, result.stopped?.because],
    [100, 200, 'Stopped on request'],
  );
  desk.fake.at = () => undefined;
  assert.equal((await desk.flush()).applied, 200);
});

test('the four policies: ours until edited, fill if empty, always, never', async () => {
  const outcome: Record<string, unknown> = {};
  for (const policy of ['ours-until-edited', 'fill-if-empty', 'always', 'never'] as const) {
    const desk = await openDesk(here.db, 'salesforce');
    desk.policies = { pitch: policy };
    desk.fake.add('Account', 'empty');
    desk.fake.add('Account', 'filled', { pitch: 'theirs' });
    for (const pitch of ['one', 'two']) {
      await desk.plan({ pitch }, ['empty', 'filled']);
      await desk.flush();
    }
    outcome[policy] = [
      desk.fake.get('Account', 'empty').values.pitch ?? null,
      desk.fake.get('Account', 'filled').values.pitch,
    ];
  }

  assert.deepEqual(outcome, {
    'ours-until-edited': ['two', 'theirs'],
    'fill-if-empty': ['one', 'theirs'],
    always: ['two', 'two'],
    never: [null, 'theirs'],
  });
});

test('a policy for one object holds there alone, also for what was planned before it was set', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const account = desk.fake.add('Account', 'a', { pitch: 'theirs' });
  const lead = desk.fake.add('Lead', 'l', { pitch: 'theirs' });
  const planBoth = async (pitch: string): Promise<void> => {
    await desk.plan({ pitch, score: 4 }, ['a']);
    await desk.plan({ pitch, score: 4 }, ['l'], { object: 'Lead' });
  };
  desk.policies = { pitch: 'always', Account: { pitch: 'never' } };
  await planBoth('one');
  await desk.flush();
  assert.deepEqual([account.values.pitch, lead.values.pitch], ['theirs', 'one']);
  assert.deepEqual([account.values.score, lead.values.score], [4, 4]);

  desk.policies = { pitch: 'always' };
  await planBoth('two');
  desk.policies = { Lead: { pitch: 'always' } };
  desk.fake.edit('Lead', 'l', 'pitch', 'typed');
  await desk.flush();
  assert.deepEqual([account.values.pitch, lead.values.pitch], ['theirs', 'two']);
});

test('text with NUL and half a surrogate pair harms neither its own row nor its neighbours', async () => {
  const desk = await openDesk(here.db, 'salesforce');
  const record = desk.fake.add('Account', 'r0', { why: 'theirs\0\ud800' });
  await desk.plan({ pitch: 'a\0b\ud800c', score: 4, why: 'ours' }, ['r0']);

  const result = await desk.flush();

  assert.deepEqual([result.applied, result.conflicted], [2, 1]);
  assert.equal(record.values.pitch, 'ab\ufffdc');
});
