import { join } from 'node:path';
import { startHubspotTwin } from './hubspot/twin.ts';
import type { HubspotTwin } from './hubspot/twin.ts';
import type { WebhookEvent } from './hubspot/webhook-events.ts';
import type { FaultSettings } from './kit/faults.ts';
import type { Twin } from './kit/twin.ts';
import { loadWorld } from './kit/world.ts';
import type { World } from './kit/world.ts';
import { LLM_TWIN_MODEL, LLM_TWIN_OTHER, startLlmTwin } from './llm/twin.ts';
import { startSalesforceTwin } from './salesforce/twin.ts';
import type { SalesforceTwin } from './salesforce/twin.ts';
import { startSlackTwin } from './slack/twin.ts';
import type { SlackTwin } from './slack/twin.ts';
import { startTavilyTwin } from './tavily/twin.ts';
import { createWebState } from './web/state.ts';
import { startWebTwin } from './web/twin.ts';

export type Sandbox = {
  world: World;
  twins: {
    salesforce: SalesforceTwin;
    hubspot: HubspotTwin;
    tavily: Twin;
    web: Twin;
    llm: Twin;
    slack: SlackTwin;
  };
  /** The environment that points Fieldnote at the twins. */
  environment: Record<string, string>;
  /** The environment of the scripted LLM twin: for tests, not a model. */
  llmEnvironment: Record<string, string>;
  /** The other ways to connect Slack: by a socket that the app opens, and by installing it with OAuth. */
  slackEnvironment: { socketMode: Record<string, string>; installs: Record<string, string> };
  stop(): Promise<void>;
};

// Keys that mean something only to the twins; they let in these and nothing else.
const KEYS = {
  client: 'sandbox-integration',
  clientSecret: 'sandbox-integration-secret',
  admin: 'sandbox-administrator',
  adminSecret: 'sandbox-administrator-secret',
  hubspot: 'pat-sandbox-fieldnote',
  hubspotSecret: 'sandbox-hubspot-app-secret',
  tavily: 'tvly-sandbox',
  llm: 'sandbox-llm',
  slack: 'xoxb-sandbox-fieldnote',
  slackElsewhere: 'xoxb-sandbox-other-company',
  slackSecret: 'sandbox-slack-signing-secret',
  slackApp: 'xapp-sandbox-fieldnote',
  slackClient: '1000000000.2000000000',
  slackClientSecret: 'sandbox-slack-client-secret',
};
// A plan that no world can use up: people who try Fieldnote should meet Fieldnote, not a search plan's end.
const MONTHLY_CREDITS = 10_000_000;

/**
 * Starts all twins over one world. Their state lies in `stateFolder` (null: in memory alone) and is found again after a
 * restart. `portBase` N puts them on N … N+5; without it each takes a free port.
 */
export async function startSandbox(options: {
  worldFolder: string;
  limit?: number;
  stateFolder: string | null;
  portBase?: number;
  faults?: Partial<FaultSettings>;
  /** Sees what HubSpot's webhooks tell, whether they are sent or not. */
  onWebhookEvent?: (event: WebhookEvent) => void;
}): Promise<Sandbox> {
  const world = await loadWorld(
    options.worldFolder,
    options.limit === undefined ? {} : { limit: options.limit },
  );
  const journal = (name: string): string | null =>
    options.stateFolder === null ? null : join(options.stateFolder, `${name}.jsonl`);
  const port = (offset: number) =>
    options.portBase === undefined ? {} : { port: options.portBase + offset };
  const faults = options.faults === undefined ? {} : { faults: options.faults };
  const web = createWebState({ world, journalFile: journal('web') });

  const started: Twin[] = [];
  const keep = async <T extends Twin>(twin: Promise<T>): Promise<T> => {
    const running = await twin;
    started.push(running);
    return running;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((twin) => twin.close()));
  };
  try {
    const salesforce = await keep(
      startSalesforceTwin({
        world,
        ...port(0),
        ...faults,
        journalFile: journal('salesforce'),
        clientId: KEYS.client,
        clientSecret: KEYS.clientSecret,
        adminClientId: KEYS.admin,
        adminClientSecret: KEYS.adminSecret,
        dailyLimit: 1_000_000,
        changeDataCapture: ['Account', 'Lead', 'Contact'],
      }),
    );
    const hubspot = await keep(
      startHubspotTwin({
        world,
        ...port(1),
        ...faults,
        journalFile: journal('hubspot'),
        accessToken: KEYS.hubspot,
        clientSecret: KEYS.hubspotSecret,
        ...(options.onWebhookEvent === undefined ? {} : { onWebhookEvent: options.onWebhookEvent }),
      }),
    );
    const tavily = await keep(
      startTavilyTwin({
        web,
        ...port(2),
        ...faults,
        apiKey: KEYS.tavily,
        journalFile: journal('tavily'),
        monthlyCredits: MONTHLY_CREDITS,
      }),
    );
    const pages = await keep(startWebTwin({ web, ...port(3), ...faults }));
    const llm = await keep(startLlmTwin({ ...port(4), ...faults, apiKey: KEYS.llm }));
    const slack = await keep(
      startSlackTwin({
        world,
        ...port(5),
        ...faults,
        journalFile: journal('slack'),
        botTokens: [KEYS.slack, KEYS.slackElsewhere],
        signingSecret: KEYS.slackSecret,
        appToken: KEYS.slackApp,
        oauth: { clientId: KEYS.slackClient, clientSecret: KEYS.slackClientSecret },
      }),
    );
    return {
      world,
      twins: { salesforce, hubspot, tavily, web: pages, llm, slack },
      environment: {
        SALESFORCE_LOGIN_URL: salesforce.url,
        SALESFORCE_CLIENT_ID: KEYS.client,
        SALESFORCE_CLIENT_SECRET: KEYS.clientSecret,
        SALESFORCE_ADMIN_CLIENT_ID: KEYS.admin,
        SALESFORCE_ADMIN_CLIENT_SECRET: KEYS.adminSecret,
        HUBSPOT_BASE_URL: hubspot.url,
        HUBSPOT_ACCESS_TOKEN: KEYS.hubspot,
        HUBSPOT_CLIENT_SECRET: KEYS.hubspotSecret,
        // The twins do at once, or after a fault's few seconds, what reaches them.
        CRM_LONGEST_WRITE_SECONDS: '5',
        TAVILY_BASE_URL: tavily.url,
        TAVILY_API_KEY: KEYS.tavily,
        WEBSITE_READER_URL: `${pages.url}/`,
        SLACK_API_URL: `${slack.url}/api/`,
        SLACK_BOT_TOKEN: KEYS.slack,
        SLACK_SIGNING_SECRET: KEYS.slackSecret,
        // The twins take as much as they are sent, unless their own limits are switched on.
        SEARCH_REQUESTS_PER_MINUTE: '600000',
      },
      llmEnvironment: {
        LLM_BASE_URL: `${llm.url}/v1`,
        LLM_API_KEY: KEYS.llm,
        LLM_MODEL: LLM_TWIN_MODEL,
        LLM_MODELS: LLM_TWIN_OTHER,
      },
      slackEnvironment: {
        socketMode: { SLACK_APP_TOKEN: KEYS.slackApp },
        installs: { SLACK_CLIENT_ID: KEYS.slackClient, SLACK_CLIENT_SECRET: KEYS.slackClientSecret },
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
