import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Argument, Command } from 'commander';
import { workspaceOption } from '../../src/cli/context.ts';
import { completeCommands, nameWorkspace } from '../../src/cli/name-workspace.ts';
import { createTerminal } from '../../src/cli/terminal.ts';

function makeProgram(): Command {
  const program = new Command('fieldnote');
  for (const name of ['sync', 'run', 'undo']) program.command(name).addOption(workspaceOption());
  program
    .command('connect')
    .addArgument(new Argument('[crm]').choices(['salesforce', 'hubspot']))
    .addOption(workspaceOption());
  program.command('doctor');
  const token = program.command('token');
  token.command('create').addOption(workspaceOption());
  return program;
}

test('a next step that is named to who acts on another workspace acts there, too', () => {
  const said: [string, string][] = [
    [
      'Take it back with: npx fieldnote undo 1a2b',
      'Take it back with: npx fieldnote undo --workspace acme 1a2b',
    ],
    [
      'Run "fieldnote connect hubspot --name emea".',
      'Run "fieldnote connect hubspot --workspace acme --name emea".',
    ],
    ['fieldnote connect salesforce|hubspot', 'fieldnote connect --workspace acme salesforce|hubspot'],
    [
      'fieldnote sync reads them, fieldnote run',
      'fieldnote sync --workspace acme reads them, fieldnote run --workspace acme',
    ],
    ['"fieldnote token create --name N"', '"fieldnote token create --workspace acme --name N"'],
    // These have it, take none, or are no commands.
    ['fieldnote connect hubspot --workspace NAME', 'fieldnote connect hubspot --workspace NAME'],
    ['see fieldnote doctor', 'see fieldnote doctor'],
    ['the property group fieldnote', 'the property group fieldnote'],
  ];
  for (const [text, completed] of said)
    assert.equal(completeCommands(text, makeProgram(), 'acme'), completed);
});

test('a name that a shell would take apart is quoted', () => {
  assert.equal(
    completeCommands('fieldnote sync', makeProgram(), "O'Neil & Co"),
    String.raw`fieldnote sync --workspace 'O'\''Neil & Co'`,
  );
});

test('what machines read stays as it is', () => {
  let [out, err] = ['', ''];
  const plain = createTerminal({ write: (text) => (out += text) }, { write: (text) => (err += text) });
  const terminal = nameWorkspace(plain, makeProgram(), 'acme');
  terminal.write('"fieldnote sync"\n');
  terminal.json('fieldnote sync');
  terminal.table(['a'], [['fieldnote sync']]);
  assert.doesNotMatch(out, /--workspace/);
  terminal.print('fieldnote sync');
  terminal.note('fieldnote run');
  assert.match(out, /fieldnote sync --workspace acme\n$/);
  assert.match(err, /fieldnote run --workspace acme\n$/);
});
