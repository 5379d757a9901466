import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ProviderDownError, UserError } from '../../src/errors.ts';
import { MAIN_PITCH } from '../../src/pipeline/6-pitch/prepare-pitch.ts';
import { countRequests, cancelRequests } from '../../src/pipeline/store/pitch-requests.ts';
import type { PitchRequest } from '../../src/pipeline/store/pitch-requests.ts';
import { findCurrentPitch, findPitch, readPitchMaking } from '../../src/pipeline/store/pitches.ts';
import type { Pitch } from '../../src/pipeline/store/pitches.ts';
import { replacePersonas } from '../../src/pipeline/store/personas.ts';
import { cancelRun } from '../../src/pipeline/runs.ts';
import { seedCompany } from '../web/seed.ts';
import { openPitchBench } from './pitch-fixture.ts';
import type { PitchBench } from './pitch-fixture.ts';

let bench: PitchBench;
before(async () => {
  bench = await openPitchBench();
});
after(() => bench.close());

const say = (text: string) => ({ passages: [{ passage: 1, sentences: [{ text, cites: [] }] }] });
const seed = (domain: string, quote?: string, score: number | null = 70) =>
  bench.within((tx) =>
    seedCompany(tx, bench.workspaceId, {
      domain,
      name: domain,
      score,
      ...(quote === undefined ? {} : { quote }),
    }),
  );
const order = (template: string | null, more: Partial<typeof MAIN_PITCH> = {}) => ({
  ...MAIN_PITCH,
  template,
  ...more,
});

/** Asks, has a worker do it, and reads what came of it. */
async function make(
  domain: string,
  template: string | null,
  more: Partial<typeof MAIN_PITCH> & { force?: boolean } = {},
): Promise<{ request: PitchRequest; pitch: Pitch; changes: string[]; calls: number }> {
  const { force = false, ...rest } = more;
  const before = bench.asked.length;
  const { requests } = await bench.ask({ domains: [domain], order: order(template, rest), force });
  const [asked] = requests;
  assert.ok(asked);
  if (asked.state === 'waiting') assert.equal(await bench.work(asked.id), 'done');
  const request = await bench.find(asked.id);
  const { pitchId } = request;
  assert.ok(pitchId, request.error ?? 'no pitch');
  const pitch = await bench.within((tx) => findPitch(tx, pitchId));
  assert.ok(pitch);
  const making = await bench.within((tx) => readPitchMaking(tx, pitch.id));
  return {
    request,
    pitch,
    changes: (making?.changes ?? []).map(({ text }) => text),
    calls: bench.asked.length - before,
  };
}

test('a template that is asked for makes its own pitch; the company’s own stays what the settings ask for', async () => {
  const company = await seed('variant.example');
  bench.answer(say('Would a short call this week help?'));
  const own = await make('variant.example', null);
  assert.equal(own.pitch.template, 'standard');
  const other = await make('variant.example', 'battlecard');
  assert.equal(other.pitch.template, 'battlecard');
  const current = await bench.within((tx) => findCurrentPitch(tx, company.id));
  assert.equal(current?.id, own.pitch.id);
});

test('the same again is answered from the store, at once and without a call; one changed signal makes a version that says so', async () => {
  await seed('changing.example', 'We train our own models on our own cluster.');
  const first = await make('changing.example', 'concise');
  assert.deepEqual([first.pitch.version, first.changes], [1, []]);

  const { requests } = await bench.ask({ domains: ['changing.example'], order: order('concise') });
  assert.deepEqual(
    requests.map(({ state, pitchId }) => [state, pitchId]),
    [['done', first.pitch.id]],
  );
  const again = await make('changing.example', 'concise');
  assert.equal(again.calls, 0);

  await seed('changing.example', 'We rent 64 H100s by the hour.');
  const second = await make('changing.example', 'concise');
  assert.equal(second.pitch.version, 2);
  assert.ok(
    second.changes.includes(
      'Changed signal: Trains models of its own: “We train our own models on our own cluster.” → “We rent 64 H100s by the hour.”',
    ),
    second.changes.join('\n'),
  );
  // What was before is still there to be read.
  const old = await bench.within((tx) => findPitch(tx, first.pitch.id));
  assert.match(old?.text ?? '', /on our own cluster/);
});

