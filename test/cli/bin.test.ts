import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/fieldnote.js', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

type Ended = { code: number | null; signal: string | null; stdout: string; stderr: string };

/** Runs a program to its end, with nothing of our own environment but the PATH. */
async function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string>; onOutput?: (child: { pid?: number }) => void },
): Promise<Ended> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'] ?? '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    options.onOutput?.(child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

describe('the command fieldnote', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fieldnote-bin-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** A copy of the bin beside a program that tells on what it was started; `pinned` puts a Node 24 where npm would. */
  async function install(name: string, options: { pinned: boolean; main: string }): Promise<string> {
    const root = join(folder, name);
    await mkdir(join(root, 'src'), { recursive: true });
    await cp(BIN, join(root, 'bin', 'fieldnote.js'));
    await writeFile(join(root, 'package.json'), '{ "type": "module" }');
    await writeFile(join(root, 'src', 'main.ts'), options.main);
    if (options.pinned) {
      await mkdir(join(root, 'node_modules', 'node', 'bin'), { recursive: true });
      await symlink(process.execPath, join(root, 'node_modules', 'node', 'bin', 'node'));
    }
    return join(root, 'bin', 'fieldnote.js');
  }
  // Stands before the bin and makes it believe in an old Node, where this machine has none.
  const old = async (): Promise<string> => {
    const file = join(folder, 'old.mjs');
    await writeFile(
      file,
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } });
       Object.defineProperty(process, 'version', { value: 'v20.19.0' });`,
    );
    return file;
  };
  const TELL = `const said: string[] = process.argv.slice(2);
    console.log(JSON.stringify({ node: Number(process.versions.node.split('.')[0]), said }));
    process.exitCode = Number(said[0] ?? 0);`;

  test('runs the TypeScript as it is and passes arguments and exit code on', async () => {
    const bin = await install('modern', { pinned: false, main: TELL });
    const ended = await run(process.execPath, [bin, '3', 'two words', '--x'], { cwd: folder });
    assert.equal(ended.code, 3, ended.stderr);
    const told: unknown = JSON.parse(ended.stdout);
    assert.deepEqual(told, {
      node: Number(process.versions.node.split('.')[0]),
      said: ['3', 'two words', '--x'],
    });
    assert.equal(ended.stderr, '', 'no warning about type stripping');
  });

  test('under an old Node hands over to the pinned one', async () => {
    const bin = await install('pinned', { pinned: true, main: TELL });
    const ended = await run(process.execPath, ['--import', await old(), bin, '0'], { cwd: folder });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /"node":(2[4-9]|[3-9]\d)/);
  });

  test('under an old Node without the pinned one says what to do', async () => {
    const bin = await install('bare', { pinned: false, main: TELL });
    const ended = await run(process.execPath, ['--import', await old(), bin], { cwd: folder });
    assert.equal(ended.code, 1);
    assert.equal(ended.stdout, '');
    assert.match(ended.stderr, /^fieldnote needs Node 24; this is v20\.19\.0, .*npm ci/);
  });

  test('runs under the Node that is first on the PATH, whatever its age', async () => {
    const path = (process.env['PATH'] ?? '').split(':').filter((part) => !part.includes('node_modules'));
    const ended = await run('node', [BIN, '--help'], { cwd: folder, env: { PATH: path.join(':') } });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /Usage: fieldnote/);
  });

  test('tells its version, and keeps what Node made of the sources for the next start', async () => {
    const bin = await install('version', {
      pinned: false,
      main: `console.log(process.env.NODE_COMPILE_CACHE);`,
    });
    const kept = await run(process.execPath, [bin], { cwd: folder });
    assert.equal(kept.stdout.trim(), join(folder, 'version', '.fieldnote', 'compile-cache'));
    const ended = await run(process.execPath, [BIN, '--version'], { cwd: folder });
    assert.equal(ended.code, 0, ended.stderr);
    const named = await readFile(join(dirname(BIN), '..', 'package.json'), 'utf8');
    assert.ok(named.includes(`"version": "${ended.stdout.trim()}"`), ended.stdout);
  });

  test('has every process that the Procfile starts, straight under Node so that signals reach it', async () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const lines = (await readFile(join(root, 'Procfile'), 'utf8')).trim().split('\n');
    assert.deepEqual(
      lines.map((line) => line.split(':')[0]),
      ['release', 'web', 'worker'],
    );
    for (const line of lines) {
      const command = line.slice(line.indexOf(':') + 1).trim();
      assert.match(command, /^(HOST=0\.0\.0\.0 )?node .*src\/main\.ts \w+$/);
      const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
      const ended = await run('sh', ['-c', `${command} --help`], { cwd: root, env: { PATH: path } });
      assert.equal(ended.code, 0, ended.stderr);
      assert.match(ended.stdout, /Usage: fieldnote \w+/);
    }
  });

  test('passes SIGTERM on and waits for a clean stop', async () => {
    const bin = await install('stopped', {
      pinned: false,
      main: `process.on('SIGTERM', () => { console.log('stopped cleanly'); clearInterval(alive); process.exitCode = 7; });
        const alive = setInterval(() => undefined, 1000);
        console.log('ready');`,
    });
    let told = false;
    const ended = await run(process.execPath, [bin], {
      cwd: folder,
      onOutput: ({ pid }) => {
        if (!told && pid !== undefined) process.kill(pid, 'SIGTERM');
        told = true;
      },
    });
    assert.equal(ended.code, 7, ended.stderr);
    assert.match(ended.stdout, /ready\nstopped cleanly/);
  });

  test('ends in failure when the program is killed', async () => {
    const bin = await install('killed', { pinned: false, main: `process.kill(process.pid, 'SIGKILL');` });
    assert.notEqual((await run(process.execPath, [bin], { cwd: folder })).code, 0);
  });

  test('reads .env where it is started, and lets the environment itself win', async () => {
    const home = join(folder, 'with-env');
    await mkdir(home);
    await writeFile(join(home, '.env'), 'PORT=from-file\nRUN_CONCURRENCY=some\n');
    const ended = await run(process.execPath, [MAIN, 'migrate'], { cwd: home, env: { PORT: '3000' } });
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /RUN_CONCURRENCY: expected a number of companies/);
    assert.doesNotMatch(ended.stderr, /PORT/);
  });
});
