import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runCli } from '../../src/cli/program.ts';
import { createTerminal } from '../../src/cli/terminal.ts';
import { until } from '../e2e/faults/observe.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';

const PUBLIC_URL = 'http://127.0.0.1:48123';

let home: { path: string; remove(): Promise<void> };
before(async () => {
  home = await makeFolder();
});
after(() => home.remove());

test('a command beside the demo leaves its links in the CRMs as the demo wrote them', async () => {
  let printed = '';
  const stop = new AbortController();
  const stream = { write: (text: string) => (printed += text) };
  const demo = runCli(['node', 'fieldnote', 'demo', '--limit', '3'], {
    environment: { FIELDNOTE_HOME: home.path, PORT: '0', PUBLIC_URL },
    terminal: createTerminal(stream, stream),
    signal: stop.signal,
    keyboard: {
      isTyped: false,
      ask: () => Promise.reject(new Error('nobody sits here')),
      readAll: async () => '',
    },
  });
  try {
    await until('the demo is up', async () => printed.includes('Ctrl-C stops everything'), 60_000);
    const beside = { FIELDNOTE_HOME: home.path };
    const ran = await runHere(['run'], beside);
    assert.equal(ran.code, 0, ran.err);
    const { out } = await runHere(['writes', '--field', 'pitchLink', '--json'], beside);
    assert.match(out, new RegExp(`${PUBLIC_URL}/companies/`));
    assert.doesNotMatch(out, /127\.0\.0\.1:3000/);
  } finally {
    stop.abort();
    await demo;
  }
});
