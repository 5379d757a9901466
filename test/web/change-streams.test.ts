import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  noteFollowing,
  noteNotFollowing,
  releaseStream,
  takeStream,
} from '../../src/pipeline/store/change-streams.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import { openWeb } from './web-fixture.ts';
import type { TestWeb } from './web-fixture.ts';

let web: TestWeb;
before(async () => {
  web = await openWeb();
});
after(() => web.close());

const status = async (): Promise<string> => {
  const response = await fetch(`${web.base}/status`);
  assert.equal(response.status, 200, JSON.stringify(web.logged.at(-1)));
  return response.text();
};

test('the status page says whether changes are seen as they happen, and why not', async () => {
  const { workspaceId } = web;
  const hold = await web.database.db.inWorkspace(workspaceId, async (tx) => {
    const { id } = await ensureConnection(tx, workspaceId, 'salesforce', 'default');
    return { workspaceId, connectionId: id, holder: randomUUID() };
  });
  const inWorkspace = web.database.db.inWorkspace.bind(null, workspaceId);
  assert.doesNotMatch(await status(), /change events|as they happen/);
  await inWorkspace((tx) => takeStream(tx, hold, 60_000));
  await inWorkspace((tx) => noteFollowing(tx, hold, 'Contact is not listened to: <b>400</b>'));
  assert.match(
    await status(),
    /Changes are seen as they happen[\s\S]*Contact is not listened to: &lt;b&gt;400/,
  );
  await inWorkspace((tx) => noteNotFollowing(tx, hold, 'the org did not answer'));
  assert.match(
    await status(),
    /change events are not listened to; changes are found by polling[\s\S]*the org did not answer/,
  );
  await inWorkspace((tx) => releaseStream(tx, hold));
  assert.doesNotMatch(await status(), /change events|as they happen/);
});

test('what was told is counted for whoever watches the metrics', async () => {
  web.metrics.countTold('salesforce', { kept: 3, ignored: 2, leftToSync: 0, missed: 1 });
  const metrics = await (await fetch(`${web.base}/metrics`)).text();
  assert.match(metrics, /fieldnote_changes_told_total\{source="salesforce",outcome="kept"\} 3/);
  assert.match(metrics, /fieldnote_changes_told_total\{source="salesforce",outcome="missed"\} 1/);
});
