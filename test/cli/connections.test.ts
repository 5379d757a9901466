import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { z } from 'zod';
import { startHubspotTwin } from '../../sandbox/hubspot/twin.ts';
import { startSalesforceTwin } from '../../sandbox/salesforce/twin.ts';
import type { SalesforceTwin } from '../../sandbox/salesforce/twin.ts';
import type { Twin } from '../../sandbox/kit/twin.ts';
import { APP_ROLE } from '../../src/db.ts';
import { setFaults, until } from '../e2e/faults/observe.ts';
import { startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { fieldnote, makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';
import type { Ran } from './run-here.ts';

const EMEA_TOKEN = 'pat-eu1-EMEA-9f41c2d7';
const NEXT_TOKEN = 'pat-eu1-NEXT-77aa01bc';
const ACME_TOKEN = 'pat-na1-ACME-1d00e5f2';
const ACME_SECRET = 'ACME-org-secret-5c1b88';
const SECRETS = [EMEA_TOKEN, NEXT_TOKEN, ACME_TOKEN, ACME_SECRET];
const key = (): string => randomBytes(32).toString('base64');
const [oldKey, newKey] = [key(), key()];

let system: System;
let folder: { path: string; remove(): Promise<void> };
let emea: Twin;
let acme: { hubspot: Twin; salesforce: SalesforceTwin };
let printed = '';

before(async () => {
  folder = await makeFolder();
  system = await startSystem({ limit: 8 });
  const { world } = system.sandbox;
  const rest = { world, journalFile: null };
  emea = await startHubspotTwin({ ...rest, accessToken: EMEA_TOKEN, portalId: 111 });
  acme = {
    hubspot: await startHubspotTwin({ ...rest, accessToken: ACME_TOKEN, portalId: 222 }),
    salesforce: await startSalesforceTwin({
      ...rest,
      clientId: 'acme-client',
      clientSecret: ACME_SECRET,
      organization: 'acme',
    }),
  };
});
after(async () => {
  await Promise.all([emea, acme.hubspot, acme.salesforce].map((twin) => twin.close()));
  await system.close();
  await folder.remove();
});

const environment = (env: Record<string, string> = {}): Record<string, string> => ({
  ...system.environment,
  FIELDNOTE_HOME: folder.path,
  SECRET_KEY: oldKey,
  LOG_LEVEL: 'debug',
  ...env,
});
async function run(args: string[], env: Record<string, string> = {}, input?: object): Promise<Ran> {
  const ended = await runHere(args, environment(env), input && { input: JSON.stringify(input) });
  printed += ended.out + ended.err;
  return ended;
}
const ok = async (...given: Parameters<typeof run>): Promise<Ran> => {
  const ended = await run(...given);
  assert.equal(ended.code, 0, ended.err);
  return ended;
};
const edit = async (twin: Twin, body: object): Promise<void> => {
  const response = await fetch(`${twin.url}/_twin/edit`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.text());
};
/** Rows past the app and its policies. */
async function sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: system.database.url });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}
const countWrites = async (name: string, ...states: string[]): Promise<number> =>
  (
    await sql<{ writes: number }>(
      `select count(*)::int as writes from writes w join connections c on c.id = w.connection_id
       where c.name = $1 and w.state = any($2)`,
      [name, states],
    )
  )[0]?.writes ?? -1;

