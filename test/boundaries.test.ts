import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CEILING, checkFile } from './boundaries/rules.ts';
import { scan } from './boundaries/scan.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILES = globSync(['{src,sandbox,test,bench}/**/*.ts'], { cwd: ROOT }).map((path) =>
  path.replaceAll('\\', '/'),
);
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the house', () => {
  test('is whole: the check has files of every floor before it', () => {
    for (const floor of ['src/main.ts', 'src/app.ts', 'src/db.ts', 'sandbox/sandbox.ts'])
      assert.ok(FILES.includes(floor), `${floor} is there`);
    assert.ok(FILES.length > 100, `${FILES.length} files`);
  });

  test('keeps its rules: imports point one way, siblings are strangers, only the store speaks SQL', () => {
    const violations = FILES.flatMap((path) => checkFile(path, read(path)));
    const lines = violations.map(({ path, line, message }) => `${path}:${line} ${message}`);
    assert.deepEqual(lines, []);
  });

  test('is read rightly: every relative import that the check sees leads to a file', () => {
    const lost = FILES.flatMap((path) =>
      scan(read(path))
        .imports.filter(({ specifier }) => specifier.startsWith('.'))
        .filter(({ specifier }) => !existsSync(join(ROOT, dirname(path), specifier)))
        .map(({ specifier, line }) => `${path}:${line} ${specifier}`),
    );
    assert.deepEqual(lost, []);
  });
});

