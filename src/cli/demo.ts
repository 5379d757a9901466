import { once } from 'node:events';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { buildApp } from '../app.ts';
import type { App } from '../app.ts';
import { readConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import { createPlainLog } from '../log.ts';
import { startRun } from '../pipeline/runs.ts';
import { checkConnection } from '../pipeline/open-connection.ts';
import { changeButtonKey } from './connect-button-key.ts';
import type { Context } from './context.ts';
import { ensureDemoKey, saveDemoState } from './demo-state.ts';
import { collectReport, printReport } from './report.ts';
import type { RunReport } from './report.ts';
import { findFreePort } from './free-port.ts';
import { followWrites } from './follow-writes.ts';
import { followRun, refuseFailures } from './run.ts';
import { SHIPPED_WORLD, openSandbox, parseCount, sendWebhooks } from './sandbox.ts';
import { printSync, refuseUnsynced, syncAll } from './sync.ts';
import { openWeb } from './web.ts';

type DemoOptions = { once?: boolean; world: string; limit?: number; refresh?: boolean };

// What the demo takes from the environment; everything else comes from the twins.
const TAKEN =
  /^(FIELDNOTE_HOME|HOST|PORT|PUBLIC_URL|LOG_LEVEL|RUN_CONCURRENCY|LLM_.*|.*_PER_(CREDIT|MINUTE))$/;

/** `fieldnote demo`: the whole product on local twins; no key, no network, no form. */
export function addDemo(program: Command, context: Context): void {
  program
    .command('demo')
    .description('the whole product on invented companies: no keys, no network')
    .option('--once', 'stop when the job is done')
    .option('--world <dir>', 'folder of JSON lines to serve', SHIPPED_WORLD)
    .option('--limit <n>', 'only the first N companies', parseCount)
    .option('--refresh', 'read sources again whatever their age')
    .action((options: DemoOptions) => demo(options, context));
}

async function demo(options: DemoOptions, context: Context): Promise<void> {
  const { terminal, environment, signal } = context;
  const taken = Object.fromEntries(Object.entries(environment).filter(([name]) => TAKEN.test(name)));
  const home = readConfig(taken).home;
  terminal.note('Starting local twins of Salesforce, HubSpot, Tavily and the web …');
  const sandbox = await openSandbox({ home, ...options });
  const workspace = `demo ${basename(resolve(options.world))}`;
  let app: App | null = null;
  let web: { port: number; close(): Promise<void> } | null = null;
  try {
    const keyed = { ...sandbox.environment, SECRET_KEY: await ensureDemoKey(home) };
    const asked = readConfig({ ...taken, ...keyed });
    // Before anything is written: each link in the CRMs names the port. Told to take any, the demo promises none.
    const port = asked.port === 0 ? 0 : await findFreePort(asked.host, asked.port);
    const config = readConfig({ ...taken, ...keyed, PORT: String(port) });
    app = await buildApp(
      config,
      createPlainLog(config.logLevel, (line) => terminal.note(line)),
      { worker: true, homeWorkspace: workspace },
    );
    // Its address, too: a run that is started beside it would else write links into every record that lead elsewhere.
    const told = { ...keyed, PUBLIC_URL: config.publicUrl };
    await saveDemoState(home, { workspace, environment: told, pid: process.pid });
    web = await openWeb(app, { elseAnyPort: true });
    sendWebhooks(sandbox, { publicUrl: config.publicUrl, port: web.port });
    await installFields(app, context);
    sandbox.twins.salesforce.connectButton({
      address: `http://127.0.0.1:${web.port}`,
      key: await changeButtonKey(app),
    });
    const synced = await syncAll(app, context, { full: false });
    printSync(terminal, synced);
    const run = await startRun(app, {
      workspaceId: app.workspaceId,
      kind: 'manual',
      startedBy: { via: 'command-line', name: null },
      model: app.modelName,
      refresh: options.refresh ?? false,
    });
    await app.startWorker({ schedule: !options.once });
    if (!(await followRun(app, context, run.id))) return;
    const left = await followWrites(app, context, run.id);
    const report = await collectReport(app, run.id);
    printReport(terminal, report);
    printNext(context, report, {
      once: options.once ?? false,
      port: web.port,
      slackUrl: sandbox.twins.slack.url,
      hubspotUrl: sandbox.twins.hubspot.url,
      salesforceUrl: sandbox.twins.salesforce.url,
      hasLlm: config.llm !== null,
    });
    refuseFailures(report);
    if (left !== null) throw new UserError(left);
    refuseUnsynced(synced);
    if (!options.once && !signal.aborted) await once(signal, 'abort');
  } finally {
    await web?.close();
    await app?.stop();
    await sandbox.stop();
  }
}

/** What an administrator does once in a real org: make the fields, then check what the integration user may do. */
async function installFields(app: App, { signal, terminal }: Context): Promise<void> {
  for (const connection of app.connections) {
    const installed = await app.crmOf(connection).installFields({ signal });
    const made = installed.filter((field) => field.result === 'created').length;
    const check = await checkConnection(app, connection, { signal });
    const bad = check.fields.filter((field) => field.status !== 'ok');
    if (bad.length > 0)
      throw new UserError(`${connection.kind}: ${bad[0]?.platformName} is ${bad[0]?.status}`);
    terminal.note(
      made > 0
        ? `${connection.kind}: made ${made} fields for ${check.organization}`
        : `${connection.kind}: ${check.fields.length} fields are there`,
    );
  }
}

function printNext(
  { terminal }: Context,
  report: RunReport,
  state: {
    once: boolean;
    port: number;
    slackUrl: string;
    hubspotUrl: string;
    salesforceUrl: string;
    hasLlm: boolean;
  },
): void {
  const first = report.ranking[0];
  terminal.print('');
  terminal.print(
    state.hasLlm
      ? 'Read by the LLM at LLM_BASE_URL; each quote checked against its source.'
      : 'method: phrases (no LLM_BASE_URL is set: the built-in phrase matcher read the sources)',
  );
  terminal.print(terminal.bold('Try next'));
  if (first !== undefined) terminal.print(`  npx fieldnote score ${first.domain}`);
  if (state.once)
    terminal.print('  npm run demo                      stay up: the page, the worker and the twins');
  else {
    terminal.print(`  http://127.0.0.1:${state.port}/            the page; Ctrl-C stops everything`);
    terminal.print(`  ${`${state.slackUrl}/`.padEnd(34)}a sandbox of Slack: ask /score there`);
    terminal.print(
      `  ${`${state.hubspotUrl}/_twin/card`.padEnd(34)}records of HubSpot with the card: press its buttons`,
    );
    terminal.print(
      `  ${`${state.salesforceUrl}/_twin/list`.padEnd(34)}records of Salesforce with the card; tick several for a ZIP`,
    );
  }
  terminal.print('  npx fieldnote export > companies.csv');
  terminal.print('  npx fieldnote doctor              what to set for your own CRM');
}
