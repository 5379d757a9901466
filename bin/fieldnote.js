#!/usr/bin/env node
// Runs on any Node: hands over to Node 24 (this process's own, or the one that the package `node` installed), which runs the
// TypeScript as it is.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const main = join(root, 'src', 'main.ts');
const pinned = join(root, 'node_modules', 'node', 'bin', 'node');
const modern = Number(process.versions.node.split('.')[0]) >= 24;
const node = modern ? process.execPath : pinned;

if (!modern && !existsSync(pinned)) {
  console.error(
    `fieldnote needs Node 24; this is ${process.version}, and the package "node" is not installed (npm ci).`,
  );
  process.exit(1);
}
const child = spawn(node, ['--disable-warning=ExperimentalWarning', main, ...process.argv.slice(2)], {
  // What Node made of the sources last time: without it a command takes nearly twice the processor time to start.
  env: { NODE_COMPILE_CACHE: join(root, '.fieldnote', 'compile-cache'), ...process.env },
  stdio: 'inherit',
});
// The terminal sends its signals to both; this one waits for the other to end.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
