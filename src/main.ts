import { existsSync } from 'node:fs';
import { createKeyboard } from './cli/keyboard.ts';
import { runCli } from './cli/program.ts';
import { createTerminal } from './cli/terminal.ts';

const controller = new AbortController();
const stop = (): void => controller.abort(new Error('stopped by a signal'));
// Process managers may send it to every process of a group, and `bin/fieldnote.js` passes it on: a second one says nothing new.
process.on('SIGTERM', stop);
process.on('SIGINT', () => {
  // The first Ctrl-C asks for a clean stop; a second one means it.
  if (controller.signal.aborted) process.exit(130);
  stop();
});
// `fieldnote export | head` closes our output early: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// What the environment itself says wins over .env.
if (existsSync('.env')) process.loadEnvFile('.env');

process.exitCode = await runCli(process.argv, {
  environment: process.env,
  terminal: createTerminal(process.stdout, process.stderr),
  signal: controller.signal,
  keyboard: createKeyboard(process.stdin, process.stderr),
});
