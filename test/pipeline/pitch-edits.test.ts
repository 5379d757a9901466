import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { editPitch } from '../../src/pipeline/edit-pitch.ts';
import type { PitchEdits } from '../../src/pipeline/edit-pitch.ts';
import { readSheet } from '../../src/pipeline/6-pitch/read-sheet.ts';
import { readCurrentPitch } from '../../src/pipeline/read-pitch.ts';
import { savePitch } from '../../src/pipeline/store/pitches.ts';
import { seedCompany } from '../web/seed.ts';
import { openPitchBench } from './pitch-fixture.ts';
import type { PitchBench } from './pitch-fixture.ts';

let bench: PitchBench;
before(async () => {
  bench = await openPitchBench();
});
after(() => bench.close());

const seed = (domain: string) =>
  bench.within((tx) => seedCompany(tx, bench.workspaceId, { domain, name: domain, score: 70 }));
const url = (source: number): string => `https://source-${source}.example/page`;
/** A version as a regenerate makes it: its sources in an order of its own. */
const regenerate = (companyId: string, order: readonly number[], version: number, current = true) =>
  bench.within((tx) =>
    savePitch(tx, bench.workspaceId, {
      companyId,
      template: 'standard',
      fingerprint: `made of ${version}`,
      keyPoints: order.map((source, index) => `Point ${version} on ${source} [${index + 1}]`),
      callToAction: `Shall we talk, ${version}?`,
      text: [
        `Text ${version}`,
        '',
        ...order.map((source, index) => `- Point ${version} on ${source} [${index + 1}]`),
        '',
        `Shall we talk, ${version}?`,
      ].join('\n'),
      citations: order.map((source, index) => ({
        number: index + 1,
        quote: `Said by ${source}`,
        url: url(source),
      })),
      cut: 0,
      method: 'phrases',
      textModel: null,
      awaitsModel: false,
      current,
    }),
  );
const read = async (companyId: string) => {
  const pitch = await bench.within((tx) => readCurrentPitch(tx, companyId));
  assert.ok(pitch);
  return pitch;
};
const edit = async (companyId: string, edits: PitchEdits, revision?: string) => {
  const { id } = await read(companyId);
  const { workspaceId, queue } = bench;
  return bench.within((tx) =>
    editPitch(tx, queue, {
      workspaceId,
      model: 'gpu-infrastructure',
      pitchId: id,
      companyId,
      edits,
      by: { via: 'web', name: 'ada@seller.example' },
      revision,
    }),
  );
};

test('an edit outlives every order of new versions, changed signals and other edits, with its sources, until it is undone', async () => {
  const sources = fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 1 });
  const move = fc.oneof(
    fc.record({ kind: fc.constant('regenerate' as const), sources }),
    fc.record({ kind: fc.constant('call' as const), say: fc.integer({ min: 1, max: 99 }) }),
    fc.record({ kind: fc.constant('cite' as const), at: fc.nat(4) }),
    fc.record({
      kind: fc.constant('undo' as const),
      field: fc.constantFrom('callToAction' as const, 'text' as const),
    }),
  );
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 3, maxLength: 9 }), async (moves) => {
      count += 1;
      const { id } = await seed(`kept-${count}.example`);
      let version = 1;
      await regenerate(id, [1, 2], version);
      const calls: string[] = [];
      const texts: number[] = [];
      for (const one of moves) {
        const shown = await read(id);
        if (one.kind === 'regenerate') await regenerate(id, one.sources, (version += 1));
        if (one.kind === 'call') {
          await edit(id, { callToAction: `Call ${one.say}.` });
          if (shown.callToAction !== `Call ${one.say}.`) calls.push(`Call ${one.say}.`);
        }
        if (one.kind === 'cite') {
          const cited = shown.citations[one.at % shown.citations.length];
          assert.ok(cited);
          const source = Number(/\d+/.exec(cited.quote)?.[0]);
          await edit(id, { text: `Look at ${source} [${cited.number}].` });
          if (texts.at(-1) !== source) texts.push(source);
        }
        if (one.kind === 'undo') {
          await edit(id, { [one.field]: null });
          (one.field === 'text' ? texts : calls).pop();
        }
        const now = await read(id);
        assert.equal(now.callToAction, calls.at(-1) ?? `Shall we talk, ${version}?`);
        const source = texts.at(-1);
        if (source === undefined) {
          assert.match(now.text, new RegExp(`^Text ${version}\\b`));
          assert.ok(now.text.includes(now.callToAction), 'the call stands in the text as it was edited');
        } else {
          const [, said, mark] = /^Look at (\d+) \[(\d+)\]\.\n\nSources/.exec(now.text) ?? [];
          const cited = now.citations.find(({ number }) => number === Number(mark));
          assert.deepEqual([Number(said), cited?.url], [source, url(source)], now.text);
        }
      }
    }),
    { numRuns: 25 },
  );
});

