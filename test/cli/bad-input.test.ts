import assert from 'node:assert/strict';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCli } from '../../src/cli/program.ts';
import { createTerminal } from '../../src/cli/terminal.ts';
import { SHIPPED_WORLD, startSystem } from '../harness/system.ts';
import type { System } from '../harness/system.ts';
import { changedBetween, dumpRecords } from '../e2e/twin-records.ts';
import { makeFolder } from './run-command.ts';

let system: System;
let folder: { path: string; remove(): Promise<void> };
before(async () => {
  folder = await makeFolder();
  system = await startSystem({ limit: 5 });
});
after(async () => {
  await system.close();
  await folder.remove();
});

/** A command as `main.ts` runs it, in this process: what it prints, and its exit code. */
async function run(
  args: readonly string[],
  env: Record<string, string> = system.environment,
): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const terminal = createTerminal({ write: (text) => (out += text) }, { write: (text) => (err += text) });
  const code = await runCli(['node', 'fieldnote', ...args], {
    environment: { FIELDNOTE_HOME: folder.path, ...env },
    terminal,
    signal: AbortSignal.timeout(60_000),
  });
  return { code, out, err };
}

/** It failed with one clear line (and what would fix it), and showed nobody a stack. */
function refused(ended: { code: number; out: string; err: string }, pattern: RegExp): void {
  assert.notEqual(ended.code, 0, ended.out);
  assert.match(ended.err, pattern);
  assert.equal(ended.err.split('\n').filter((line) => line.startsWith('error:')).length, 1, ended.err);
  assert.doesNotMatch(ended.err, /\n\s+at |\{"level"|ZodError/, ended.err);
}

const without = (...names: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(system.environment).filter(([name]) => !names.includes(name)));

describe('credentials', () => {
  test('missing: the settings that lack are named', async () => {
    refused(
      await run(['sync'], without('SALESFORCE_CLIENT_SECRET', 'SALESFORCE_CLIENT_ID')),
      /Salesforce needs three settings; missing: SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET/,
    );
    const none = { DATABASE_URL: system.database.url };
    refused(await run(['sync'], none), /No CRM is connected\n\s+fix: Set the SALESFORCE_/);
    refused(await run(['run'], none), /No CRM is connected/);
    refused(
      await run(['connect', 'hubspot'], none),
      /hubspot is not configured\n\s+fix: Set HUBSPOT_ACCESS_TOKEN/,
    );
  });

  test('empty: the same as missing', async () => {
    refused(
      await run(['sync'], { ...system.environment, SALESFORCE_CLIENT_SECRET: ' ' }),
      /missing: SALESFORCE_CLIENT_SECRET/,
    );
  });

  test('wrong: the provider is named and what to correct, and no secret is shown', async () => {
    const wrong = 'a-wrong-secret-of-somebody';
    const salesforce = await run(['connect', 'salesforce'], {
      ...system.environment,
      SALESFORCE_CLIENT_SECRET: wrong,
    });
    refused(salesforce, /salesforce[\s\S]*fix: .*SALESFORCE_CLIENT/i);
    const hubspot = await run(['connect', 'hubspot'], { ...system.environment, HUBSPOT_ACCESS_TOKEN: wrong });
    refused(hubspot, /hubspot[\s\S]*fix: .*(HUBSPOT_ACCESS_TOKEN|token)/i);
    for (const { err, out } of [salesforce, hubspot]) assert.ok(!(err + out).includes(wrong));
  });

  test('a wrong search key stops the run with the reason, and no CRM is written to', async () => {
    const urls = {
      salesforce: system.sandbox.twins.salesforce.url,
      hubspot: system.sandbox.twins.hubspot.url,
    };
    const untouched = await dumpRecords(urls);
    const ended = await run(['run', '--limit', '1'], { ...system.environment, TAVILY_API_KEY: 'tvly-wrong' });
    assert.equal(ended.code, 1);
    assert.match(ended.err, /The run is paused: research: tavily search: Unauthorized: .*TAVILY_API_KEY/);
    assert.match(ended.err, /fix: When that is done, go on with: fieldnote run --resume/);
    assert.deepEqual(changedBetween(untouched, await dumpRecords(urls)), []);
  });

  test('a wrong LLM key or model is found by doctor', async () => {
    const llm = system.sandbox.llmEnvironment;
    refused(
      await run(['doctor'], { ...system.environment, ...llm, LLM_API_KEY: 'wrong' }),
      /LLM failed its check/,
    );
    const other = await run(['doctor'], { ...system.environment, ...llm, LLM_MODEL: 'other-model' });
    refused(other, /LLM failed its check/);
    // Where answers in Slack go is sealed: doctor says under what.
    assert.match(other.out, /✔ Slack: .*without SECRET_KEY, SLACK_SIGNING_SECRET seals where answers go/);
    assert.match(other.out, /does not serve other-model; it serves sandbox-reader/);
    refused(
      await run(['run'], { ...system.environment, LLM_BASE_URL: 'http://127.0.0.1:1/v1' }),
      /LLM_MODEL/,
    );
  });
});

test('a database that does not answer, or is none, is said in one line', async () => {
  refused(
    await run(['sync'], { ...system.environment, DATABASE_URL: 'postgres://x:y@127.0.0.1:1/none' }),
    /database.*(refused|not answer|reach)[\s\S]*fix: .*DATABASE_URL/i,
  );
  refused(
    await run(['sync'], { ...system.environment, DATABASE_URL: 'mysql://x' }),
    /DATABASE_URL: expected postgres:\/\//,
  );
});

test('unknown commands, options, runs, models and domains are refused in words', async () => {
  assert.match((await run(['bogus'])).err, /unknown command 'bogus'/);
  refused(await run(['run', '--bogus']), /unknown option '--bogus'/);
  refused(await run(['run', '--limit', '0']), /whole number above zero/);
  refused(
    await run(['run', '--model', 'nope']),
    /There is no scoring model "nope"\n\s+fix: Choose one of: gpu-infra/,
  );
  refused(await run(['run', '--model', '../package']), /There is no scoring model/);
  refused(await run(['run', '--resume', 'abc']), /There is no run abc/);
  const nobody = '3f7c7a12-1111-4222-8333-123456789012';
  refused(await run(['run', '--resume', nobody]), /There is no run 3f7c/);
  refused(await run(['undo', nobody]), /There is no run 3f7c/);
  refused(await run(['score', 'not a domain']), /"not" is no web address|not a domain/);
  refused(await run(['score', 'someone@gmail.com']), /mailbox provider/);
  refused(await run(['pitch', 'unheard-of.example']), /There is no pitch for unheard-of\.example/);
  refused(await run(['export', '--format', 'xml']), /Allowed choices are csv, json/);
});

test('a file of domains with a bad line takes up nothing', async () => {
  const file = join(folder.path, 'domains.txt');
  await writeFile(file, 'lingopop.example\nnot a domain\n');
  refused(await run(['run', '--domains', file]), /domains\.txt line 2: not a domain/);
  refused(await run(['run', '--domains', join(folder.path, 'none.txt')]), /none\.txt cannot be read/);
  const { rows } = await openCount();
  assert.equal(rows, 0, 'no run was started');
});

/** How many runs were started over that domain. */
async function openCount(): Promise<{ rows: number }> {
  const app = await system.openApp({ worker: false });
  return app.db.inWorkspace(app.workspaceId, async (tx) => {
    const { rows } = await tx.query<{ rows: number }>(
      `select count(*) as rows from run_items i join companies c on c.id = i.company_id where c.domain = 'lingopop.example'`,
    );
    return { rows: rows[0]?.rows ?? -1 };
  });
}

describe('a world', () => {
  const start = (world: string): ReturnType<typeof run> =>
    run(['demo', '--once', '--world', world], { FIELDNOTE_HOME: join(folder.path, 'never-made') });

  test('with a bad line is refused with file and line, before anything is started', async () => {
    const world = join(folder.path, 'world');
    await cp(SHIPPED_WORLD, world, { recursive: true });
    await writeFile(join(world, 'news.jsonl'), '{"url": "https://a.example/", "title": 3}\n');
    refused(await start(world), /did not start: news\.jsonl line 1: title: [^:]*\n/);
    await writeFile(join(world, 'news.jsonl'), '{"url": \n');
    refused(await start(world), /news\.jsonl line 1/);
    await rm(join(world, 'news.jsonl'));
    await rm(join(world, 'companies.jsonl'));
    refused(await start(world), /companies\.jsonl/);
    refused(await start(join(folder.path, 'no-such-world')), /no-such-world/);
  });

  test('without a company is refused', async () => {
    const world = join(folder.path, 'empty');
    await mkdir(world);
    await writeFile(join(world, 'companies.jsonl'), '\n');
    refused(await start(world), /no compan/i);
  });
});

test('a faults specification that nobody understands is refused', async () => {
  refused(await run(['sandbox', '--faults', '429=lots']), /429=lots|faults/i);
});

test('every command has --help with its description and options', async () => {
  const { out } = await run(['--help']);
  const names = [...out.matchAll(/^ {2}([a-z]+)(?: \[options\])?(?: (?:<\w+>|\[\w+\]))? {2,}/gm)].map(
    ([, name]) => name ?? '',
  );
  for (const expected of [
    'demo',
    'start',
    'web',
    'worker',
    'migrate',
    'doctor',
    'sandbox',
    'connect',
    'sync',
    'run',
    'undo',
    'score',
    'pitch',
    'export',
    'eval',
  ])
    assert.ok(names.includes(expected), expected);
  for (const name of names.filter((one) => one !== 'help')) {
    const help = await run([name, '--help']);
    assert.equal(help.code, 0, name);
    assert.match(help.out, new RegExp(`^Usage: fieldnote ${name}`), name);
  }
});
