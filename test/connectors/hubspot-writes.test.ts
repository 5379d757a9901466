import assert from 'node:assert/strict';
import test from 'node:test';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { FIELDS } from '../../src/connectors/crm-fields.ts';
import type { Crm, FieldValues, RecordWrite } from '../../src/connectors/crm.ts';
import { readFields, toProperties } from '../../src/connectors/hubspot/fields.ts';
import { ProviderError } from '../../src/errors.ts';
import { asList, asObject, makeCompany, makeWorld, startPortal } from '../sandbox/hubspot-start.ts';
import type { TestPortal } from '../sandbox/hubspot-start.ts';
import { connect, quiet } from './hubspot-connect.ts';

const FIRST = '100000000001';
const SECOND = '100000000002';

async function installed(context: TestContext, many = 10): Promise<{ portal: TestPortal; crm: Crm }> {
  const companies = Array.from({ length: many }, (_, place) => makeCompany(place + 1));
  const portal = await startPortal(context, { world: makeWorld(companies) });
  const crm = connect(portal);
  await crm.installFields(quiet());
  return { portal, crm };
}

const write = (externalId: string, fields: FieldValues): RecordWrite => ({
  object: 'company',
  externalId,
  fields,
  unmodifiedSince: null,
});

const everything: FieldValues = {
  score: 87.5,
  band: 'A',
  confidence: 60,
  why: 'Trains its own models.\nHires for GPU clusters.',
  personas: 'CTO: Tove',
  competitors: null,
  pitch: 'Næste skridt: 名古屋',
  pitchLink: 'https://fieldnote.example/c/1',
  model: 'gpu-infrastructure 1',
  scoredAt: '2026-11-21T08:00:00.000Z',
};

test('a hundred companies are written in one call, and what was written is read back as it was', async (context) => {
  const { portal, crm } = await installed(context, 120);
  const writes = Array.from({ length: 120 }, (_, place) =>
    write(String(100_000_000_001 + place), everything),
  );
  const groups = crm.groupWrites(writes);
  assert.deepEqual(
    groups.map((group) => group.length),
    [100, 20],
  );
  for (const group of groups) {
    const outcomes = await crm.writeRecords(group, quiet());
    assert.ok(outcomes.every((outcome) => outcome.outcome === 'applied'));
    assert.deepEqual(
      outcomes.map((outcome) => outcome.externalId),
      group.map((each) => each.externalId),
    );
  }
  assert.equal(portal.calls('batch update'), 2);
  const current = await crm.readCurrent(
    'company',
    writes.slice(0, 100).map((each) => each.externalId),
    quiet(),
  );
  assert.equal(portal.calls('batch read'), 1);
  assert.ok(current.every((record) => Date.parse(record.modifiedAt ?? '') <= Date.now()));
  assert.deepEqual(current[99]?.values, everything);
});

test('nothing but our own fields is ever sent', async (context) => {
  const { portal, crm } = await installed(context);
  const fields: FieldValues = { score: 1 };
  Object.assign(fields, { name: 'Overwritten' });
  await assert.rejects(
    crm.writeRecords([write(FIRST, fields)], quiet()),
    /"name" is not one of Fieldnote's fields/,
  );
  assert.equal(portal.calls('batch update'), 0);
  await assert.rejects(crm.readCurrent('Account', ['001'], quiet()), /HubSpot has no Account/);
  const names = new Set(FIELDS.map((field) => field.hubspotName));
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.double(), fc.constant(null))),
      (values) => {
        try {
          const result = toProperties(values);
          if ('properties' in result)
            for (const [name, value] of Object.entries(result.properties)) {
              assert.ok(names.has(name));
              assert.equal(typeof value, 'string');
            }
        } catch (error) {
          assert.match(String(error), /is not one of Fieldnote's fields/);
        }
      },
    ),
  );
});