describe('storing credentials', () => {
  test('is refused without SECRET_KEY, before anything is asked for', async () => {
    const ended = await run(['connect', 'hubspot', '--name', 'emea'], {
      SECRET_KEY: '',
      HUBSPOT_ACCESS_TOKEN: EMEA_TOKEN,
    });
    assert.equal(ended.code, 1);
    assert.match(ended.err, /SECRET_KEY is not set\n\s+fix: .*openssl rand -base64 32/);
    assert.deepEqual(await sql('select from credentials'), []);
  });

  test('never takes them from the command line, where every user of the machine sees them', async () => {
    const ended = await run(['connect', 'hubspot', '--name', 'emea', '--access-token', 'pat-on-the-line']);
    assert.notEqual(ended.code, 0);
    assert.match(ended.err, /unknown option/);
  });

  test('takes no credentials that the CRM refuses, and says nothing of them', async () => {
    const ended = await run(
      ['connect', 'hubspot', '--name', 'emea', '--credentials', 'stdin'],
      {},
      {
        baseUrl: emea.url,
        accessToken: NEXT_TOKEN,
      },
    );
    assert.equal(ended.code, 1);
    assert.match(ended.err, /401/);
    assert.deepEqual(await sql('select from credentials'), []);
  });

  test('does not guess whose credentials are meant where the environment holds some and others are piped in', async () => {
    const ended = await run(
      ['connect', 'hubspot', '--name', 'emea'],
      { HUBSPOT_ACCESS_TOKEN: EMEA_TOKEN, HUBSPOT_BASE_URL: emea.url },
      { baseUrl: emea.url, accessToken: EMEA_TOKEN },
    );
    assert.equal(ended.code, 1);
    assert.match(
      ended.err,
      /Which credentials\?[^\n]*HUBSPOT_ACCESS_TOKEN[^\n]*\n\s+fix: .*--credentials stdin/,
    );
    assert.deepEqual(await sql('select from credentials'), []);
  });

  test('says what is wrong with a document, and never a value', async () => {
    const from = ['connect', 'hubspot', '--name', 'emea', '--credentials', 'stdin'];
    const unknown = await run(from, {}, { accesstoken: EMEA_TOKEN });
    assert.match(
      unknown.err,
      /accessToken: is missing[\s\S]*accesstoken: not known; there are .*accessToken/,
    );
    const broken = await runHere(from, environment(), { input: `{"accessToken": ${EMEA_TOKEN}` });
    assert.match(broken.err, /no JSON object\n\s+fix: Pipe in \{"accessToken"/);
    printed += broken.err;
  });

  test('seals them, piped in through a real pipe, and checks the fields', async () => {
    const piped = await fieldnote(
      ['connect', 'hubspot', '--name', 'emea', '--install', '--credentials', 'stdin'],
      {
        env: environment(),
        input: JSON.stringify({ baseUrl: emea.url, accessToken: EMEA_TOKEN }),
      },
    );
    printed += piped.stdout + piped.stderr;
    assert.equal(piped.code, 0, piped.stderr);
    assert.match(piped.stdout, /hubspot emea: HubSpot account 111 as HubSpot app[\s\S]*Created 20 fields/);
    const again = await ok(['connect', 'hubspot', '--name', 'emea']);
    assert.doesNotMatch(again.out, /Created/);
  });

  test('takes them from the environment where that is asked for', async () => {
    const ended = await ok(['connect', 'hubspot', '--name', 'emea', '--credentials', 'env'], {
      HUBSPOT_ACCESS_TOKEN: EMEA_TOKEN,
      HUBSPOT_BASE_URL: emea.url,
    });
    assert.match(ended.err, /Taking the credentials from HUBSPOT_ACCESS_TOKEN, HUBSPOT_BASE_URL/);
  });

  test("leaves the environment's own connection to the environment", async () => {
    await ok(['connect', 'hubspot', '--install']);
    await ok(['connect', 'salesforce', '--install']);
    const ended = await run(['connect', 'hubspot', '--credentials', 'env']);
    assert.match(ended.err, /"default" takes its credentials from the environment/);
  });

  test('refuses an org that is connected already, and another org under the same name', async () => {
    const { HUBSPOT_ACCESS_TOKEN: accessToken, HUBSPOT_BASE_URL: baseUrl } = system.environment;
    const twice = await run(
      ['connect', 'hubspot', '--name', 'again', '--credentials', 'stdin'],
      {},
      {
        accessToken,
        baseUrl,
      },
    );
    assert.equal(twice.code, 1);
    assert.match(twice.err, /HubSpot account 4242424 \(4242424\) is connected already, as hubspot\n/);
    const other = await run(
      ['connect', 'hubspot', '--name', 'emea', '--credentials', 'stdin'],
      {},
      {
        accessToken,
        baseUrl,
      },
    );
    assert.equal(other.code, 1);
    assert.match(other.err, /and hubspot emea is HubSpot account 111 \(111\)/);
    assert.deepEqual(await sql('select name from connections where name = $1', ['again']), []);
  });
});

describe('several connections in one workspace', () => {
  test('are listed with where their credentials are', async () => {
    const listed = await ok(['connect', '--list', '--json']);
    const rows = z
      .array(z.looseObject({ crm: z.string(), name: z.string(), credentials: z.string() }))
      .parse(JSON.parse(listed.out));
    assert.deepEqual(
      new Set(rows.map(({ crm, name, credentials }) => `${crm} ${name}: ${credentials}`)),
      new Set([
        'hubspot default: environment',
        'hubspot emea: stored, sealed',
        'salesforce default: environment',
      ]),
    );
    assert.match(
      (await ok(['connect', '--list'])).out,
      /hubspot +emea +HubSpot account 111 +active +stored, sealed/,
    );
  });

  test('a connection that does not answer keeps the others neither from a sync nor from a run', async () => {
    await setFaults(emea.url, { down: true });
    const synced = await run(['sync', '--json']);
    assert.equal(synced.code, 1);
    assert.match(synced.err, /hubspot emea was not synced: /);
    const rows = z
      .array(z.looseObject({ connection: z.string(), synced: z.boolean() }))
      .parse(JSON.parse(synced.out));
    assert.deepEqual(Object.fromEntries(rows.map((row) => [row.connection, row.synced])), {
      hubspot: true,
      salesforce: true,
      'hubspot emea': false,
    });
    await setFaults(emea.url, {});
    await until('it is asked again', async () => (await run(['sync'])).code === 0);
    await setFaults(emea.url, { down: true });
    const ran = await run(['run']);
    assert.equal(ran.code, 1);
    assert.match(ran.out, /hubspot +company +applied/);
    assert.match(ran.out, /salesforce +Account +applied/);
    assert.match(ran.err, /\d+ fields wait to be written: hubspot emea could not be synced/);
    assert.ok((await countWrites('emea', 'planned', 'sending')) > 10);
    await setFaults(emea.url, {});
    await until('it is asked again', async () => (await run(['sync'])).code === 0);
  });

  test('a token that is revoked pauses its connection alone, loses nothing, and goes on with another', async () => {
    const worker = system.spawnWorker(environment({ LOG_LEVEL: 'info' }));
    let said = '';
    worker.process.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await edit(emea, { operation: 'token', accessToken: null });
    await worker.ready;
    const status = async (): Promise<string | undefined> =>
      (await sql<{ status: string }>('select status from connections where name = $1', ['emea']))[0]?.status;
    const waiting = await countWrites('emea', 'planned', 'sending');
    assert.ok(waiting > 0);
    // What it has to send brings the refusal to light.
    const ran = await run(['run', '--refresh']);
    await until('the connection is paused', async () => (await status()) === 'paused');
    assert.equal(ran.code, 1);
    assert.match(ran.err, /hubspot emea.*(401|paused)/);
    const others = await sql<{ status: string }>('select status from connections where name <> $1', ['emea']);
    assert.deepEqual(new Set(others.map((row) => row.status)), new Set(['active']));
    assert.ok((await countWrites('emea', 'planned', 'sending')) >= waiting);

    // The reason stands below the table, which it would tear apart.
    const listed = (await ok(['connect', '--list'])).out.split('\n');
    assert.match(
      listed.find((line) => line.includes('emea')) ?? '',
      /^hubspot +emea +\S.* paused +stored, sealed +\S+$/,
    );
    assert.match(
      listed.find((line) => line.startsWith('hubspot emea is paused: ')) ?? '',
      /401.* When that is done: fieldnote connect hubspot --name emea$/,
    );
    const doctor = await run(['doctor']);
    assert.equal(doctor.code, 1);
    assert.match(doctor.out, /✘ hubspot emea: paused since .*401/);
    const synced = await run(['sync']);
    assert.equal(synced.code, 1);
    assert.match(
      synced.err,
      /hubspot emea was not synced: paused:[\s\S]*fieldnote connect hubspot --name emea/,
    );
    assert.match(synced.out, /\nsalesforce /);

    await edit(emea, { operation: 'token', accessToken: NEXT_TOKEN });
    const still = await run(['connect', 'hubspot', '--name', 'emea']);
    assert.equal(still.code, 1);
    assert.equal(await status(), 'paused');
    await ok(
      ['connect', 'hubspot', '--name', 'emea', '--credentials', 'stdin'],
      {},
      {
        baseUrl: emea.url,
        accessToken: NEXT_TOKEN,
      },
    );
    assert.equal(await status(), 'active');
    await until(
      'what waited is written',
      async () => (await countWrites('emea', 'planned', 'sending')) === 0,
    );
    assert.ok((await countWrites('emea', 'applied')) > 0);
    await ok(['sync']);
    worker.process.kill('SIGTERM');
    printed += said;
    assert.ok(said.split('connection hubspot emea was paused').length <= 2, said);
  });
});

describe('SECRET_KEY', () => {
  test('another one opens nothing, and says so in sync, doctor and list', async () => {
    const synced = await run(['sync'], { SECRET_KEY: newKey });
    assert.equal(synced.code, 1);
    assert.match(synced.err, /hubspot emea was not synced: .*another SECRET_KEY/);
    const doctor = await run(['doctor'], { SECRET_KEY: newKey });
    assert.match(doctor.out, /✘ hubspot emea: .*SECRET_KEY_PREVIOUS/);
    assert.match((await ok(['connect', '--list'], { SECRET_KEY: newKey })).out, /emea.*not to be used here/);
    assert.match((await run(['sync'], { SECRET_KEY: '' })).err, /SECRET_KEY is not set/);
  });

  test('is changed with both set, then resealed', async () => {
    const both = { SECRET_KEY: newKey, SECRET_KEY_PREVIOUS: oldKey };
    await ok(['sync'], both);
    assert.match((await ok(['connect', '--reseal'], both)).out, /anew/);
    assert.match((await ok(['connect', '--reseal'], both)).out, /sealed under SECRET_KEY already/);
    await ok(['sync'], { SECRET_KEY: newKey });
    await ok(['connect', '--reseal'], { SECRET_KEY: oldKey, SECRET_KEY_PREVIOUS: newKey });
  });

  test("a seal that is put in another connection's place does not open there", async () => {
    await sql(
      `insert into connections (workspace_id, kind, name) select workspace_id, 'hubspot', 'moved' from connections where name = 'emea'`,
    );
    await sql(
      `insert into credentials (workspace_id, connection_id, version, key_id, sealed)
       select k.workspace_id, m.id, k.version, k.key_id, k.sealed from credentials k, connections m where m.name = 'moved'`,
    );
    const synced = await run(['sync']);
    assert.match(synced.err, /hubspot moved was not synced: .*do not open/);
    await sql(`delete from connections where name = 'moved'`);
  });
});

describe('several workspaces', () => {
  const inAcme = (...args: string[]): string[] => [...args, '--workspace', 'acme'];

  test('come to be with their first connection; a wrong name makes none', async () => {
    const wrong = await run(['sync', '--workspace', 'amce']);
    assert.match(wrong.err, /There is no workspace "amce"/);
    const refused = { baseUrl: acme.hubspot.url, accessToken: 'pat-eu1-of-nobody' };
    const failed = await run(inAcme('connect', 'hubspot', '--credentials', 'stdin'), {}, refused);
    assert.notEqual(failed.code, 0);
    assert.deepEqual(await sql('select name from workspaces order by name'), [{ name: 'default' }]);
    await ok(
      inAcme('connect', 'hubspot', '--install', '--credentials', 'stdin'),
      {},
      {
        baseUrl: acme.hubspot.url,
        accessToken: ACME_TOKEN,
      },
    );
    const installed = inAcme(
      'connect',
      'salesforce',
      '--name',
      'main',
      '--install',
      '--credentials',
      'stdin',
    );
    const admin = {
      SALESFORCE_ADMIN_CLIENT_ID: acme.salesforce.adminClientId,
      SALESFORCE_ADMIN_CLIENT_SECRET: acme.salesforce.adminClientSecret,
    };
    const credentials = {
      loginUrl: acme.salesforce.url,
      clientId: 'acme-client',
      clientSecret: ACME_SECRET,
    };
    const foreign = { ...admin, SALESFORCE_ADMIN_CLIENT_ID: 'of-another-org' };
    const halfway = await run(installed, foreign, credentials);
    assert.match(halfway.err, /login of the administrator[^\n]*\n\s+fix: [^\n]*SALESFORCE_ADMIN_CLIENT_ID/);
    const checked = await run(inAcme('connect', 'salesforce', '--name', 'main'));
    assert.match(
      checked.err,
      /fix: Run "fieldnote connect salesforce --workspace acme --name main --install"/,
    );
    await ok(installed, admin, credentials);
    assert.deepEqual(await sql('select name from workspaces order by name'), [
      { name: 'acme' },
      { name: 'default' },
    ]);
  });

  test('one worker serves them all, and their rows never mix', async () => {
    acme.hubspot.kit.calls.clear();
    acme.salesforce.kit.calls.clear();
    const before = system.sandbox.twins.salesforce.kit.calls.list().length;
    await ok(inAcme('run'));
    assert.ok(acme.hubspot.kit.calls.list().length > 0 && acme.salesforce.kit.calls.list().length > 0);
    assert.equal(system.sandbox.twins.salesforce.kit.calls.list().length, before);

    const workspaces = await sql<{ id: string; name: string }>('select id, name from workspaces');
    const tables = await sql<{ name: string }>(
      `select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'workspace_id'`,
    );
    assert.ok(tables.length > 15);
    const client = new pg.Client({ connectionString: system.database.url });
    await client.connect();
    await client.query(`set role ${APP_ROLE}`);
    const holding = new Set<string>();
    for (const { name } of tables) {
      for (const { id } of workspaces) {
        await client.query(`select set_config('app.workspace_id', $1, false)`, [id]);
        const { rows } = await client.query<{ own: number; foreign: number }>(
          `select count(*) filter (where workspace_id = $1)::int as own,
             count(*) filter (where workspace_id <> $1)::int as foreign from ${name}`,
          [id],
        );
        assert.equal(rows[0]?.foreign, 0, name);
        if ((rows[0]?.own ?? 0) > 0) holding.add(`${name} ${id}`);
      }
      await client.query(`select set_config('app.workspace_id', '', false)`);
      const none = await client.query(`select from ${name}`);
      assert.equal(none.rowCount, 0, name);
    }
    await client.end();
    for (const { id } of workspaces)
      for (const name of ['credentials', 'records', 'companies', 'writes', 'signals'])
        assert.ok(holding.has(`${name} ${id}`), `${name} holds rows of both`);
  });
});

describe('of two orgs of the same CRM', () => {
  const salesforceOf = async (name: string): Promise<{ id: string; workspace: string }> => {
    const [found] = await sql<{ id: string; workspace: string }>(
      `select c.id, w.name as workspace from connections c join workspaces w on w.id = c.workspace_id
       where c.kind = 'salesforce' and c.name = $1`,
      [name],
    );
    return found ?? assert.fail(`no connection ${name}`);
  };
  const openBreakers = async (): Promise<string[]> =>
    (
      await sql<{ provider: string }>(
        `select provider from breakers where state = 'open' and provider like 'salesforce:%' order by provider`,
      )
    ).map(({ provider }) => provider);

  test('one that is down stops neither the other of its workspace nor those of others', async () => {
    const second = await startSalesforceTwin({
      world: system.sandbox.world,
      journalFile: null,
      clientId: 'apac-client',
      clientSecret: 'APAC-org-secret-77d1',
      organization: 'apac',
    });
    try {
      const credentials = {
        loginUrl: second.url,
        clientId: 'apac-client',
        clientSecret: 'APAC-org-secret-77d1',
      };
      const admin = {
        SALESFORCE_ADMIN_CLIENT_ID: second.adminClientId,
        SALESFORCE_ADMIN_CLIENT_SECRET: second.adminClientSecret,
      };
      await ok(['connect', 'salesforce', '--name', 'apac', '--install', '--credentials', 'stdin'], admin, credentials); // prettier-ignore
      await setFaults(second.url, { down: true });
      const down = `salesforce:${(await salesforceOf('apac')).id}`;
      await until('its breaker is open', async () => {
        assert.equal((await run(['sync'])).code, 1);
        return (await openBreakers()).includes(down);
      });
      assert.deepEqual(await openBreakers(), [down]);

      const called = { home: system.sandbox.twins.salesforce.kit.calls, acme: acme.salesforce.kit.calls };
      for (const calls of Object.values(called)) calls.clear();
      const home = await run(['sync', '--json']);
      assert.match(home.err, /salesforce apac was not synced: .*not answering/);
      const rows = z.array(z.looseObject({ connection: z.string(), synced: z.boolean() })).parse(JSON.parse(home.out)); // prettier-ignore
      assert.equal(rows.find(({ connection }) => connection === 'salesforce')?.synced, true);
      await ok(['sync', '--workspace', 'acme']);
      for (const [name, calls] of Object.entries(called)) assert.ok(calls.list().length > 0, name);
      assert.deepEqual(await openBreakers(), [down]);

      await ok(['connect', '--remove', 'apac']);
      assert.deepEqual(await openBreakers(), [], 'of a connection that is gone nobody is told');
    } finally {
      // Left there, it would keep each sync that follows from success.
      await run(['connect', '--remove', 'apac']);
      await second.close();
    }
  });
});

describe('removing a connection', () => {
  test('keeps what was written to be read, and touches nothing in the CRM', async () => {
    const written = await countWrites('emea', 'applied');
    assert.ok(written > 0);
    emea.kit.calls.clear();
    const ended = await ok(['connect', '--remove', 'emea']);
    assert.match(ended.out, /Removed hubspot emea: its credentials and [1-9]\d* mirrored rows are gone/);
    assert.equal(emea.kit.calls.list().length, 0);
    assert.equal(await countWrites('emea', 'applied'), written);
    assert.deepEqual(
      await sql(`select from records r join connections c on c.id = r.connection_id where c.name = 'emea'`),
      [],
    );
    assert.match((await ok(['connect', '--list'])).out, /hubspot +emea +HubSpot account 111 +removed +none/);
    await ok(['run']);
    assert.equal(emea.kit.calls.list().length, 0);
    const listed = await ok(['writes', '--field', 'band', '--limit', '1000']);
    assert.match(listed.out, / emea company \d+ .*band/, 'with the connection that it went through');
    assert.match(listed.out, / {2}company \d+ .*band/);
    assert.match((await run(['connect', '--remove', 'nobody'])).err, /There is no connection "nobody"/);
    assert.match(
      (await run(['connect', 'hubspot', '--remove', 'default'])).err,
      /takes its credentials from the environment/,
    );
  });

  test('can be taken back: it reads everything again and goes on with its own ledger', async () => {
    await ok(
      ['connect', 'hubspot', '--name', 'emea', '--credentials', 'stdin'],
      {},
      {
        baseUrl: emea.url,
        accessToken: NEXT_TOKEN,
      },
    );
    const conflicted = await countWrites('emea', 'conflicted');
    await ok(['run']);
    assert.equal(await countWrites('emea', 'conflicted'), conflicted);
  });
});

test('no secret stands in anything that was printed or logged, nor anywhere in the database', async () => {
  const tables = await sql<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_schema in ('public', 'pgboss') and table_type = 'BASE TABLE'`,
  );
  let stored = '';
  for (const { name } of tables) {
    const rows = await sql<{ line: string }>(`select t::text as line from ${name} t`);
    stored += rows.map((row) => row.line).join('\n');
  }
  const places = { printed, stored: stored.toLowerCase() };
  assert.ok(printed.length > 5_000 && stored.length > 100_000);
  for (const secret of SECRETS) {
    const shapes = [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '')];
    for (const shape of shapes) {
      assert.ok(!places.printed.includes(shape), `printed: ${shape}`);
      assert.ok(!places.stored.includes(shape.toLowerCase()), `stored: ${shape}`);
    }
    // bytea shows as hexadecimal.
    assert.ok(!places.stored.includes(Buffer.from(secret).toString('hex')), `stored as bytes: ${secret}`);
  }
});