test('of a text and of points only what somebody changed stays through a new version, with its sources; the rest is renewed, also in Slack, CRM and PDF', async () => {
  const { id } = await seed('part-by-part.example');
  await regenerate(id, [1, 2, 3], 1);
  const body = (await read(id)).text.split('\n\nSources')[0] ?? '';
  await edit(id, { text: body.replace('Text 1', 'Ada met them, see [2].') });
  await edit(id, { keyPoints: ['Point 1 on 1 [1]', 'Better on 2 [2]', 'Point 1 on 3 [3]'] });

  await regenerate(id, [3, 2, 1], 2);
  const renewed = await read(id);
  assert.deepEqual(renewed.keyPoints, ['Point 2 on 3 [1]', 'Better on 2 [2]', 'Point 2 on 1 [3]']);
  assert.match(
    renewed.text,
    /^Ada met them, see \[2\]\.\n\n- Point 2 on 3 \[1\]\n- Better on 2 \[2\]\n- Point 2 on 1 \[3\]\n\nShall we talk, 2\?\n\nSources/,
  );
  assert.deepEqual(
    renewed.edited.map(({ field, parts }) => [field, parts]),
    [
      ['keyPoints', { theirs: 1, all: 3 }],
      ['text', { theirs: 1, all: 3 }],
    ],
  );
  await regenerate(id, [4, 2], 3);
  const again = await read(id);
  assert.equal(again.citations.find(({ quote }) => quote === 'Said by 2')?.number, 2);
  assert.match(again.text, /^Ada met them, see \[2\]\.[\s\S]*Shall we talk, 3\?/);
  // A later edit of another paragraph keeps the first.
  const now = again.text.split('\n\nSources')[0] ?? '';
  await edit(id, { text: now.replace('Shall we talk, 3?', 'Tuesday?') });
  await regenerate(id, [2, 5], 4);
  const last = await read(id);
  assert.match(last.text, /^Ada met them, see \[1\]\.[\s\S]*Better on 2 \[1\][\s\S]*Tuesday\?\n\nSources/);
  await edit(id, { text: null });
  await edit(id, { text: null });
  await edit(id, { keyPoints: null });
  assert.deepEqual((await read(id)).edited, []);
  assert.match(
    (await read(id)).text,
    /^Text 4\n\n- Point 4 on 2 \[1\]\n- Point 4 on 5 \[2\]\n\nShall we talk, 4\?/,
  );
});

test('two who edit the same pitch do not overwrite each other unseen, and points that were edited stand in the text', async () => {
  const { id } = await seed('two-people.example');
  await regenerate(id, [1, 2, 3], 1);
  const seen = (await read(id)).revision;
  const first = await edit(id, { keyPoints: ['Better [1]', 'Point 1 on 2 [2]'] }, seen);
  assert.notEqual(first, 'conflict');
  assert.equal(await edit(id, { keyPoints: ['Worse [9]'] }, seen), 'conflict');
  const pitch = await read(id);
  assert.match(pitch.text, /- Better \[1\]\n- Point 1 on 2 \[2\]\n\nShall/);
  assert.doesNotMatch(pitch.text, /Point 1 on [13]/);
  assert.deepEqual(
    pitch.citations.map(({ number }) => number),
    [1, 2],
  );
  // Pressed twice, or sent again: what was wanted stands there.
  const again = await edit(id, { keyPoints: ['Better [1]', 'Point 1 on 2 [2]'] }, seen);
  assert.equal(again === 'conflict' ? '' : again.revision, pitch.revision);
  await edit(id, { keyPoints: ['Better [1] and: Point 1 on 2 [2]'] });
  assert.match((await read(id)).text, /\n- Better \[1\] and: Point 1 on 2 \[2\]\n\nShall/);
  const taken = (await read(id)).revision;
  await edit(id, { keyPoints: null }, taken);
  assert.equal(await edit(id, { keyPoints: null }, taken), 'conflict', 'an edit still stands there');
  await edit(id, { callToAction: 'Book a time: https://cal.example/ada [77]' });
  const shown = await read(id);
  assert.equal(
    shown.callToAction,
    'Book a time: https://cal.example/ada',
    'a mark that cites nothing is taken out',
  );

  const company = await seed('two-people.example');
  const sheet = await bench.within((tx) =>
    readSheet(tx, company, { seller: null, publicUrl: 'http://127.0.0.1' }),
  );
  assert.equal(sheet?.pitch?.callToAction, shown.callToAction);
  assert.match(
    sheet?.pitch?.note ?? '',
    /key points and call to action edited by ada@seller\.example on \d+ \w+ \d{4}/,
  );
});

test('an edit made in a version beside the company’s own is written to the CRM, since it stands in that one, too', async () => {
  const { id } = await seed('beside.example');
  await regenerate(id, [1, 2], 1);
  // The same template in a manner that somebody wished for once.
  const beside = await regenerate(id, [2, 1], 2, false);
  const { workspaceId, queue } = bench;
  await bench.within((tx) =>
    editPitch(tx, queue, {
      workspaceId,
      model: 'gpu-infrastructure',
      pitchId: beside.id,
      companyId: id,
      edits: { callToAction: 'Tuesday?' },
      by: { via: 'web', name: 'ada@seller.example' },
    }),
  );
  assert.equal((await read(id)).callToAction, 'Tuesday?');
  const { rows } = await bench.within((tx) =>
    tx.query<{ count: number }>(
      `select count(*)::int as count from run_items where company_id = $1 and begins_behind = 'pitch'`,
      [id],
    ),
  );
  assert.equal(rows[0]?.count, 1);
});
