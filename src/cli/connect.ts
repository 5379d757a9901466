import { Argument } from 'commander';
import type { Command } from 'commander';
import type { CrmCheck, CrmKind } from '../connectors/crm.ts';
import { UserError } from '../errors.ts';
import { pauseConnection } from '../pipeline/store/connections.ts';
import { checkConnection } from '../pipeline/sync-job.ts';
import { withApp } from './context.ts';
import type { Context } from './context.ts';
import type { Terminal } from './terminal.ts';

/** `fieldnote connect`: checks access and fields; with --install an administrator's login makes the fields. */
export function addConnect(program: Command, context: Context): void {
  program
    .command('connect')
    .description('check access to a CRM and its Fieldnote fields; idempotent')
    .addArgument(new Argument('<crm>', 'which CRM').choices(['salesforce', 'hubspot']))
    .option('--install', "create the fields (takes an administrator's credentials)")
    .option('--json', 'print the check as JSON')
    .action(async (crm: CrmKind, options: { install?: boolean; json?: boolean }) => {
      await withApp(context, { worker: false }, async (app) => {
        const connection = app.connections.find((one) => one.kind === crm);
        if (connection === undefined)
          throw new UserError(
            `${crm} is not configured`,
            crm === 'salesforce'
              ? 'Set SALESFORCE_LOGIN_URL, SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET.'
              : 'Set HUBSPOT_ACCESS_TOKEN.',
          );
        if (options.install && crm === 'salesforce' && app.config.salesforce?.admin === null)
          throw new UserError(
            'Creating fields in Salesforce takes an administrator',
            'Set SALESFORCE_ADMIN_CLIENT_ID and SALESFORCE_ADMIN_CLIENT_SECRET to those of an app that runs as one.',
          );
        const call = { signal: context.signal };
        const installed = options.install ? await app.crmOf(connection).installFields(call) : [];
        const check = await checkConnection(app, connection, call);
        // Credentials that work again take the connection out of its pause.
        if (connection.status === 'paused')
          await app.db.inWorkspace(app.workspaceId, (tx) => pauseConnection(tx, connection.id, null));
        if (options.json) context.terminal.json({ ...check, installed });
        else
          printCheck(
            context.terminal,
            crm,
            check,
            installed.filter((one) => one.result === 'created').length,
          );
        const bad = check.fields.filter((field) => field.status !== 'ok');
        if (bad.length > 0 || check.missingPermissions.length > 0)
          throw new UserError(
            `${crm}: ${bad.length} fields and ${check.missingPermissions.length} permissions are not as they must be`,
            bad.some((field) => field.status === 'missing')
              ? `Run "fieldnote connect ${crm} --install" with an administrator's login.`
              : 'Grant what the list above names.',
          );
      });
    });
}

function printCheck(terminal: Terminal, crm: CrmKind, check: CrmCheck, created: number): void {
  terminal.print(`${crm}: ${check.organization} as ${check.user}, API ${check.apiVersion}`);
  if (created > 0) terminal.print(`Created ${created} fields.`);
  terminal.table(
    ['object', 'field', 'status', 'people may edit', 'detail'],
    check.fields.map((field) => [
      field.object,
      field.platformName,
      field.status,
      field.peopleMayEdit ? 'yes' : 'no',
      field.detail ?? '',
    ]),
  );
  for (const missing of check.missingPermissions)
    terminal.print(`missing: ${missing.name} (disables ${missing.disables})`);
  if (check.usage !== null) terminal.print(`API calls today: ${check.usage.used} of ${check.usage.limit}`);
}
