import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Crm } from '../../../src/connectors/crm.ts';
import { ProviderError } from '../../../src/errors.ts';
import { accountId, startSmall } from '../../sandbox/salesforce-fixture.ts';
import { connect, ledger } from './connect.ts';

/** A connector whose first login is answered by `answer`, and when its logins were asked for. */
async function open(
  context: TestContext,
  answer: () => Response,
  attempts = 3,
): Promise<{ crm: Crm; askedAt: number[] }> {
  const twin = await startSmall();
  context.after(() => twin.close());
  const askedAt: number[] = [];
  const crm = connect(
    twin,
    {
      fetch: async (input, init) => {
        if (!String(input instanceof Request ? input.url : input).includes('/oauth2/token'))
          return fetch(input, init);
        askedAt.push(performance.now());
        return askedAt.length === 1 ? answer() : fetch(input, init);
      },
    },
    { attempts },
  );
  return { crm, askedAt };
}
const read = (crm: Crm) => crm.readCurrent('Account', [accountId('alder')], ledger());

test('a login that is answered by a page instead of JSON is an outage, and is tried again', async (context) => {
  const page = () => new Response('<html>Down for maintenance</html>', { status: 200 });
  const patient = await open(context, page);
  assert.equal((await read(patient.crm)).length, 1);
  assert.equal(patient.askedAt.length, 2);

  const { crm } = await open(context, page, 1);
  await assert.rejects(
    read(crm),
    (error) =>
      error instanceof ProviderError &&
      error.retryable &&
      /login: the answer is not JSON/.test(error.message),
  );
});

test('a login that is turned away in other words than OAuth’s is repeated as late as it asks for, and a refusal stays one', async (context) => {
  const refuse = (status: number) => (): Response =>
    Response.json([{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'too many' }], {
      status,
      headers: status === 429 ? { 'retry-after': '0.3' } : {},
    });
  const patient = await open(context, refuse(429));
  await read(patient.crm);
  const [first = 0, second = 0] = patient.askedAt;
  assert.ok(second - first >= 300, `asked again after ${second - first} ms`);

  const { crm, askedAt } = await open(context, refuse(403));
  await assert.rejects(
    read(crm),
    (error) =>
      error instanceof ProviderError && error.kind === 'unauthorized' && /status 403/.test(error.message),
  );
  assert.equal(askedAt.length, 1);
});
