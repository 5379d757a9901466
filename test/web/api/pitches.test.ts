import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { openPitchBench, OTHER_MODEL, TEXT_MODEL } from '../../pipeline/pitch-fixture.ts';
import type { PitchBench } from '../../pipeline/pitch-fixture.ts';
import { seedCompany } from '../seed.ts';
import { openApi } from './api-fixture.ts';
import type { TestApi } from './api-fixture.ts';

let api: TestApi;
let bench: PitchBench;
before(async () => {
  api = await openApi({ textModels: [TEXT_MODEL, OTHER_MODEL] });
  bench = await openPitchBench(api.web);
  bench.answer({
    passages: [{ passage: 1, sentences: [{ text: 'Would a short call this week help?', cites: [] }] }],
  });
  for (const name of ['acme', 'globex'])
    await bench.within((tx) =>
      seedCompany(tx, api.web.workspaceId, { domain: `${name}.example`, name, score: 70 }),
    );
});
after(async () => {
  await bench.close();
  await api.web.close();
});

const Request = z.object({
  id: z.uuid(),
  batchId: z.uuid(),
  state: z.string(),
  pitchId: z.uuid().nullable(),
});
const Shown = z.object({ id: z.string(), version: z.int(), callToAction: z.string(), text: z.string(), revision: z.string(), edited: z.array(z.object({ field: z.string(), editedBy: z.string(), parts: z.object({ theirs: z.int(), all: z.int() }) })) }); // prettier-ignore
const start = async (body: object, headers: Record<string, string> = {}) => {
  const answer = await api.ask('POST', '/companies/acme.example/pitches', { body, headers });
  return { ...answer, body: Request.parse(answer.body) };
};

test('a pitch is made on request, once for each key, edited, kept through a regenerate, and its versions listed', async () => {
  const asked = await start({ template: 'concise' }, { 'idempotency-key': 'one' });
  assert.equal(asked.status, 202);
  assert.equal(asked.headers.get('location'), `/api/v1/pitch-requests/${asked.body.id}`);
  const twice = await start({ template: 'concise' }, { 'idempotency-key': 'one' });
  assert.equal(twice.body.id, asked.body.id);
  await bench.work(asked.body.id);
  const made = Request.parse((await api.ask('GET', `/pitch-requests/${asked.body.id}`)).body);
  assert.equal(made.state, 'done');
  assert.equal((await start({ template: 'concise' })).status, 200, 'stored: at once');

  const path = '/companies/acme.example/pitch?template=concise';
  const before = Shown.parse((await api.ask('GET', path)).body);
  const edited = await api.ask('PATCH', path, {
    body: { callToAction: 'Talk on Tuesday?', revision: before.revision },
  });
  assert.deepEqual(Shown.parse(edited.body).edited, [
    { field: 'callToAction', editedBy: 'this machine', parts: { theirs: 1, all: 1 } },
  ]);
  assert.equal(
    (await api.ask('PATCH', path, { body: { text: 'x', revision: before.revision } })).status,
    409,
  );

  const anew = await start({ template: 'concise', force: true });
  await bench.work(anew.body.id);
  const after = Shown.parse((await api.ask('GET', path)).body);
  assert.deepEqual([after.version, after.callToAction], [2, 'Talk on Tuesday?']);
  const undone = Shown.parse((await api.ask('PATCH', path, { body: { callToAction: null } })).body);
  assert.deepEqual([undone.callToAction, undone.edited], [before.callToAction, []]);

  const Versions = z.object({ pitches: z.array(z.object({ id: z.string(), version: z.int(), changes: z.array(z.object({ text: z.string() })) })), next: z.string().nullable() }); // prettier-ignore
  const list = '/companies/acme.example/pitches?template=concise&limit=1';
  const newest = Versions.parse((await api.ask('GET', list)).body);
  assert.deepEqual(
    newest.pitches[0]?.changes.map(({ text }) => text),
    ['Written again because somebody asked for it'],
  );
  const older = Versions.parse((await api.ask('GET', `${list}&cursor=${newest.next}`)).body);
  assert.deepEqual([older.pitches[0]?.version, older.next], [1, null]);
  assert.equal((await api.ask('GET', `/pitches/${older.pitches[0]?.id}`)).status, 200);
  const pdf = await api.ask('GET', '/companies/acme.example/pitch.pdf?template=concise');
  assert.equal(pdf.headers.get('content-type'), 'application/pdf');

  const domains = ['globex.example', 'acme.example'];
  const zip = await api.ask('POST', '/pitches.zip', { body: { domains, template: 'concise' } });
  const names = String(zip.body).match(/[\w.]+\.pdf(?=,)/g);
  assert.deepEqual(names, ['acme.example.pdf'], 'globex has none of that template');
  assert.ok(
    Buffer.isBuffer(zip.body) && Buffer.isBuffer(pdf.body) && zip.body.includes(pdf.body.subarray(0, 2_000)),
  );
  const none = await api.ask('POST', '/pitches.zip', { body: { domains, template: 'battlecard' } });
  assert.equal(none.status, 404);
  assert.match(JSON.stringify(none.body), /POST \/api\/v1\/pitch-batches/);
});