describe('the check of the house', () => {
  const broken: [what: string, path: string, source: string, message: RegExp][] = [
    [
      'main reaching past the command line',
      'src/main.ts',
      `import '../src/app.ts'`,
      /main must not import app/,
    ],
    [
      'the app importing a command',
      'src/app.ts',
      `import { a } from './cli/run.ts'`,
      /app must not import cli/,
    ],
    ['a page importing the app', 'src/web/server.ts', `import '../app.ts'`, /web must not import app/],
    ['web importing Slack', 'src/web/pages/a.ts', `import '../../slack/bot.ts'`, /web must not import slack/],
    [
      'Slack importing web',
      'src/slack/bot.ts',
      `export * from '../web/server.ts'`,
      /slack must not import web/,
    ],
    [
      'the pipeline importing web',
      'src/pipeline/runs.ts',
      `import '../web/server.ts'`,
      /must not import web/,
    ],
    [
      'a stage importing another one',
      'src/pipeline/4-score/score.ts',
      `import type { Reading } from '../3-extract/read-sources.ts'`,
      /stages are strangers/,
    ],
    [
      'a stage queueing work',
      'src/pipeline/2-research/research.ts',
      `import '../queue/queue.ts'`,
      /must not import queue/,
    ],
    [
      'the store importing a stage',
      'src/pipeline/store/scores.ts',
      `import '../4-score/weigh.ts'`,
      /must not import stage/,
    ],
    [
      'the store importing the pipeline',
      'src/pipeline/store/runs.ts',
      `import '../runs.ts'`,
      /must not import pipeline/,
    ],
    [
      'the queue importing the store',
      'src/pipeline/queue/queue.ts',
      `import '../store/runs.ts'`,
      /must not import store/,
    ],
    [
      'a connector importing another one',
      'src/connectors/hubspot/api.ts',
      `import '../salesforce/client.ts'`,
      /connectors are strangers/,
    ],
    [
      'a connector reading the pipeline',
      'src/connectors/tavily/search.ts',
      `import '../../pipeline/stage.ts'`,
      /must not import pipeline/,
    ],
    [
      'a connector reading the configuration',
      'src/connectors/tavily/search.ts',
      `import '../../config.ts'`,
      /must not import ground/,
    ],
    [
      'a port naming a connector',
      'src/connectors/crm.ts',
      `import './hubspot/api.ts'`,
      /pick a concrete connector/,
    ],
    [
      'a command picking a connector',
      'src/cli/doctor.ts',
      `const { createLlm } = await import('../connectors/llm/llm.ts')`,
      /pick a concrete connector/,
    ],
    [
      'a stage picking a connector',
      'src/pipeline/2-research/a.ts',
      `import '../../connectors/tavily/search.ts'`,
      /pick a concrete connector/,
    ],
    [
      'the ground importing upwards',
      'src/db.ts',
      `import './pipeline/store/runs.ts'`,
      /ground must not import store/,
    ],
    ['the product importing a twin', 'src/app.ts', `import '../sandbox/sandbox.ts'`, /start the twins/],
    [
      'a twin importing the product',
      'sandbox/llm/twin.ts',
      `import '../../src/errors.ts'`,
      /sandbox\/ never imports/,
    ],
    ['a file outside the rooms', 'src/core/a.ts', `export const a = 1`, /no room of the house/],
    ['pg outside the store', 'src/web/health.ts', `import pg from 'pg'`, /talk to PostgreSQL/],
    [
      'COPY outside the store',
      'src/pipeline/runs.ts',
      `import { from } from 'pg-copy-streams'`,
      /talk to PostgreSQL/,
    ],
    [
      'pg-boss in the store',
      'src/pipeline/store/runs.ts',
      `import { PgBoss } from 'pg-boss'`,
      /knows pg-boss/,
    ],
    ['pg-boss as a type', 'src/pipeline/worker.ts', `type B = import('pg-boss').PgBoss`, /knows pg-boss/],
    ['jsforce in a stage', 'src/pipeline/1-sync/a.ts', `import jsforce from 'jsforce'`, /knows jsforce/],
    ['openai in a page', 'src/web/a.ts', `import OpenAI from 'openai'`, /library openai/],
    ['SQL in a stage', 'src/pipeline/4-score/score.ts', 'tx.query(`select id from scores`)', /speak SQL/],
    ['SQL in a page', 'src/web/a.ts', `db.directory('  insert into runs (id) values ($1)')`, /speak SQL/],
    [
      'SQL over several lines',
      'src/cli/run.ts',
      'const a = 1;\nconst sql = `\n  update runs\n  set state = ${state}`;',
      /speak SQL/,
    ],
    ['the environment in the app', 'src/app.ts', `const home = process.env.HOME;`, /only src\/main.ts reads/],
    ['the environment by index', 'src/app.ts', `const home = process['env'];`, /only src\/main.ts reads/],
    ['the environment with ?.', 'src/app.ts', `const home = process?.env;`, /only src\/main.ts reads/],
    ['the environment by destructuring', 'src/app.ts', `const { env } = process;`, /only src\/main.ts reads/],
    [
      'the environment by import',
      'src/app.ts',
      `import { env } from 'node:process';`,
      /only src\/main.ts reads/,
    ],
    [
      'the environment in a template',
      'src/app.ts',
      'const a = `${process.env.HOME}`;',
      /only src\/main.ts reads/,
    ],
    ['the environment of globalThis', 'src/app.ts', `globalThis.process.env.HOME`, /only src\/main.ts reads/],
    [
      'the environment in a twin',
      'sandbox/llm/twin.ts',
      `const a = process.env.HOME;`,
      /only src\/main.ts reads/,
    ],
    ['a computed import', 'src/cli/a.ts', 'await import(`./${name}.ts`)', /computed name/],
    ['a file that is too long', 'src/web/a.ts', 'a;\n'.repeat(CEILING + 1), /251 lines/],
    ['a folder called utils', 'src/web/utils/a.ts', '', /says nothing/],
    ['a file called helpers', 'test/web/helpers.ts', '', /says nothing/],
    ['a file of helpers', 'sandbox/kit/string-helpers.ts', '', /says nothing/],
    ['a file called common', 'src/pipeline/common.ts', '', /says nothing/],
  ];
  for (const [what, path, source, message] of broken)
    test(`refuses ${what}`, () => {
      const found = checkFile(path, source).map((violation) => violation.message);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', message);
    });

  const allowed: [what: string, path: string, source: string][] = [
    ['demo starting the twins', 'src/cli/demo.ts', `import { openSandbox } from '../../sandbox/sandbox.ts'`],
    ['the app picking a connector', 'src/app-connectors.ts', `import './connectors/llm/llm.ts'`],
    [
      'a connector using errors and ports',
      'src/connectors/llm/llm.ts',
      `import '../../errors.ts'; import '../call.ts'`,
    ],
    ['a stage using the store', 'src/pipeline/4-score/score.ts', `import { a } from '../store/scores.ts'`],
    ['main reading the environment', 'src/main.ts', `run(process.env)`],
    ['an exit code', 'src/cli/run.ts', `process.exitCode = 1; const key = { process: 1 };`],
    ['SOQL in the Salesforce connector', 'src/connectors/salesforce/query.ts', 'q(`SELECT Id FROM Account`)'],
    ['prose that begins like SQL', 'src/cli/run.ts', `option('--limit', 'select the first N companies')`],
    ['names in comments', 'src/web/a.ts', `// import '../app.ts'\n/* import pg from 'pg'; process.env */`],
    ['names in strings', 'src/web/a.ts', `const help = "import '../app.ts'"; const b = 'process.env';`],
    ['names in patterns', 'src/web/a.ts', 'const p = /`import \\/[\'"/]process.env/; const a = b / c;'],
    [
      'names in templates',
      'src/web/a.ts',
      "const t = `import '../app.ts' ${a ? `from 'pg'` : { b: `}` }.b}`;",
    ],
    ['a file of exactly the ceiling', 'src/web/a.ts', 'a;\n'.repeat(CEILING)],
  ];
  for (const [what, path, source] of allowed)
    test(`allows ${what}`, () => assert.deepEqual(checkFile(path, source), []));

  test('reads every form of import, with its line', () => {
    const source = [
      `import './a.ts';`,
      `import b, { type c as d } from './b.ts';`,
      `import type * as e from "./c.ts"`,
      `export { from } from './d.ts';`,
      `export type { X } from './e.ts';`,
      `const f = await import(/* why */ './f.ts');`,
      `const g: import('./g.ts').G = import.meta.url;`,
      `new Worker(new URL('./h.ts', import.meta.url));`,
      `export { f }; const from = 'not-a-module';`,
      `export const from2 = { import: 'neither', from: 'this' };`,
    ].join('\n');
    assert.deepEqual(
      scan(source).imports.map(({ specifier, line }) => `${line} ${specifier}`),
      ['1 ./a.ts', '2 ./b.ts', '3 ./c.ts', '4 ./d.ts', '5 ./e.ts', '6 ./f.ts', '7 ./g.ts', '8 ./h.ts'],
    );
  });

  test('refuses to pass over what it can not read', () => {
    for (const source of ['const a = (1;', "const a = 'open", 'const a = `open', 'a }', '/* open', '`${a'])
      assert.throws(() => scan(source), /line 1: /, source);
  });
});
