import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { parseFaultSpec } from '../../sandbox/kit/faults.ts';
import { listPeople } from '../../sandbox/oidc/people.ts';
import { startOidcTwin } from '../../sandbox/oidc/twin.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { readConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import type { Context } from './context.ts';

/** The invented companies that ship with Fieldnote. */
export const SHIPPED_WORLD = fileURLToPath(new URL('../../sandbox/world', import.meta.url));

/** `fieldnote sandbox`: the twins alone, with the environment that points at them. */
export function addSandbox(program: Command, context: Context): void {
  program
    .command('sandbox')
    .description(
      'start local twins of Salesforce, HubSpot, Tavily, the web, an LLM endpoint, Slack and a sign-in provider; print their environment',
    )
    .option('--world <dir>', 'folder of JSON lines to serve', SHIPPED_WORLD)
    .option('--limit <n>', 'only the first N companies', parseCount)
    .option('--port-base <n>', 'first of seven ports; unset: free ones', parseCount)
    .option('--faults <spec>', 'e.g. 429=0.05,500=0.03,reset=0.02,slow=0.1:2000,latency=800:0.5,seed=7')
    .action(async (options: { world: string; limit?: number; portBase?: number; faults?: string }) => {
      const home = readConfig({ FIELDNOTE_HOME: context.environment.FIELDNOTE_HOME }).home;
      const { port, publicUrl } = readConfig(pickWeb(context.environment));
      const sandbox = await openSandbox({ home, ...options });
      let signIn: SandboxSignIn | null = null;
      try {
        signIn = await openSignIn(sandbox, { publicUrl, ...options });
        for (const [name, value] of Object.entries(sandbox.environment))
          context.terminal.print(`export ${name}=${value}`);
        const offer = (what: string, environment: Record<string, string>): void => {
          context.terminal.print(`# ${what}:`);
          for (const [name, value] of Object.entries(environment))
            context.terminal.print(`# export ${name}=${value}`);
        };
        offer('A scripted endpoint for tests, not a model', sandbox.llmEnvironment);
        offer('Slack by Socket Mode, in place of calls from it', sandbox.slackEnvironment.socketMode);
        offer('Slack for several of its workspaces; with a SECRET_KEY', sandbox.slackEnvironment.installs);
        offer('Sign-in to the pages; it asks for no password', signIn.environment);
        sendWebhooks(sandbox, { publicUrl, port });
        context.terminal.note(
          `HubSpot's webhooks go to ${publicUrl}${WEBHOOKS}, on port ${port} of this machine.`,
        );
        context.terminal.note(
          `HubSpot's records with Fieldnote's card: ${sandbox.twins.hubspot.url}/_twin/card`,
        );
        context.terminal.note(
          `Salesforce's screens: ${sandbox.twins.salesforce.url}/_twin/list. Its Setup takes http://127.0.0.1:${port} and a key of "fieldnote connect salesforce --button-key".`,
        );
        context.terminal.note(`Serving ${sandbox.world.companies.length} companies. Ctrl-C stops the twins.`);
        if (!context.signal.aborted) await once(context.signal, 'abort');
      } finally {
        await signIn?.stop();
        await sandbox.stop();
      }
    });
}

type SandboxSignIn = { environment: Record<string, string>; stop(): Promise<void> };

// After the six of the other twins.
const SIGN_IN_PORT = 6;

/** A provider at which the owners of the world's records sign in to the pages. */
async function openSignIn(
  { world }: Sandbox,
  options: { publicUrl: string; portBase?: number; faults?: string },
): Promise<SandboxSignIn> {
  const client = { clientId: 'sandbox-fieldnote', clientSecret: 'sandbox-sign-in-secret' };
  const twin = await startOidcTwin({
    people: listPeople(world),
    client: { ...client, redirectUris: [`${options.publicUrl}/sign-in/callback`] },
    ...(options.portBase === undefined ? {} : { port: options.portBase + SIGN_IN_PORT }),
    ...(options.faults === undefined ? {} : { faults: parseFaultSpec(options.faults) }),
  });
  return {
    environment: {
      OIDC_ISSUER: twin.url,
      OIDC_CLIENT_ID: client.clientId,
      OIDC_CLIENT_SECRET: client.clientSecret,
      OIDC_ALLOWED_EMAILS: 'sandbox.administrator@fieldnote-sandbox.example',
    },
    stop: twin.close,
  };
}

const pickWeb = ({ PORT, PUBLIC_URL }: Context['environment']): Record<string, string | undefined> => ({
  PORT,
  PUBLIC_URL,
});

const WEBHOOKS = '/hubspot/webhooks';
const SLACK_REQUESTS = '/slack/events';
// Where nobody listens, a few are enough.
const REPEATS = 3;

/**
 * From now on the twins call the web server on that port of this machine: HubSpot's tells of changes and asks for its card, as if it came by
 * the public address, and Slack's tells what people do.
 */
export function sendWebhooks(sandbox: Sandbox, web: { publicUrl: string; port: number }): void {
  sandbox.twins.hubspot.setCardAddress({
    url: web.publicUrl,
    reachedAt: `http://127.0.0.1:${web.port}`,
  });
  sandbox.twins.hubspot.webhooks.set({
    targetUrl: web.publicUrl + WEBHOOKS,
    reachedAt: `http://127.0.0.1:${web.port}${WEBHOOKS}`,
    retries: REPEATS,
  });
  sandbox.twins.slack.configure({
    requestUrl: `http://127.0.0.1:${web.port}${SLACK_REQUESTS}`,
    unfurlDomains: [new URL(web.publicUrl).hostname],
  });
}

/** Starts the twins with their state under FIELDNOTE_HOME, one folder a world. Throws UserError for a bad world or spec. */
export async function openSandbox(options: {
  home: string;
  world: string;
  limit?: number;
  portBase?: number;
  faults?: string;
}): Promise<Sandbox> {
  const folder = resolve(options.world);
  const key = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  try {
    return await startSandbox({
      worldFolder: folder,
      stateFolder: join(resolve(options.home), 'sandbox', key),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      ...(options.portBase === undefined ? {} : { portBase: options.portBase }),
      ...(options.faults === undefined ? {} : { faults: parseFaultSpec(options.faults) }),
    });
  } catch (error) {
    throw new UserError('The sandbox did not start', undefined, error);
  }
}

/** A whole number above zero, for commander. */
export function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number above zero.');
  return value;
}
