import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createKeyboard } from '../../src/cli/keyboard.ts';
import { UserError } from '../../src/errors.ts';

/** A terminal: what is typed goes in, what is shown comes out. */
function openTerminal(): { input: PassThrough & { isTTY: boolean }; output: PassThrough; shown(): string } {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough();
  let text = '';
  output.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { input, output, shown: () => text };
}

test('a secret is read without being shown, the next answer is shown again', async () => {
  const { input, output, shown } = openTerminal();
  const keyboard = createKeyboard(input, output);
  const secret = keyboard.ask('Consumer secret: ', { secret: true });
  input.write('hunter2-hunter2\r');
  assert.equal(await secret, 'hunter2-hunter2');
  const plain = keyboard.ask('Consumer key: ', { secret: false });
  input.write('3MVG9\r');
  assert.equal(await plain, '3MVG9');
  assert.match(shown(), /^Consumer secret: \nConsumer key: [\s\S]*3MVG9/);
  assert.doesNotMatch(shown(), /hunter2/);
});

test('Ctrl-C at a question stores nothing and says so', async () => {
  const { input, output } = openTerminal();
  const asked = createKeyboard(input, output).ask('Access token: ', { secret: true });
  input.write('half-a-tok\u0003');
  await assert.rejects(
    asked,
    (error) => error instanceof UserError && /nothing was stored/.test(error.message),
  );
});

test('what is piped in is read whole, up to a bound', async () => {
  const { input, output } = openTerminal();
  input.end('{"accessToken": "pat"}');
  assert.equal(await createKeyboard(input, output).readAll(), '{"accessToken": "pat"}');
  const endless = openTerminal();
  endless.input.end('x'.repeat(300_000));
  await assert.rejects(createKeyboard(endless.input, output).readAll(), /longer than/);
});
