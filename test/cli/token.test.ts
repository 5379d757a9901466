import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { z } from 'zod';
import { createSeal } from '../../src/seal.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';
import { seedCompany, seedRest } from '../web/seed.ts';
import { openWeb } from '../web/web-fixture.ts';
import type { TestWeb } from '../web/web-fixture.ts';

const run = promisify(execFile);
let web: TestWeb;
before(async () => {
  const seal = createSeal(randomBytes(32).toString('base64'));
  web = await openWeb({ publicUrl: 'https://notes.example', vault: { requireSeal: () => seal } });
  await web.database.db.inWorkspace(web.workspaceId, async (tx) => {
    for (const domain of ['acme.example', 'globex.example']) {
      const company = await seedCompany(tx, web.workspaceId, { domain, name: domain, score: 80 });
      await seedRest(tx, web.workspaceId, company, 'Nadia Søholm', `https://${domain}/about`);
    }
  });
});
after(() => web.close());

const token = (...args: string[]) => runHere(['token', ...args], { DATABASE_URL: web.database.url });
const ask = async (bearer: string): Promise<number> => {
  const headers = { authorization: `Bearer ${bearer}` };
  return (await fetch(`${web.base}/api/v1/companies`, { headers })).status;
};

test('a token is made, shown once, listed without its secret, and revoked at once', async () => {
  const made = await token('create', '--name', 'warehouse', '--scope', 'read', '--days', '7');
  assert.equal(made.code, 0, made.err);
  const bearer = made.out.trim();
  assert.match(bearer, /^fieldnote_[\w-]{75}$/);
  assert.match(made.err, /may read until .* not shown again/);
  assert.equal(await ask(bearer), 200);
  const listed = await token('list', '--json');
  assert.ok(!listed.out.includes(bearer.slice(-43)));
  const [known] = z
    .array(
      z.object({ id: z.string(), name: z.string(), state: z.string(), lastUsedAt: z.string().nullable() }),
    )
    .parse(JSON.parse(listed.out));
  assert.equal(known?.name, 'warehouse');
  assert.equal(known.state, 'good');
  assert.ok(known.lastUsedAt);
  assert.equal((await token('revoke', known.id)).code, 0);
  assert.equal(await ask(bearer), 401);
  assert.match((await token('list')).out, /warehouse +read +revoked/);
});

test('what makes no sense is refused with what to do', async () => {
  for (const args of [
    ['create'],
    ['create', '--name', ' '],
    ['create', '--name', 'x', '--scope', 'everything'],
    ['create', '--name', 'x', '--days', '0'],
    ['create', '--name', 'x', '--days', '1000'],
  ])
    assert.equal((await token(...args)).code, 1, args.join(' '));
  const unknown = await token('revoke', 'nobody');
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /There is no token nobody[\s\S]*fieldnote token list/);
});

test('every example of the guide works as it stands', async () => {
  const made = await token('create', '--name', 'guide', '--scope', 'write');
  const guide = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const script = /## Examples\s+```sh\n([\s\S]*?)```/.exec(guide)?.[1] ?? '';
  assert.equal(script.match(/^curl /gm)?.length, 13);
  const folder = await makeFolder();
  try {
    // No worker makes pitches here, so nobody waits for one; and no run is there to be read or undone (test/web/api/ledger.test.ts).
    const real = script
      .split('\n\n')
      .filter((block) => !block.includes('/RUN/'))
      .join('\n\n')
      .replaceAll('Prefer: wait=20', 'Prefer: wait=1')
      .replace('http://127.0.0.1:3000', web.base)
      .replace('fieldnote_...', made.out.trim());
    const { stdout } = await run('bash', ['-euc', real], { cwd: folder.path, timeout: 60_000 });
    assert.match(stdout, /"companies":.*"result":.*"state":"done"/s);
    assert.match((await readFile(`${folder.path}/acme.pdf`)).toString('latin1'), /^%PDF-/);
    assert.match((await readFile(`${folder.path}/pitches.zip`)).toString('latin1'), /^PK/);
  } finally {
    await folder.remove();
  }
});
