// The twins in a process of their own, so that neither their memory nor their processor time counts as the product's.
import { z } from 'zod';
import { FaultSettings } from '../../sandbox/kit/faults.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { readOwnUsage } from '../harness/messages.ts';
import { watchLoop } from '../harness/watch-loop.ts';

const Order = z.object({
  worldFolder: z.string(),
  /** Latency and hangs by twin; none: answers at once. */
  faults: z.partialRecord(z.enum(['tavily', 'web', 'llm']), FaultSettings.partial()).default({}),
});

const order = Order.parse(JSON.parse(process.argv[2] ?? '{}'));
const sandbox = await startSandbox({ worldFolder: order.worldFolder, stateFolder: null });
const play = (faults: z.infer<typeof Order>['faults']): void => {
  for (const name of ['tavily', 'web', 'llm'] as const)
    sandbox.twins[name].kit.faults.set(faults[name] ?? {});
};
play(order.faults);
const readLoop = watchLoop();

// A bench that is killed leaves nothing behind.
process.on('disconnect', () => process.exit());
process.on('message', (message) => {
  if (message === 'usage') process.send?.({ ...readOwnUsage(), loop: readLoop() });
  else if (message === 'calls')
    process.send?.(
      Object.fromEntries(
        Object.entries(sandbox.twins).map(([name, twin]) => [name, twin.kit.calls.summary()]),
      ),
    );
  else if (message === 'stop') void sandbox.stop().then(() => process.disconnect());
  else {
    play(Order.shape.faults.parse(message));
    process.send?.({});
  }
});
process.send?.({ ...sandbox.environment, ...sandbox.llmEnvironment });
