import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { ensureWorkspace } from '../../src/pipeline/store/workspaces.ts';
import { LLM_TWIN_MODEL, LLM_TWIN_OTHER, startLlmTwin } from '../../sandbox/llm/twin.ts';
import type { Twin } from '../../sandbox/kit/twin.ts';
import { createTestDatabase } from '../harness/database.ts';
import type { TestDatabase } from '../harness/database.ts';
import { hasProgram, readText } from '../pipeline/6-pitch/pdf/read-pdf.ts';
import { seedCompany } from '../web/seed.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';
import type { Ran } from './run-here.ts';

let database: TestDatabase;
let folder: Awaited<ReturnType<typeof makeFolder>>;
let twin: Twin;
before(async () => {
  database = await createTestDatabase();
  folder = await makeFolder();
  // It writes facts in the words of their quotes; what it invents beside them is cut.
  twin = await startLlmTwin({ apiKey: 'key', modes: [{ mode: 'hallucinating' }] });
  const workspaceId = await ensureWorkspace(database.db);
  await database.db.inWorkspace(workspaceId, (tx) =>
    seedCompany(tx, workspaceId, { domain: 'acme.example', name: 'Acme', score: 91 }),
  );
});
after(async () => {
  await twin.close();
  await database.close();
  await folder.remove();
});
const run = (args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> =>
  runHere(args, {
    DATABASE_URL: database.url,
    FIELDNOTE_HOME: folder.path,
    LLM_BASE_URL: `${twin.url}/v1`,
    LLM_API_KEY: 'key',
    LLM_MODEL: LLM_TWIN_MODEL,
    LLM_MODELS: LLM_TWIN_OTHER,
    ...environment,
  });
const Made = z.looseObject({ textModel: z.string(), askedModel: z.string(), version: z.int(), madeWith: z.looseObject({ settings: z.looseObject({ model: z.string().nullable() }) }) }); // prettier-ignore
const Asked = z.looseObject({ byModel: z.record(z.string(), z.int()) });
const Settings = z.looseObject({ model: z.string().nullable(), temperature: z.number().nullable() });
const parse = <T>(shape: z.ZodType<T>, ran: Ran): T => {
  assert.equal(ran.code, 0, ran.err);
  return shape.parse(JSON.parse(ran.out));
};

test('pitch --model has that LLM write, and the pitch names it, on the screen and in its PDF', async () => {
  const file = join(folder.path, 'acme.pdf');
  const make = ['pitch', 'acme.example', '--template', 'executive', '--model', LLM_TWIN_OTHER];
  const made = parse(Made, await run([...make, '--json']));
  assert.deepEqual([made.textModel, made.askedModel, made.madeWith.settings.model], [LLM_TWIN_OTHER, LLM_TWIN_OTHER, LLM_TWIN_OTHER]); // prettier-ignore
  const dump = Asked.parse(await (await fetch(`${twin.url}/_twin/dump`)).json());
  assert.deepEqual(dump.byModel, { [LLM_TWIN_OTHER]: 1 }, 'what the endpoint received');
  const again = await run([...make, '--pdf', file]);
  assert.equal(again.code, 0, again.err);
  assert.deepEqual(Asked.parse(await (await fetch(`${twin.url}/_twin/dump`)).json()).byModel, dump.byModel);
  assert.match((await run(make)).err, /written by sandbox-writer/);
  if (await hasProgram('pdftotext'))
    assert.match((await readText(await readFile(file))).replaceAll(/\s+/g, ' '), /written by sandbox-writer/);
});

test('a model is chosen from now on and taken back; one that is not offered is refused with those that are', async () => {
  const wrong = await run(['pitch-settings', '--model', 'sandbox-writr']);
  assert.equal(wrong.code, 1);
  assert.match(
    wrong.err,
    /none of those that may be chosen[\s\S]*Did you mean "sandbox-writer"\? Take one of sandbox-reader, sandbox-writer/,
  );
  assert.equal((await run(['pitch', 'acme.example', '--model', 'other'])).code, 1);
  const chosen = parse(Settings, await run(['pitch-settings', '--model', LLM_TWIN_OTHER, '--temperature', '0.8', '--json'])); // prettier-ignore
  assert.deepEqual([chosen.model, chosen.temperature], [LLM_TWIN_OTHER, 0.8]);
  const later = await run(['pitch-settings'], { LLM_MODELS: '' });
  assert.equal(later.code, 0);
  assert.match(later.err, /sandbox-writer is not allowed any more: sandbox-reader writes in its place/);
  const back = parse(Settings, await run(['pitch-settings', '--no-model', '--no-temperature', '--json']));
  assert.deepEqual([back.model, back.temperature], [null, null]);
  assert.match((await run(['pitch-settings'])).out, /model: sandbox-reader/);
});

test('doctor names a model that is offered and not served', async () => {
  const ran = await run(['doctor'], { LLM_MODELS: `${LLM_TWIN_OTHER},gone` });
  assert.equal(ran.code, 1);
  assert.match(ran.out, /✘ LLM: \S+ does not serve gone; it serves sandbox-reader, sandbox-writer/);
  assert.match((await run(['doctor'])).out, /✔ LLM: \S+ serves sandbox-reader, sandbox-writer/);
});
