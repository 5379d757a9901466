import { runCli } from './cli/program.ts';
import { createTerminal } from './cli/terminal.ts';

const controller = new AbortController();
let interruptions = 0;
const interrupt = (): void => {
  interruptions += 1;
  // The first asks for a clean stop; a second one means it.
  if (interruptions > 1) process.exit(130);
  controller.abort(new Error('stopped by a signal'));
};
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
// `fieldnote export | head` closes our output early: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv, {
  environment: process.env,
  terminal: createTerminal(process.stdout, process.stderr),
  signal: controller.signal,
});
