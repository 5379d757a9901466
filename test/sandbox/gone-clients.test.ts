import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../e2e/faults/observe.ts';
import { startPortal, TOKEN } from './hubspot-start.ts';

const FIRST = '100000000001';
const PHONE = '+49 30 901820';

test('a write whose sender dies while it waits for the answer is carried out all the same', async (context) => {
  const portal = await startPortal(context);
  const { faults } = portal.twin.kit;
  faults.set({ latencyMs: 200 });
  const arrived = new Promise<void>((resolve) => {
    const { draw } = faults;
    faults.draw = (methodAndPath) => {
      resolve();
      return draw(methodAndPath);
    };
  });
  const sender = new AbortController();
  const answer = fetch(`${portal.twin.url}/crm/objects/2026-09/companies/batch/update`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      'user-agent': 'hubspot-api-client-nodejs; 14.0.1',
    },
    body: JSON.stringify({ inputs: [{ id: FIRST, properties: { phone: PHONE } }] }),
    signal: sender.signal,
  });
  await arrived;
  sender.abort();
  await assert.rejects(answer, { name: 'AbortError' });
  await until('the write is carried out', async () => JSON.stringify(await portal.dump()).includes(PHONE));
});
