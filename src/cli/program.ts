import { Command, CommanderError } from 'commander';
import { ProviderError, UserError, describeError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { addConnect } from './connect.ts';
import type { Context } from './context.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor.ts';
import { registerEval } from './eval.ts';
import { addExport } from './export.ts';
import { noKeyboard } from './keyboard.ts';
import type { Keyboard } from './keyboard.ts';
import { addMigrate } from './migrate.ts';
import { nameWorkspace } from './name-workspace.ts';
import { addPitch } from './pitch.ts';
import { addPitchEdit } from './pitch-edit.ts';
import { addPitchSettings } from './pitch-settings.ts';
import { addRun } from './run.ts';
import { addRuns } from './runs.ts';
import { addSandbox } from './sandbox.ts';
import { addScore } from './score.ts';
import { addSeller } from './seller.ts';
import { addServe } from './serve.ts';
import { addSync } from './sync.ts';
import { addTemplates } from './templates.ts';
import { addToken } from './token.ts';
import { addUndo } from './undo.ts';
import { addWrites } from './writes.ts';

// The shell's own convention for a process that a signal ended: 128 + SIGINT.
const INTERRUPTED = 130;
// These go on until they are told to stop: stopping cleanly is their success.
const LASTING = new Set(['start', 'web', 'worker', 'sandbox', 'demo']);

/** Parses the command line and runs one command. Resolves to the exit code: 0 only on success. */
export async function runCli(
  argv: readonly string[],
  given: Omit<Context, 'keyboard'> & { keyboard?: Keyboard },
): Promise<number> {
  const context: Context = { keyboard: noKeyboard, ...given };
  const program = new Command('fieldnote')
    .description(
      'Researches, scores and pitches the companies in your CRM, inside the CRM, with a source for every claim.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.terminal.write(text),
      writeErr: (text) => context.terminal.note(text.trimEnd()),
    })
    .configureHelp({ sortSubcommands: false })
    .showHelpAfterError('(add --help for the options)');
  for (const add of [
    addDemo,
    addServe,
    addMigrate,
    addDoctor,
    addSandbox,
    addConnect,
    addSync,
    addRun,
    addRuns,
    addUndo,
    addScore,
    addPitch,
    addPitchEdit,
    addTemplates,
    addPitchSettings,
    addSeller,
    addExport,
    addWrites,
    addToken,
    registerEval,
  ])
    add(program, context);
  let lasting = false;
  program.hook('preAction', (_program, command) => {
    const { once, workspace } = command.opts<{ once?: boolean; workspace?: string }>();
    lasting = LASTING.has(command.name()) && once !== true;
    if (workspace !== undefined) context.terminal = nameWorkspace(given.terminal, program, workspace);
  });
  try {
    await program.parseAsync(argv.slice(2), { from: 'user' });
    return context.signal.aborted && !lasting ? INTERRUPTED : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (context.signal.aborted) return INTERRUPTED;
    explain(error, context);
    return 1;
  }
}

function explain(error: unknown, { terminal, environment }: Context): void {
  terminal.note(`error: ${describeError(error)}`);
  if ((error instanceof UserError || error instanceof ProviderError) && error.fix)
    terminal.note(`  fix: ${error.fix}`);
  if (!(error instanceof UserError || error instanceof ProviderError) && environment.LOG_LEVEL === 'debug')
    terminal.note(error instanceof Error ? (error.stack ?? '') : '');
}
