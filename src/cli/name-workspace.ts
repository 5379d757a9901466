import type { Command } from 'commander';
import { workspaceFlag } from '../pipeline/open-connection.ts';
import type { Terminal } from './terminal.ts';

const OPTION = '--workspace';
const COMMAND = /\bfieldnote ([a-z-]+)(?: ([a-z-]+)(?![a-z|-]))?/g;

/**
 * The terminal of a command that acts on a named workspace: each command that it prints as the next step acts there, too. What is
 * written for machines to read (`write`, `json`, `table`) stays as it is.
 */
export function nameWorkspace(terminal: Terminal, program: Command, workspace: string): Terminal {
  const inWorkspace = (text: string): string => completeCommands(text, program, workspace);
  return {
    ...terminal,
    print: (text) => terminal.print(inWorkspace(text)),
    note: (text) => terminal.note(inWorkspace(text)),
  };
}

/** The text, its commands of Fieldnote that take a workspace with this one. */
export function completeCommands(text: string, program: Command, workspace: string): string {
  const named = ` ${workspaceFlag(workspace)}`;
  return text.replace(COMMAND, (said: string, first: string, second: string | undefined, at: number) => {
    const command = program.commands.find((one) => one.name() === first);
    const within = command?.commands.find((one) => one.name() === second);
    const takesOne = (within ?? command)?.options.some(({ long }) => long === OPTION) ?? false;
    const saysOne = text.slice(at + said.length).match(/^[^"\n]*?--workspace\b/) !== null;
    if (!takesOne || saysOne) return said;
    // "connect hubspot", but not "sync reads": the words that follow a command may be the sentence's.
    const isPart =
      within !== undefined ||
      command?.registeredArguments.some(({ argChoices = [] }) => argChoices.includes(second ?? '')) === true;
    return isPart || second === undefined ? `${said}${named}` : `fieldnote ${first}${named} ${second}`;
  });
}
