import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ProviderError } from '../../src/errors.ts';
import type { Crm } from '../../src/connectors/crm.ts';
import { describeEditor } from '../../src/pipeline/describe-editor.ts';
import { nameEditors } from '../../src/pipeline/name-editors.ts';
import { findConnection } from '../../src/pipeline/store/connections.ts';
import { listWrites } from '../../src/pipeline/store/writes-list.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { openTappedTwin } from '../harness/twin-stages.ts';
import type { TappedTwin } from '../harness/twin-stages.ts';
import { openDesk } from '../harness/write-back.ts';
import type { Desk } from '../harness/write-back.ts';

let here: TestDatabase;
before(async () => {
  here = await createTestDatabase();
});
after(() => here.close());

const open = async (kind: 'salesforce' | 'hubspot'): Promise<{ tapped: TappedTwin; desk: Desk }> => {
  const tapped = await openTappedTwin(kind);
  return { tapped, desk: await openDesk(here.db, kind, undefined, tapped.crm) };
};
const name = async (desk: Desk, crm: Crm): Promise<string[]> => {
  const { db, workspaceId, connectionId } = desk;
  const connection = await db.inWorkspace(workspaceId, (tx) => findConnection(tx, connectionId));
  assert.ok(connection);
  const told: string[] = [];
  const onError = (error: unknown): void => void told.push(String(error));
  await nameEditors({ db, onError }, crm, connection, { signal: AbortSignal.timeout(60_000) });
  return told;
};
/** Of each conflict: what stands, and who made it so. */
const listConflicts = async ({ db, workspaceId }: Desk): Promise<Record<string, string>> => {
  const writes = await db.inWorkspace(workspaceId, (tx) => listWrites(tx, { state: 'conflicted' }, { limit: 50, beforeId: null })); // prettier-ignore
  return Object.fromEntries(
    writes.map(({ field, externalId, oldValue, editor }) => [
      `${externalId} ${field}`,
      `${oldValue}: ${editor === null ? 'not known' : describeEditor(editor)}`,
    ]),
  );
};

test('HubSpot: of each field in which a person’s value stands it is told who typed it, by the field’s history', async (context) => {
  const { tapped, desk } = await open('hubspot');
  context.after(() => tapped.close());
  const [one = '', two = '', three = ''] = await tapped.create(3);
  const ids = [one, two, three];
  const edit = (as: string, id: string, properties: Record<string, string>): Promise<unknown> =>
    tapped.edit({ as, object: 'companies', id, properties });
  await desk.plan({ pitch: 'Ours', why: 'Because' }, ids);
  await desk.flush();
  await edit('rep:Anna Berg', one, { fieldnote_pitch: 'Mine' });
  await edit('rep:Bo Lind', one, { fieldnote_why: 'I know why' });
  await edit('integration:Zap', two, { fieldnote_pitch: 'Of a machine' });
  // Somebody else changes the record, and another field of it, later.
  await edit('rep:Cleo Sand', one, { phone: '1' });
  await desk.plan({ pitch: 'Newer', why: 'Because of more' }, ids);
  assert.equal((await desk.flush()).conflicted, 3);
  await edit('rep:Dora Vale', one, { fieldnote_pitch: 'Hers, which nobody saw yet' });

  assert.deepEqual(await listConflicts(desk), {
    [`${one} pitch`]: 'Mine: not known',
    [`${one} why`]: 'I know why: not known',
    [`${two} pitch`]: 'Of a machine: not known',
  });
  assert.deepEqual(await name(desk, tapped.crm), []);
  assert.deepEqual(await listConflicts(desk), {
    [`${one} pitch`]: 'Mine: edited by Anna Berg',
    [`${one} why`]: 'I know why: edited by Bo Lind',
    [`${two} pitch`]: 'Of a machine: edited by another app',
  });
  const calls = tapped.twin.kit.calls.list().length;
  await name(desk, tapped.crm);
  assert.equal(tapped.twin.kit.calls.list().length, calls, 'nobody asks a second time');
});

test('Salesforce: it is told who changed the record last, as of the record, and never that it was us', async (context) => {
  const { tapped, desk } = await open('salesforce');
  context.after(() => tapped.close());
  const [one = '', two = ''] = await tapped.create(2);
  await desk.plan({ pitch: 'Ours', score: 10 }, [one, two]);
  await desk.flush();
  for (const id of [one, two])
    await tapped.edit({ as: 'rep:Anna Berg', id, fields: { Fieldnote_Pitch__c: 'Mine' } });
  // Of this one another field was written since: by us.
  await desk.plan({ score: 20 }, [two]);
  await desk.flush();
  await desk.plan({ pitch: 'Newer' }, [one, two]);
  await desk.flush();
  assert.deepEqual(await name(desk, tapped.crm), []);
  assert.deepEqual(await listConflicts(desk), {
    [`${one} pitch`]: 'Mine: record last changed by Anna Berg',
    [`${two} pitch`]: 'Mine: not known',
  });
});

test('a CRM that lets nobody see its users is asked once, and one that does not answer again', async (context) => {
  const { tapped, desk } = await open('salesforce');
  context.after(() => tapped.close());
  const [id = ''] = await tapped.create(1);
  await desk.plan({ pitch: 'Ours' }, [id]);
  await desk.flush();
  await tapped.edit({ as: 'rep:Anna Berg', id, fields: { Fieldnote_Pitch__c: 'Mine' } });
  await desk.plan({ pitch: 'Newer' }, [id]);
  await desk.flush();
  const failing = (kind: 'unavailable' | 'unauthorized'): Crm => ({
    ...tapped.crm,
    readAuthors: async () => {
      throw new ProviderError({ provider: 'salesforce', operation: 'query', kind, message: `is ${kind}` });
    },
  });
  assert.equal((await name(desk, failing('unavailable'))).length, 1);
  assert.equal((await name(desk, failing('unauthorized'))).length, 1);
  assert.deepEqual(await name(desk, failing('unauthorized')), []);
  assert.deepEqual(await listConflicts(desk), { [`${id} pitch`]: 'Mine: not known' });
});
