import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, test } from 'node:test';
import { UserError } from '../../../src/errors.ts';
import { checkTemplateSource } from '../../../src/pipeline/6-pitch/check-template.ts';
import { createTemplateRenderer } from '../../../src/pipeline/6-pitch/template-renderer.ts';
import { allowMore, createTemplateThreads } from '../../../src/pipeline/6-pitch/template-threads.ts';
import { data } from './halden.ts';
import { DENIALS } from './hostile-templates.ts';

const threads = createTemplateThreads();
after(() => threads.close());
const json = JSON.stringify(data);
const big = JSON.stringify({ ...data, big: Array.from({ length: 20_000 }, (_, index) => `item ${index}`) });
const HANG = '{{#each big}}{{#each @root.big}}{{#each @root.big}}{{/each}}{{/each}}{{/each}}';

test('each of 19 shapes that would hang or fill a process is refused by the check', () => {
  assert.equal(DENIALS.length, 19);
  for (const [what, source] of DENIALS) assert.notDeepEqual(checkTemplateSource(source).problems, [], what);
});

test('without the check, each of the 19 shapes is contained by its thread, and the next template renders', async (t) => {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const ends: string[] = [];
  for (const [what, source] of DENIALS) {
    const from = performance.now();
    const end = await threads.run(source, big).then(
      ({ text }) => (text.length <= 65_536 ? 'rendered' : 'too long'),
      (error: unknown) => (error instanceof UserError ? 'refused' : String(error)),
    );
    ends.push(end);
    t.diagnostic(`${what}: ${end} after ${Math.round(performance.now() - from)} ms`);
    assert.equal((await threads.run('{{company.name}}', json)).text, 'Halden Robotics', what);
  }
  delay.disable();
  t.diagnostic(`longest delay of the event loop: ${Math.round(delay.max / 1e6)} ms`);
  assert.deepEqual(
    [...new Set(ends)].toSorted().filter((end) => end !== 'rendered'),
    ['refused'],
  );
});

test('a template that hangs is told so, with all that wait for it, and holds up no other one', async () => {
  const settled: string[] = [];
  const note = (name: string, run: Promise<unknown>) =>
    run.then(
      () => settled.push(`${name} rendered`),
      (error: unknown) => settled.push(`${name}: ${error instanceof Error ? error.message : ''}`),
    );
  // Both threads run by now: on a busy machine a start may take longer than the second that a template has.
  await Promise.all(['{{company.name}}.', '{{company.domain}}.'].map((source) => threads.run(source, json)));
  const hostile = Array.from({ length: 20 }, () => note('hostile', threads.run(HANG, big)));
  await note('honest', threads.run('{{company.name}}', json));
  assert.deepEqual(settled, ['honest rendered']);
  await Promise.all(hostile);
  const [, ...others] = settled;
  assert.equal(others.length, 20);
  for (const other of others)
    assert.match(
      other,
      /^hostile: the template cannot be rendered: it (takes too long|needs more than 64 MB)/,
    );
});

test('a template that waits for a busy machine is not taken for one that hangs, for ten seconds', () => {
  assert.equal(allowMore({ usedMs: 40, waitedMs: 800 }), 760);
  assert.equal(allowMore({ usedMs: 780, waitedMs: 805 }), 0);
  assert.equal(allowMore({ usedMs: 700, waitedMs: 9_990 }), 50);
  assert.equal(allowMore({ usedMs: 40, waitedMs: 10_000 }), 0);
});

test('where templates hang in every thread, the next one renders as soon as one of them was ended', async () => {
  const hanging = [HANG, `${HANG} `, `${HANG}  `].map((source) => threads.run(source, big));
  const honest = threads.run('{{company.domain}}', json);
  const ends = await Promise.allSettled([...hanging, honest]);
  assert.deepEqual(
    ends.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected', 'fulfilled'],
  );
});

test('a thread knows nothing of the environment and calls nothing that is in its data', async () => {
  const hostile = {
    ...data,
    company: { name: 'A', domain: 'a.test', toHTML: () => 'raw', run: () => 'called' },
  };
  const seen = await Promise.all(
    ['{{company.run}}', '{{company.toHTML}}', '{{constructor}}', '{{company.constructor.name}}', '{{process.env.PATH}}', '{{@root.__proto__}}'].map((source) => threads.run(source, JSON.stringify(hostile))), // prettier-ignore
  );
  assert.deepEqual(
    seen.map(({ text }) => text),
    ['', '', '', '', '', ''],
  );
});

test('a custom template gives in its thread what one that came with Fieldnote gives', async () => {
  const renderer = createTemplateRenderer();
  const source = '{{#keyPoint}}{{company.name}}{{/keyPoint}} {{#write "x"}}own words{{/write}}';
  const entry = { name: 't', title: 't', description: '', source, updatedAt: null };
  const shipped = await renderer.render({ ...entry, origin: 'shipped' }, data);
  assert.deepEqual(await renderer.render({ ...entry, origin: 'custom' }, data), shipped);
  assert.deepEqual(shipped.keyPoints, ['Halden Robotics']);
  const broken = { ...entry, source: '{{company.nmae}}', origin: 'custom' } as const;
  await assert.rejects(renderer.render(broken, data), /"t" failed: .*did you mean "company\.name"/);
  await renderer.close();
  await assert.rejects(renderer.render({ ...entry, origin: 'custom' }, data), /stopping/);
});

test('threads that are closed end what waits', async () => {
  const short = createTemplateThreads();
  const waiting = [short.run(HANG, big), short.run(HANG, big), short.run('x', json), short.run('y', json)];
  await Promise.all([short.close(), ...waiting.map((run) => assert.rejects(run, /stopping/))]);
});