test('a persona and a manner of its own make versions of their own, and go into the question', async () => {
  const company = await seed('persona.example');
  await bench.within((tx) =>
    replacePersonas(tx, bench.workspaceId, company.id, [
      { role: 'cfo', title: 'Finance lead', pains: [], motives: [], style: '', decisionFactors: [], buyingSignals: [], matches: [] }, // prettier-ignore
    ]),
  );
  const anybody = await make('persona.example', 'executive');
  const finance = await make('persona.example', 'executive', {
    persona: 'Finance lead',
    wishes: { tone: 'friendly' },
  });
  assert.deepEqual([finance.pitch.persona, finance.pitch.version], ['cfo', 1]);
  assert.match(finance.pitch.text, /For the Finance lead/);
  assert.doesNotMatch(anybody.pitch.text, /For the Finance lead/);
  const prompt = bench.asked.at(-1)?.prompt ?? '';
  assert.match(prompt, /Written to the role: "Finance lead"[\s\S]*"tone":"friendly"/);
});

test('asked for by force it is written anew, once for each asking, whatever is killed between', async () => {
  await seed('forced.example');
  bench.answer(say('Would a short call this week help?'));
  const first = await make('forced.example', 'concise');
  bench.answer(say('Could we compare prices this month?'));
  const { requests } = await bench.ask({ domains: ['forced.example'], order: order('concise'), force: true });
  const id = requests[0]?.id ?? '';
  const calls = bench.asked.length;
  // It breaks when the answer was bought, and before the pitch was stored.
  await bench.asOwner(`alter table pitches add constraint stop check (template <> 'concise') not valid`);
  assert.notEqual(await bench.work(id), 'done');
  await bench.asOwner('alter table pitches drop constraint stop');
  assert.equal(await bench.work(id), 'done');
  assert.equal(await bench.work(id), 'done', 'a third worker finds nothing left to do');
  assert.equal(bench.asked.length, calls + 1);
  const request = await bench.find(id);
  const pitch = await bench.within((tx) => findPitch(tx, request.pitchId ?? ''));
  assert.equal(pitch?.version, 2);
  assert.match(pitch?.text ?? '', /Could we compare prices this month\?/);
  const making = await bench.within((tx) => readPitchMaking(tx, pitch?.id ?? ''));
  assert.deepEqual(
    making?.changes.map(({ text }) => text),
    ['Written again because somebody asked for it'],
  );
  // From here on the newer text is the pitch of these facts.
  assert.equal((await make('forced.example', 'concise')).pitch.id, pitch?.id);
  assert.notEqual(pitch?.id, first.pitch.id);
});

test('a text model that is down leaves a pitch that is there as it was, and the request says why', async () => {
  await seed('down.example');
  bench.answer(say('Would a short call this week help?'));
  const { pitch } = await make('down.example', 'concise');
  bench.answer(new ProviderDownError('llm', new Date(Date.now() + 60_000)));
  const { requests } = await bench.ask({ domains: ['down.example'], order: order('concise'), force: true });
  const id = requests[0]?.id ?? '';
  assert.equal(await bench.work(id), 'done');
  const failed = await bench.find(id);
  assert.equal(failed.state, 'failed');
  assert.match(`${failed.error} ${failed.fix}`, /llm[\s\S]*stays as it was/);
  bench.answer(say('Would a short call this week help?'));
  assert.equal((await make('down.example', 'concise')).pitch.id, pitch.id);
});

