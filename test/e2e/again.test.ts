import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { App } from '../../src/app.ts';
import { createTick } from '../../src/pipeline/schedule.ts';
import { connectAndSync, runToEnd, startSystem, syncAll } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { changedBetween, dumpRecords, editTwin, emptyCalls, isWrite, readCalls } from './twin-records.ts';
import type { TwinRecord } from './twin-records.ts';

const EDITED = 'https://crumb-and-kettle.example/';
const NEW_TEXT = `Crumb & Kettle bakes bread in thirty-four shops, from Cork to Drogheda, and plans each morning's dough with software of its own.

We train our own demand models every night on a cluster of 512 H100 GPUs in Athlone. The cluster has doubled twice since spring.

Our research group trains foundation models for ovens, from twelve years of temperature curves. We are hiring two machine-learning engineers.`;

for (const reader of ['phrases', 'llm'] as const) {
  describe(`after a first run (method: ${reader})`, () => {
    let system: System;
    let app: App;
    let initially: Map<string, TwinRecord>;
    const dump = (): Promise<Map<string, TwinRecord>> => {
      const { salesforce, hubspot } = system.sandbox.twins;
      return dumpRecords({ salesforce: salesforce.url, hubspot: hubspot.url });
    };
    const forgetCalls = (): Promise<void> =>
      emptyCalls(Object.values(system.sandbox.twins).map((twin) => twin.url));

    before(async () => {
      system = await startSystem({ limit: 20, llm: reader === 'llm' });
      app = await system.openApp({ worker: true });
      await connectAndSync(app);
      await app.startWorker({ schedule: false });
      await runToEnd(app);
      initially = await dump();
    });
    after(() => system.close());

    test('the first run searched, read and wrote', async () => {
      const { twins } = system.sandbox;
      assert.ok((await readCalls(twins.tavily.url)).length >= 20);
      assert.equal((await readCalls(twins.llm.url)).length > 0, reader === 'llm');
      assert.ok((await readCalls(twins.salesforce.url)).some(isWrite));
      assert.ok((await readCalls(twins.hubspot.url)).some(isWrite));
      const models = new Set([...initially.values()].flatMap((record) => record.ours.model ?? []));
      assert.deepEqual(
        [...models].filter((model) => !model.endsWith(`method: ${reader}`)),
        [],
      );
    });

    test('the same again searches, reads and writes nothing', async () => {
      await forgetCalls();
      await syncAll(app);
      await runToEnd(app);
      const { salesforce, hubspot, tavily, llm } = system.sandbox.twins;
      assert.deepEqual(await readCalls(tavily.url), []);
      assert.deepEqual(await readCalls(llm.url), []);
      const toCrms = [...(await readCalls(salesforce.url)), ...(await readCalls(hubspot.url))];
      assert.deepEqual(toCrms.filter(isWrite), []);
      assert.deepEqual(changedBetween(initially, await dump()), []);
    });

    test('one edited text: with --refresh exactly that company is read, scored and written again', async () => {
      await editTwin(system.sandbox.twins.web.url, { as: 'rep:Nora', url: EDITED, text: NEW_TEXT });
      await forgetCalls();
      const extractions = await countExtractions(app);
      const run = await runToEnd(app, { refresh: true });
      assert.equal(run.failed, 0);

      const now = await dump();
      const changed = changedBetween(initially, now);
      const ofThatCompany = [...now].filter(([, record]) =>
        record.ours.pitchLink?.endsWith('/companies/crumb-and-kettle.example/pitch'),
      );
      const strangers = changed.filter((key) => !ofThatCompany.some(([own]) => own === key));
      assert.deepEqual(
        strangers.map((key) => [initially.get(key)?.ours, now.get(key)?.ours]),
        [],
      );
      assert.ok(changed.length > 0);
      assert.deepEqual(new Set(changed), new Set(ofThatCompany.map(([key]) => key)));
      for (const [, record] of ofThatCompany) {
        assert.ok(Number(record.ours.score) > 60, `GPUs raise the score: ${record.ours.score}`);
        assert.match(record.ours.why ?? '', /512 H100 GPUs/);
      }
      assert.equal((await countExtractions(app)) - extractions, 1, 'one company was read again');
      if (reader === 'llm') {
        assert.deepEqual(await listBought(app, run.run.createdAt), [
          ['read sources', 'crumb-and-kettle.example'],
          ['write pitch', 'crumb-and-kettle.example'],
        ]);
        assert.equal((await readCalls(system.sandbox.twins.llm.url)).length, 2);
      }
    });

    test('reading the same texts once more asks no model', async () => {
      await forgetCalls();
      const run = await runToEnd(app, { refresh: true });
      assert.equal(run.failed, 0);
      assert.deepEqual(await readCalls(system.sandbox.twins.llm.url), []);
    });

    test('an account that a rep adds is filled with nobody pressing anything', async () => {
      await editTwin(system.sandbox.twins.salesforce.url, {
        operation: 'create',
        as: 'rep:Nora',
        object: 'Account',
        records: [{ Name: 'Palisade Maker Club', Website: 'www.palisade-robotics-club.example' }],
      });
      // What a worker does once a minute, here as often as we look.
      const tick = createTick({
        ...app,
        model: app.modelName,
        syncIntervalMinutes: 0,
        monthlyBudgetUsd: null,
        areKeysGood: async () => true,
      });
      const deadline = Date.now() + 60_000;
      for (;;) {
        await tick();
        const added = [...(await dump()).values()].find(
          (record) => record.other['Website'] === 'www.palisade-robotics-club.example',
        );
        if (added?.ours.band !== undefined) {
          assert.match(added.ours.why ?? '', /Score/);
          break;
        }
        assert.ok(Date.now() < deadline, 'the new account was not filled');
        await wait(200);
      }
    });
  });
}

async function countExtractions(app: App): Promise<number> {
  return app.db.inWorkspace(app.workspaceId, async (tx) => {
    const { rows } = await tx.query<{ count: number }>('select count(*) from extractions');
    return rows[0]?.count ?? 0;
  });
}

/** Answers of the model that were bought since then: what for, about whom. */
async function listBought(app: App, since: Date): Promise<string[][]> {
  return app.db.inWorkspace(app.workspaceId, async (tx) => {
    const { rows } = await tx.query<{ operation: string; company: string }>(
      `select operation, question->>'company' as company from answers
       where provider = 'llm' and answered_at >= $1 order by operation`,
      [since],
    );
    return rows.map((row) => [row.operation, row.company]);
  });
}
