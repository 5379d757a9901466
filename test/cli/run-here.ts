import { createTerminal } from '../../src/cli/terminal.ts';
import { runCli } from '../../src/cli/program.ts';

export type Ran = { code: number; out: string; err: string };

/** A command as `main.ts` runs it, in this process: what it prints, and its exit code. `input` is what is piped in. */
export async function runHere(
  args: readonly string[],
  env: Record<string, string>,
  options: { input?: string; signal?: AbortSignal } = {},
): Promise<Ran> {
  let [out, err] = ['', ''];
  const terminal = createTerminal({ write: (text) => (out += text) }, { write: (text) => (err += text) });
  const code = await runCli(['node', 'fieldnote', ...args], {
    environment: env,
    terminal,
    signal: options.signal ?? AbortSignal.timeout(90_000),
    keyboard: {
      isTyped: false,
      ask: () => Promise.reject(new Error('nobody sits here')),
      readAll: async () => options.input ?? '',
    },
  });
  return { code, out, err };
}