test('a null clears the field, and an empty field is read as null', async (context) => {
  const { crm } = await installed(context);
  await crm.writeRecords([write(FIRST, everything)], quiet());
  await crm.writeRecords([write(FIRST, { score: null, band: null, pitch: null, scoredAt: null })], quiet());
  const [current] = await crm.readCurrent('company', [FIRST], quiet());
  assert.deepEqual(
    [
      current?.values?.score,
      current?.values?.band,
      current?.values?.pitch,
      current?.values?.scoredAt,
      current?.values?.confidence,
    ],
    [null, null, null, null, 60],
  );
});

test('values that HubSpot would not take are turned away here, and the rest of the group is written', async (context) => {
  const { portal, crm } = await installed(context);
  const bad: FieldValues[] = [
    { band: 'E' },
    { why: 'x'.repeat(4001) },
    { score: Number.NaN },
    { scoredAt: 'yesterday' },
    { score: '87' },
  ];
  const group = [
    ...bad.map((fields, place) => write(String(100_000_000_001 + place), fields)),
    write('100000000009', everything),
  ];
  const outcomes = await crm.writeRecords(group, quiet());
  assert.deepEqual(
    outcomes.map((outcome) => outcome.outcome),
    [...bad.map(() => 'rejected'), 'applied'],
  );
  const [first] = outcomes;
  assert.ok(first?.outcome === 'rejected');
  assert.deepEqual([first.code, first.fields, first.retryable], ['NOT_SENT', ['band'], false]);
  assert.match(first.message, /takes one of A, B, C, D/);
  assert.equal(portal.calls('batch update'), 1);
});

test('an archived or unknown company of a group is gone; the others are written', async (context) => {
  const { portal, crm } = await installed(context);
  await portal.edit({ operation: 'archive', as: 'rep:Anna', object: 'company', id: SECOND });
  const group = [FIRST, SECOND, '7'].map((id) => write(id, { score: 5 }));
  const outcomes = await crm.writeRecords(group, quiet());
  assert.deepEqual(
    outcomes.map((outcome) => outcome.outcome),
    ['applied', 'gone', 'gone'],
  );
  const current = await crm.readCurrent('company', ['7', SECOND, FIRST], quiet());
  assert.deepEqual(
    current.map((record) => record.values?.score ?? null),
    [null, null, 5],
  );
  assert.equal(current[0]?.values, null);
  assert.deepEqual(
    current.map((record) => record.externalId),
    ['7', SECOND, FIRST],
  );
});

test('a company that was merged away is gone, before a write and in one', async (context) => {
  const { portal, crm } = await installed(context);
  const merged = await portal.edit({
    operation: 'merge',
    as: 'rep:Anna',
    object: 'company',
    id: FIRST,
    other: SECOND,
  });
  const [current] = await crm.readCurrent('company', [FIRST], quiet());
  assert.equal(current?.values, null);
  const [outcome] = await crm.writeRecords([write(FIRST, { score: 5 })], quiet());
  assert.ok(outcome?.outcome === 'gone');
  assert.equal(outcome.message, `merged into ${String(merged.id)}`);
});

test('a batch refused for one row’s value says so, so that halves can be sent apart', async (context) => {
  const { portal, crm } = await installed(context);
  // An option that the portal no longer has: our own check can't know.
  await portal.call('DELETE', '/crm/properties/2026-09/companies/fieldnote_band');
  const group = [write(FIRST, { band: 'A' }), write(SECOND, { score: 5 })];
  await assert.rejects(crm.writeRecords(group, quiet()), (error) => {
    assert.ok(error instanceof ProviderError);
    assert.deepEqual([error.kind, error.code, error.status], ['refused', 'PROPERTY_DOESNT_EXIST', 400]);
    return true;
  });
  const [current] = await crm.readCurrent('company', [SECOND], quiet());
  assert.equal(current?.values?.score, null, 'nothing of the batch was applied');
  const [alone] = await crm.writeRecords(group.slice(0, 1), quiet());
  assert.ok(alone?.outcome === 'rejected');
  assert.deepEqual([alone.code, alone.fields, alone.retryable], ['PROPERTY_DOESNT_EXIST', ['band'], false]);
});