test('the LLM is chosen for one pitch or for all, and a version says which one wrote it, and with what', async () => {
  const asked = await start({ template: 'battlecard', settings: { model: OTHER_MODEL, temperature: 0.7 } });
  await bench.work(asked.body.id);
  const { pitchId } = Request.parse((await api.ask('GET', `/pitch-requests/${asked.body.id}`)).body);
  const made = await api.ask('GET', `/pitches/${pitchId}`);
  assert.partialDeepStrictEqual(made.body, {
    textModel: OTHER_MODEL,
    askedModel: OTHER_MODEL,
    madeWith: { settings: { model: OTHER_MODEL, temperature: 0.7 } },
  });
  const refused = await api.ask('POST', '/companies/acme.example/pitches', { body: { settings: { model: 'other' } } }); // prettier-ignore
  assert.equal(refused.status, 409);
  assert.match(JSON.stringify(refused.body), /Take one of test-model, other-model/);

  assert.equal((await api.ask('PATCH', '/pitch-settings', { body: { model: 'nope' } })).status, 409);
  const chosen = await api.ask('PATCH', '/pitch-settings', {
    body: { model: OTHER_MODEL, temperature: 0.2 },
  });
  const models = [TEXT_MODEL, OTHER_MODEL];
  assert.partialDeepStrictEqual(chosen.body, { model: OTHER_MODEL, writer: OTHER_MODEL, models });
  const back = await api.ask('PATCH', '/pitch-settings', { body: { model: null, temperature: null } });
  assert.partialDeepStrictEqual(back.body, { model: null, writer: TEXT_MODEL, temperature: null });
});

test('a batch shows its progress and can be cancelled', async () => {
  const Batch = z.object({ id: z.uuid(), over: z.boolean(), counts: z.record(z.string(), z.int()), requests: z.array(Request) }); // prettier-ignore
  const begun = await api.ask('POST', '/pitch-batches', { body: { domains: ['acme.example', 'globex.example'], template: 'technical' } }); // prettier-ignore
  assert.equal(begun.status, 202);
  const batch = Batch.parse(begun.body);
  await bench.work(batch.requests[0]?.id ?? '', { now: false });
  const half = Batch.parse((await api.ask('GET', `/pitch-batches/${batch.id}`)).body);
  assert.deepEqual([half.over, half.counts['done'], half.counts['waiting']], [false, 1, 1]);
  const over = Batch.parse((await api.ask('POST', `/pitch-batches/${batch.id}/cancel`)).body);
  assert.deepEqual([over.over, over.counts['cancelled']], [true, 1]);
});

test('templates, settings and the seller are read, checked and changed; what is wrong says where', async () => {
  const wrong = await api.ask('PUT', '/templates/ours', { body: { source: 'Hello\n{{company.nmae}}' } });
  assert.equal(wrong.status, 400);
  assert.match(JSON.stringify(wrong.body), /2:\d+: [^}]*company\.name/);
  const check = await api.ask('POST', '/templates/check', { body: { source: '{{company.nmae}}' } });
  assert.match(JSON.stringify(check.body), /"line":1/);
  const source = 'Hello {{company.name}}.\n{{#callToAction}}Talk?{{/callToAction}}';
  const shown = await api.ask('POST', '/templates/preview', { body: { source, domain: 'acme.example' } });
  assert.partialDeepStrictEqual(shown.body, { text: 'Hello acme.\nTalk?', callToAction: 'Talk?' });
  assert.equal((await api.ask('PUT', '/templates/ours', { body: { source } })).status, 200);
  assert.match(JSON.stringify((await api.ask('GET', '/templates')).body), /"name":"ours"/);
  assert.deepEqual((await api.ask('DELETE', '/templates/ours')).body, { removed: true });
  assert.equal((await api.ask('GET', '/templates/ours')).status, 404);

  const changed = await api.ask('PATCH', '/pitch-settings', { body: { tone: 'direct' } });
  assert.partialDeepStrictEqual(changed.body, { tone: 'direct', length: 'medium', template: 'standard' });
  assert.equal((await api.ask('PATCH', '/pitch-settings', { body: { template: 'sonnet' } })).status, 409);
  assert.partialDeepStrictEqual((await api.ask('DELETE', '/pitch-settings')).body, { tone: 'professional' });

  const seller = { name: 'Fjord Compute', offer: 'The cheapest nodes', audience: '', proofPoints: [], neverClaim: ['cheapest'] }; // prettier-ignore
  assert.match(JSON.stringify((await api.ask('PUT', '/seller', { body: seller })).body), /never claims/);
  assert.deepEqual((await api.ask('GET', '/seller')).body, { seller: null });
  assert.equal(
    (await api.ask('PUT', '/seller', { body: { ...seller, offer: 'H200 nodes by the hour' } })).status,
    200,
  );
  const read = await api.makeToken('read');
  assert.equal((await api.ask('PUT', '/seller', { body: seller, token: read.token })).status, 403);
});
