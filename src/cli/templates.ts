import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { UserError } from '../errors.ts';
import { domainOf } from '../pipeline/1-sync/domain.ts';
import { checkTemplate, checkTemplateSource } from '../pipeline/6-pitch/check-template.ts';
import { previewTemplate } from '../pipeline/6-pitch/preview-template.ts';
import {
  findTemplate,
  listTemplates,
  removeTemplate,
  requireTemplate,
  saveTemplate,
} from '../pipeline/6-pitch/template-library.ts';
import type { TemplateEntry } from '../pipeline/6-pitch/template-library.ts';
import { findCompanyByDomain } from '../pipeline/store/companies.ts';
import { withApp, workspaceOption } from './context.ts';
import type { Context } from './context.ts';

type Options = { json?: boolean; workspace?: string };

/** A template of the allowed length has at most four bytes a character; what is larger is not read. */
const LARGEST_FILE = 65_536;

/** `fieldnote templates`: the pitch templates that come with Fieldnote and the workspace's own. */
export function addTemplates(program: Command, context: Context): void {
  const templates = program
    .command('templates')
    .description('pitch templates: list, show, check, save, reset, preview');
  const add = (usage: string, description: string): Command =>
    templates
      .command(usage)
      .description(description)
      .option('--json', 'print one object')
      .addOption(workspaceOption());
  const inApp = (options: Options, act: (app: App) => Promise<void>): Promise<void> =>
    withApp(context, { worker: false, workspace: options.workspace }, act);
  const { terminal } = context;

  templates
    .command('list', { isDefault: true })
    .description('all templates')
    .option('--json', 'print one object')
    .addOption(workspaceOption())
    .action((options: Options) =>
      inApp(options, async (app) => {
        const entries = await app.db.inWorkspace(app.workspaceId, listTemplates);
        if (options.json) return terminal.json(entries.map((entry) => ({ ...entry, source: undefined })));
        terminal.table(
          ['Name', 'Origin', 'Title', 'What for'],
          entries.map(({ name, origin, title, description }) => [name, origin, title, description]),
        );
      }),
    );
  add('show <name>', 'the text of a template').action((name: string, options: Options) =>
    inApp(options, async (app) => {
      const entry = await app.db.inWorkspace(app.workspaceId, (tx) => requireTemplate(tx, name));
      if (options.json) terminal.json({ ...entry, variables: checkTemplateSource(entry.source).variables });
      else terminal.print(entry.source.trimEnd());
    }),
  );
  templates
    .command('check <file>')
    .description('what is wrong with a template, where, and which variables it uses')
    .option('--json', 'print one object')
    .action(async (file: string, options: Options) => {
      const source = await readTemplateFile(file);
      const check = checkTemplateSource(source);
      if (options.json) terminal.json(check);
      for (const { message, line, column } of check.hints)
        terminal.note(`${file}:${line}:${column}: note: ${message}`);
      checkTemplate(source, file);
      if (!options.json) terminal.print(`${file} can be used. It uses: ${check.variables.join(', ')}`);
    });
  add('save <name> <file>', 'make a template of your own, or replace it').action(
    (name: string, file: string, options: Options) =>
      inApp(options, async (app) => {
        const source = await readTemplateFile(file);
        const entry = await app.db.inWorkspace(app.workspaceId, (tx) =>
          saveTemplate(tx, app.workspaceId, { name, source }),
        );
        if (options.json) terminal.json(entry);
        else terminal.note(`"${name}" is saved`);
      }),
  );
  add(
    'reset <name>',
    'remove your own template; one that came with Fieldnote by that name shows again',
  ).action((name: string, options: Options) =>
    inApp(options, async (app) => {
      const after = await app.db.inWorkspace(app.workspaceId, async (tx) => {
        if (!(await removeTemplate(tx, name)))
          throw new UserError(`There is no template "${name}" of your own`, 'See: fieldnote templates');
        return findTemplate(tx, name);
      });
      if (options.json) terminal.json({ removed: name, now: after === null ? null : after.origin });
      else
        terminal.note(
          `"${name}" is removed${after === null ? '' : '; the one that came with Fieldnote is back'}`,
        );
    }),
  );
  add(
    'preview <name-or-file> <domain>',
    'what a template gives for a company; nothing is asked or stored',
  ).action((nameOrFile: string, input: string, options: Options) =>
    inApp(options, async (app) => {
      const preview = await makePreview(app, nameOrFile, input);
      if (options.json) return terminal.json(preview);
      terminal.print(preview.text);
    }),
  );
}

async function makePreview(app: App, nameOrFile: string, input: string) {
  const found = domainOf(input);
  if ('skip' in found)
    throw new UserError(`${input}: ${found.detail}`, 'Give the domain of a company, e.g. acme.com.');
  const { workspaceId, db } = app;
  const template = (await isFile(nameOrFile))
    ? await readEntry(nameOrFile)
    : await db.inWorkspace(workspaceId, (tx) => requireTemplate(tx, nameOrFile));
  const company = await db.inWorkspace(workspaceId, (tx) => findCompanyByDomain(tx, found.domain));
  const preview =
    company === null ? null : await previewTemplate(app, { workspaceId, companyId: company.id, template });
  if (preview === null)
    throw new UserError(
      `${found.domain} has no score to write about`,
      `Run "fieldnote score ${found.domain}" first.`,
    );
  const { keyPoints, callToAction, text, citations } = preview;
  return { template: template.name, domain: found.domain, keyPoints, callToAction, text, citations };
}

/** A file that may become a template. */
async function readEntry(file: string): Promise<TemplateEntry> {
  const source = await readTemplateFile(file);
  checkTemplate(source, file);
  const name = basename(file, extname(file));
  return { name, title: name, description: '', source, origin: 'custom', updatedAt: null };
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

async function readTemplateFile(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > LARGEST_FILE) throw new Error(`${size} bytes are too many for a template`);
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} cannot be read`, 'Give the path of a template file.', error);
  }
}