test('a property that is not there refuses every row that carries it, in one call', async (context) => {
  const { portal, crm } = await installed(context);
  await portal.call('DELETE', '/crm/properties/2026-09/companies/fieldnote_band');
  const before = portal.calls('batch update');
  const outcomes = await crm.writeRecords(
    [FIRST, SECOND].map((id) => write(id, { band: 'A', score: 1 })),
    quiet(),
  );
  assert.deepEqual(
    outcomes.map((outcome) => outcome.outcome),
    ['rejected', 'rejected'],
  );
  assert.equal(portal.calls('batch update') - before, 1);
});

test('groups hold up to 100 of one object, and no record twice', () => {
  const crm = connect(null);
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          object: fc.constantFrom('company' as const, 'contact' as const),
          id: fc.integer({ min: 1, max: 150 }),
        }),
        {
          maxLength: 400,
        },
      ),
      (picked) => {
        const writes = picked.map(({ object, id }) => ({ ...write(String(id), { score: 1 }), object }));
        const groups = crm.groupWrites(writes);
        assert.equal(groups.flat().length, writes.length);
        for (const group of groups) {
          assert.ok(group.length <= 100);
          assert.equal(new Set(group.map((each) => each.object)).size, 1);
          assert.equal(new Set(group.map((each) => each.externalId)).size, group.length);
        }
      },
    ),
  );
});

test('our fields come back from HubSpot’s strings as they went', () => {
  fc.assert(
    fc.property(
      fc.record({
        score: fc.oneof(
          fc.constant(null),
          fc.integer({ min: 0, max: 100 }),
          fc.double({ min: 0, max: 100, noNaN: true }),
        ),
        band: fc.constantFrom(null, 'A', 'B', 'C', 'D', 'Not enough evidence'),
        model: fc.oneof(fc.constant(null), fc.string({ minLength: 1, maxLength: 255 })),
        scoredAt: fc.oneof(
          fc.constant(null),
          fc
            .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
            .map((date) => date.toISOString()),
        ),
      }),
      (values) => {
        const sent = toProperties(values);
        assert.ok('properties' in sent);
        const back = readFields(sent.properties);
        // -0 is 0 to everyone but Object.is.
        assert.deepEqual(back, { ...values, score: values.score === 0 ? 0 : values.score });
      },
    ),
  );
});

test('a time beyond every calendar in one of our fields is read as the text that it is', () => {
  for (const stored of ['9'.repeat(400), '8640000000000001', '9'.repeat(17), 'soon'])
    assert.deepEqual(readFields({ fieldnote_scored_at: stored }), { scoredAt: stored });
  assert.deepEqual(readFields({ fieldnote_scored_at: '8640000000000000' }), {
    scoredAt: '+275760-09-13T00:00:00.000Z',
  });
});

test('a rep’s edit and ours are told apart in the history', async (context) => {
  const { portal, crm } = await installed(context);
  await crm.writeRecords([write(FIRST, { pitch: 'Ours' })], quiet());
  await portal.edit({
    as: 'rep:Anna',
    object: 'company',
    id: FIRST,
    properties: { fieldnote_pitch: 'Hers' },
  });
  const [current] = await crm.readCurrent('company', [FIRST], quiet());
  assert.equal(current?.values?.pitch, 'Hers');
  const { companies } = await portal.dump();
  const record = asList(asObject(companies).records).find((each) => each.id === FIRST);
  const history = asList(asObject(record?.history).fieldnote_pitch);
  assert.deepEqual(
    history.map((entry) => [entry.value, entry.sourceType]),
    [
      ['Ours', 'INTEGRATION'],
      ['Hers', 'CRM_UI'],
    ],
  );
});
