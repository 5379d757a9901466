import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, beforeEach, test } from 'node:test';
import { runCli } from '../../src/cli/program.ts';
import { createTerminal } from '../../src/cli/terminal.ts';
import { until } from '../e2e/faults/observe.ts';
import { makeFolder } from './run-command.ts';
import { runHere } from './run-here.ts';

const PUBLIC_URL = 'http://127.0.0.1:48123';

let home: { path: string; remove(): Promise<void> };
beforeEach(async () => {
  home = await makeFolder();
});
afterEach(() => home.remove());

const beside = (...args: string[]) => runHere(args, { FIELDNOTE_HOME: home.path });
const readLinks = async (): Promise<string> => (await beside('writes', '--field', 'pitchLink', '--json')).out;

/** A demo of three companies that is up while `act` is told what it printed. */
async function whileDemo(
  environment: Record<string, string>,
  act: (printed: string) => Promise<void>,
): Promise<void> {
  let printed = '';
  const stop = new AbortController();
  const stream = { write: (text: string) => (printed += text) };
  const demo = runCli(['node', 'fieldnote', 'demo', '--limit', '3'], {
    environment: { FIELDNOTE_HOME: home.path, ...environment },
    terminal: createTerminal(stream, stream),
    signal: stop.signal,
    keyboard: {
      isTyped: false,
      ask: () => Promise.reject(new Error('nobody sits here')),
      readAll: async () => '',
    },
  });
  try {
    await until('the demo is up', () => printed.includes('Ctrl-C stops everything'));
    await act(printed);
  } finally {
    stop.abort();
    await demo;
  }
}

test('a command beside the demo leaves its links in the CRMs as the demo wrote them', () =>
  whileDemo({ PORT: '0', PUBLIC_URL }, async () => {
    const ran = await beside('run');
    assert.equal(ran.code, 0, ran.err);
    const links = await readLinks();
    assert.match(links, new RegExp(`${PUBLIC_URL}/companies/`));
    assert.doesNotMatch(links, /127\.0\.0\.1:3000/);
  }));

test('where its port is taken, the links that the demo writes lead to the one that it took instead', async () => {
  const other = createServer((_, response) => response.end('somebody else'));
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  assert.ok(address !== null && typeof address === 'object');
  try {
    await whileDemo({ PORT: String(address.port) }, async (printed) => {
      const page = /http:\/\/127\.0\.0\.1:\d+(?=\/ +the page)/.exec(printed)?.[0];
      assert.ok(page !== undefined && !page.endsWith(`:${address.port}`), printed);
      const links = await readLinks();
      assert.match(links, new RegExp(`${page}/companies/`));
      assert.doesNotMatch(links, new RegExp(`:${address.port}/`));
    });
  } finally {
    other.close();
  }
});
