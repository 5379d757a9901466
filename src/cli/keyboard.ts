import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UserError } from '../errors.ts';

/** What a person types, or what is piped in. */
export type Keyboard = {
  /** True when a person sits at it. */
  isTyped: boolean;
  /** Asks for one line; of a secret nothing is shown. @throws UserError when the person breaks off */
  ask(question: string, options: { secret: boolean }): Promise<string>;
  /** Everything that is piped in. @throws UserError when it is more than any document of ours can be */
  readAll(): Promise<string>;
};

const LONGEST_INPUT = 256 * 1024;

/** Nothing is typed and nothing piped in. */
export const noKeyboard: Keyboard = {
  isTyped: false,
  ask: async () => '',
  readAll: async () => '',
};

export function createKeyboard(
  input: NodeJS.ReadableStream & { isTTY?: boolean },
  output: NodeJS.WritableStream,
): Keyboard {
  return {
    isTyped: input.isTTY === true,
    ask: async (question, { secret }) => {
      output.write(question);
      const shown = new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          if (!secret) output.write(chunk);
          done();
        },
      });
      const broken = new AbortController();
      const lines = createInterface({ input, output: shown, terminal: input.isTTY === true });
      lines.once('SIGINT', () => broken.abort());
      lines.once('close', () => broken.abort());
      try {
        return (await lines.question('', { signal: broken.signal })).trim();
      } catch (error) {
        throw new UserError('Broken off: nothing was stored', undefined, error);
      } finally {
        lines.close();
        if (secret) output.write('\n');
      }
    },
    readAll: async () => {
      let text = '';
      input.setEncoding('utf8');
      for await (const chunk of input) {
        text += String(chunk);
        if (text.length > LONGEST_INPUT)
          throw new UserError(`Standard input is longer than ${LONGEST_INPUT} characters`);
      }
      return text;
    },
  };
}