test('of a batch those without a score wait for it, what is cancelled is never made, and progress is counted', async () => {
  const domains = ['batch-a.example', 'batch-b.example', 'batch-new.example'];
  await seed('batch-a.example');
  await seed('batch-b.example', undefined, null);
  const { batchId, requests } = await bench.ask({ domains, order: order('technical') });
  const [made, unproven, fresh] = requests;
  assert.ok(made && unproven && fresh && fresh.runId !== null);
  assert.equal(await bench.work(made.id, { now: false }), 'done');
  assert.equal(await bench.work(unproven.id, { now: false }), 'done');
  assert.notEqual(await bench.work(fresh.id, { now: false }), 'done', 'its score is still to come');
  assert.deepEqual(await bench.within((tx) => countRequests(tx, batchId)), { waiting: 1, working: 0, done: 1, failed: 1, cancelled: 0 }); // prettier-ignore
  assert.match((await bench.find(unproven.id)).error ?? '', /Only 40 characters/);
  assert.equal(await bench.within((tx) => cancelRequests(tx, batchId)), 1);
  assert.equal(await bench.work(fresh.id, { now: false }), 'done');
  assert.equal((await bench.find(fresh.id)).state, 'cancelled');

  const again = (await bench.ask({ domains: ['batch-new.example'], order: order('technical') })).requests[0];
  assert.ok(again?.runId);
  const joined = (await bench.ask({ domains: ['batch-new.example'], order: order('technical') })).requests[0];
  assert.equal(joined?.id, again.id, 'the same that is under way is not begun twice');
  await cancelRun({ db: bench.database.db, queue: bench.queue }, bench.workspaceId, again.runId);
  assert.equal(await bench.work(again.id), 'done');
  assert.match((await bench.find(again.id)).error ?? '', /cancelled/);
});

test('what is not there is refused before anything is begun, or says so', async () => {
  await seed('refused.example');
  await assert.rejects(bench.ask({ domains: ['refused.example'], order: order('nonsense') }), UserError);
  await assert.rejects(
    bench.ask({ domains: Array.from({ length: 201 }, (_, n) => `many-${n}.example`) }),
    /too many/,
  );
  const { requests } = await bench
    .ask({ domains: ['refused.example'], order: order('concise', { persona: 'pope' }) })
    .catch((error: unknown) => {
      assert.match(String(error), /no persona "pope"/);
      return { requests: [] };
    });
  assert.equal(requests.length, 0);
});

test('a new version of the company’s own pitch is written to the CRM, and another template’s is not', async () => {
  const company = await seed('written.example');
  const rewrites = async (): Promise<number> => {
    const { rows } = await bench.within((tx) =>
      tx.query<{ count: number }>(
        `select count(*)::int as count from run_items where company_id = $1 and begins_behind = 'pitch'`,
        [company.id],
      ),
    );
    return rows[0]?.count ?? 0;
  };
  await make('written.example', 'battlecard');
  assert.equal(await rewrites(), 0);
  await make('written.example', null);
  assert.equal(await rewrites(), 1);
  await make('written.example', null);
  assert.equal(await rewrites(), 1, 'nothing changed');
  await make('written.example', null, { force: true });
  assert.equal(await rewrites(), 2);
});

test('two batches of the same companies in opposite orders, known and new ones, asked for in the same moment, come about again and again', async () => {
  const known = ['order-a.example', 'order-b.example', 'order-c.example', 'order-d.example'];
  for (const domain of known) await seed(domain);
  for (let round = 0; round < 25; round += 1) {
    const domains = [...known, ...known.map((_, n) => `order-${round}-${n}.example`)];
    const ask = (asked: string[]) => bench.ask({ domains: asked, order: order('technical'), force: true });
    const [one, other] = await Promise.all([ask(domains), ask(domains.toReversed())]);
    const asked = (requests: readonly PitchRequest[]) => requests.map(({ domain }) => domain);
    assert.deepEqual([asked(one.requests), asked(other.requests)], [domains, domains.toReversed()]);
  }
});
