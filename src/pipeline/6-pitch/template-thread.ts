import { parentPort } from 'node:worker_threads';
import { compileTemplate } from './render-template.ts';
import type { Rendered } from './render-template.ts';

// Custom templates, alone in a thread: it has no environment, no data but that of one pitch, a limit of memory and one of time
// (template-threads.ts).

if (parentPort === null) throw new Error('this runs in a thread of its own');
const port = parentPort;

// A run renders one template for thousands of companies.
let last: { source: string; render: (json: string) => Rendered } | null = null;

port.on('message', ({ source, json }: { source: string; json: string }) => {
  try {
    if (last?.source !== source) last = { source, render: compileTemplate(source) };
    port.postMessage({ rendered: last.render(json) });
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it failed';
    port.postMessage({ why: why.slice(0, 500) });
  }
});
port.postMessage('ready');
