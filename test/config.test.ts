import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { isLoopback, readConfig, requirePublicUrl } from '../src/config.ts';
import { UserError } from '../src/errors.ts';
import { SETTINGS } from '../src/settings.ts';

const SALESFORCE = {
  SALESFORCE_LOGIN_URL: 'https://acme.my.salesforce.test',
  SALESFORCE_CLIENT_ID: 'id',
  SALESFORCE_CLIENT_SECRET: 'secret',
};

/** What a person is told about a wrong environment. */
function refusal(environment: Record<string, string>): { message: string; fix: string } {
  try {
    readConfig(environment);
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return { message: error.message, fix: error.fix ?? '' };
  }
  return assert.fail(`accepted: ${JSON.stringify(environment)}`);
}

describe('the configuration', () => {
  test('of an empty environment is local, with no provider and the built-in prices', () => {
    const config = readConfig({});
    assert.equal(config.home, '.fieldnote');
    assert.equal(config.databaseUrl, null);
    assert.deepEqual([config.host, config.port], ['127.0.0.1', 3000]);
    assert.equal(config.publicUrl, 'http://127.0.0.1:3000');
    for (const provider of ['salesforce', 'hubspot', 'tavily', 'llm', 'llmFallback'] as const)
      assert.equal(config[provider], null, provider);
    assert.equal(config.monthlyBudgetUsd, null);
  });

  test('takes each default that the settings name', () => {
    for (const { name, default: value } of SETTINGS)
      if (value !== undefined) assert.deepEqual(readConfig({ [name]: value }), readConfig({}), name);
  });

  test('counts an empty or blank value as unset', () => {
    for (const { name } of SETTINGS)
      for (const nothing of ['', '   '])
        assert.deepEqual(readConfig({ [name]: nothing }), readConfig({}), name);
  });

  test('knows the settings that are explained, and no others', async () => {
    const source = await readFile(fileURLToPath(new URL('../src/config.ts', import.meta.url)), 'utf8');
    const body = source.slice(source.indexOf('z.object({'), source.indexOf('export type Config'));
    const known = [...body.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map((match) => match[1]);
    const explained = SETTINGS.map(({ name }) => name);
    assert.deepEqual(
      known.filter((name) => !explained.includes(name ?? '')),
      [],
      'read, but not explained',
    );
    assert.deepEqual(
      // Slack's are named already, so that an environment made today stays right; nothing reads them yet.
      explained.filter((name) => !known.includes(name) && !name.startsWith('SLACK_')),
      [],
      'explained, but not read',
    );
    assert.equal(new Set(explained).size, explained.length, 'each setting is explained once');
  });

  test('refuses a public address that only this machine reaches, where others are served', () => {
    for (const PUBLIC_URL of [undefined, 'http://localhost:3000', 'http://[::1]:3000', 'http://0.0.0.0:3000'])
      assert.throws(
        () => requirePublicUrl(readConfig({ HOST: '0.0.0.0', PUBLIC_URL })),
        (error) =>
          error instanceof UserError &&
          /beyond this machine, but links in the CRM/.test(error.message) &&
          /PUBLIC_URL/.test(error.fix ?? ''),
        PUBLIC_URL,
      );
    requirePublicUrl(readConfig({ HOST: '0.0.0.0', PUBLIC_URL: 'https://notes.example' }));
    requirePublicUrl(readConfig({ HOST: '127.0.0.1' }));
  });

  test('follows PORT in the public address, and takes slashes off addresses', () => {
    assert.equal(readConfig({ PORT: '8080' }).publicUrl, 'http://127.0.0.1:8080');
    assert.equal(readConfig({ PUBLIC_URL: 'https://notes.example/' }).publicUrl, 'https://notes.example');
    const config = readConfig({ TAVILY_API_KEY: 'k', TAVILY_BASE_URL: 'http://127.0.0.1:4003//' });
    assert.deepEqual(config.tavily, { baseUrl: 'http://127.0.0.1:4003', apiKey: 'k' });
  });

  test('opens a provider only where its key is set, at the vendor unless told otherwise', () => {
    assert.deepEqual(readConfig({ HUBSPOT_ACCESS_TOKEN: 't' }).hubspot, {
      baseUrl: 'https://api.hubapi.com',
      accessToken: 't',
    });
    assert.equal(readConfig({ HUBSPOT_BASE_URL: 'http://127.0.0.1:4002' }).hubspot, null);
    assert.deepEqual(readConfig(SALESFORCE).salesforce, {
      loginUrl: 'https://acme.my.salesforce.test',
      clientId: 'id',
      clientSecret: 'secret',
    });
    assert.deepEqual(readConfig({ LLM_BASE_URL: 'http://127.0.0.1:8000/v1', LLM_MODEL: 'm' }).llm, {
      baseUrl: 'http://127.0.0.1:8000/v1',
      apiKey: null,
      model: 'm',
      others: [],
    });
  });

  test('offers the models that LLM_MODELS names, each once, some with prices of their own', () => {
    const { llm, prices } = readConfig({
      LLM_BASE_URL: 'http://127.0.0.1:8000/v1',
      LLM_MODEL: 'm',
      LLM_MODELS: 'm, Qwen/Qwen3-32B = 0.2/0.6,llama3.1:8b,, llama3.1:8b',
    });
    assert.deepEqual(llm?.others, ['Qwen/Qwen3-32B', 'llama3.1:8b']);
    assert.deepEqual([...prices.ofModels], [['Qwen/Qwen3-32B', { usdPerMInput: 0.2, usdPerMOutput: 0.6 }]]);
    for (const wrong of ['big=cheap', 'big=1', 'two words', '=1/2', `x${'y'.repeat(120)}`])
      assert.match(refusal({ LLM_MODELS: `m,${wrong}` }).fix, /NAME=INPUT\/OUTPUT/, wrong);
    const many = Array.from({ length: 21 }, (_, n) => `m${n}`).join(',');
    assert.match(refusal({ LLM_MODELS: many }).message, /names 21 models/);
  });

  test('names what is missing of Salesforce when it is half set', () => {
    for (const left of Object.keys(SALESFORCE)) {
      const { message, fix } = refusal({ ...SALESFORCE, [left]: '' });
      assert.equal(message, `Salesforce needs three settings; missing: ${left}`);
      assert.match(fix, /Set them all/);
    }
  });

  test('names the model that an endpoint lacks', () => {
    assert.match(refusal({ LLM_BASE_URL: 'http://127.0.0.1/v1' }).message, /LLM_MODEL is not/);
    assert.match(refusal({ LLM_FALLBACK_BASE_URL: 'http://127.0.0.1' }).fix, /Set LLM_FALLBACK_MODEL/);
  });

  test('says each mistake in one line, and never the value of a secret', () => {
    const { message, fix } = refusal({
      DATABASE_URL: 'mysql://root:hunter2@db/x',
      SECRET_KEY: 'hunter2',
      PORT: '70000',
      RUN_CONCURRENCY: 'many',
    });
    const lines = message.split('\n');
    assert.deepEqual(
      new Set(lines.map((line) => line.split(':')[0])),
      new Set(['DATABASE_URL', 'PORT', 'RUN_CONCURRENCY', 'SECRET_KEY']),
    );
    assert.equal(lines.length, 4);
    assert.doesNotMatch(message, /hunter2/);
    assert.match(fix, /doctor/);
  });

  const wrong: [string, string, RegExp][] = [
    ['PORT', 'abc', /expected a port number/],
    ['PORT', '-1', /PORT: /],
    ['PORT', '3000.5', /PORT: /],
    ['PUBLIC_URL', 'javascript:alert(1)', /begins with http/],
    ['PUBLIC_URL', 'notes.example', /begins with http/],
    ['TAVILY_BASE_URL', 'file:///etc/passwd', /begins with http/],
    ['DATABASE_BACKEND', 'mysql', /DATABASE_BACKEND: /],
    ['SECRET_KEY', Buffer.alloc(31).toString('base64'), /32 bytes in base64/],
    ['MONTHLY_BUDGET_USD', '-5', /MONTHLY_BUDGET_USD: /],
    ['SYNC_INTERVAL_MINUTES', '0', /SYNC_INTERVAL_MINUTES: /],
    ['RUN_CONCURRENCY', '1e9', /RUN_CONCURRENCY: /],
    ['LLM_TOKENS_PER_MINUTE', 'lots', /expected a number per minute/],
    ['LOG_LEVEL', 'loud', /LOG_LEVEL: /],
  ];
  for (const [name, value, message] of wrong)
    test(`refuses ${name}=${value.slice(0, 24)}`, () =>
      assert.match(refusal({ [name]: value }).message, message));

  test('takes any 32 bytes as the secret key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const key = Buffer.from(bytes).toString('base64');
        assert.equal(readConfig({ SECRET_KEY: key }).secretKey, key);
      }),
    );
  });

  test('answers any environment with a configuration or one readable refusal', () => {
    const names = SETTINGS.map(({ name }) => name);
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.string()), (environment) => {
        try {
          readConfig(environment);
        } catch (error) {
          assert.ok(error instanceof UserError);
          assert.ok(error.fix);
        }
      }),
    );
  });
});

test('only an address of this machine alone counts as loopback', () => {
  for (const host of ['localhost', '::1', '127.0.0.1', '127.9.9.9']) assert.ok(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', '1127.0.0.1', ''])
    assert.ok(!isLoopback(host), host);
});
