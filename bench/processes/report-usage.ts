// Loaded before a process's own program: answers "usage" from the parent, so that the program itself needs no change.
import { readOwnUsage } from '../harness/messages.ts';
import { watchLoop } from '../harness/watch-loop.ts';

const readLoop = watchLoop();
process.on('message', (message) => {
  if (message === 'usage') process.send?.({ ...readOwnUsage(), loop: readLoop() });
});
// A bench that is killed leaves nothing behind.
process.on('disconnect', () => process.exit());
// The channel alone must not keep the program alive.
process.channel?.unref();
