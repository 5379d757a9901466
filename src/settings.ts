/** One environment variable: what it means and what its absence disables. The source of .env.example and of `doctor`. */
export type Setting = {
  name: string;
  meaning: string;
  default?: string;
  /** What does not work while it is unset. */
  disables?: string;
  secret?: boolean;
};

export const SETTINGS: readonly Setting[] = [
  {
    name: 'FIELDNOTE_HOME',
    meaning: 'where the embedded database and local state live',
    default: '.fieldnote',
  },
  {
    name: 'DATABASE_URL',
    meaning: 'PostgreSQL server; unset: an embedded one under FIELDNOTE_HOME',
    secret: true,
  },
  {
    name: 'DATABASE_BACKEND',
    meaning: 'queue profile: postgres, citus, yugabytedb or cockroachdb',
    default: 'postgres',
  },
  { name: 'HOST', meaning: 'address that the web server binds to', default: '127.0.0.1' },
  { name: 'PORT', meaning: 'port that the web server listens on', default: '3000' },
  {
    name: 'PUBLIC_URL',
    meaning:
      'address under which people reach the web server, which links in the CRM lead to; required unless HOST is loopback',
    default: 'http://127.0.0.1:3000',
  },
  {
    name: 'TRUST_PROXY',
    meaning:
      'how many proxies stand before the web server (1 on Heroku or behind one ingress), or their addresses and networks, separated by commas; their X-Forwarded-For then says who asks; unset: nobody’s word on that counts, and behind https nothing limits how often one address tries to come in',
  },
  { name: 'SELLER_NAME', meaning: "your company's name, as it stands on pitch PDFs" },
  {
    name: 'SECRET_KEY',
    meaning:
      '32 bytes, base64, the same in every process; seals stored credentials and keys, and required unless HOST is loopback',
    disables:
      "serving beyond this machine, connections with credentials of their own, and Salesforce's card and buttons",
    secret: true,
  },
  {
    name: 'SECRET_KEY_PREVIOUS',
    meaning: 'the key before, while you change it: set both, run `connect --reseal`, then take it away',
    secret: true,
  },
  {
    name: 'SALESFORCE_LOGIN_URL',
    meaning: "your org's My Domain address, e.g. https://acme.my.salesforce.com",
    disables: 'Salesforce',
  },
  {
    name: 'SALESFORCE_CLIENT_ID',
    meaning: 'consumer key of the External Client App',
    disables: 'Salesforce',
  },
  {
    name: 'SALESFORCE_CLIENT_SECRET',
    meaning: 'consumer secret of the External Client App (client credentials flow)',
    disables: 'Salesforce',
    secret: true,
  },
  {
    name: 'SALESFORCE_CHANGE_EVENTS',
    meaning:
      'cometd: workers also listen to change events, so that changes are seen in seconds; polling: they do not',
    default: 'polling',
  },
  {
    name: 'SALESFORCE_ADMIN_CLIENT_ID',
    meaning: "an administrator's app, used by `connect salesforce --install` alone",
    disables: 'installing the Salesforce fields from the command line',
  },
  {
    name: 'SALESFORCE_ADMIN_CLIENT_SECRET',
    meaning: "the administrator's app's secret",
    disables: 'installing the Salesforce fields from the command line',
    secret: true,
  },
  { name: 'HUBSPOT_BASE_URL', meaning: 'address of the HubSpot API', default: 'https://api.hubapi.com' },
  {
    name: 'HUBSPOT_ACCESS_TOKEN',
    meaning: 'static token of the HubSpot app',
    disables: 'HubSpot',
    secret: true,
  },
  {
    name: 'HUBSPOT_CLIENT_SECRET',
    meaning: 'client secret of the HubSpot app; checks the signatures of its webhooks',
    disables: "HubSpot's webhooks: its changes come with each sync instead of within seconds",
    secret: true,
  },
  {
    name: 'CRM_LONGEST_WRITE_SECONDS',
    meaning:
      'how long a CRM may go on with a write whose answer never came; until then it is not sent again; unset: 900 for Salesforce, 300 for HubSpot',
  },
  { name: 'TAVILY_BASE_URL', meaning: 'address of the Tavily API', default: 'https://api.tavily.com' },
  {
    name: 'TAVILY_API_KEY',
    meaning: 'key for web search',
    disables: "web search: only each company's own site is read",
    secret: true,
  },
  {
    name: 'LLM_BASE_URL',
    meaning: 'any OpenAI-compatible endpoint (Crusoe, vLLM, Ollama, OpenAI; Azure: its v1 address)',
    disables: 'reading by an LLM: the phrase matcher reads instead (method: phrases)',
  },
  { name: 'LLM_API_KEY', meaning: 'key for the LLM endpoint', secret: true },
  { name: 'LLM_MODEL', meaning: 'model name that the endpoint serves; required with LLM_BASE_URL' },
  {
    name: 'LLM_MODELS',
    meaning:
      'other models of the endpoint that people may choose for pitches, separated by commas; NAME=INPUT/OUTPUT gives one a price of its own in dollars per million tokens',
    disables: 'choosing the model of a pitch: LLM_MODEL writes them all',
  },
  { name: 'LLM_FALLBACK_BASE_URL', meaning: 'endpoint used while the first is down' },
  { name: 'LLM_FALLBACK_API_KEY', meaning: 'key for the fallback endpoint', secret: true },
  { name: 'LLM_FALLBACK_MODEL', meaning: 'model name at the fallback endpoint' },
  {
    name: 'WEBSITE_READER_URL',
    meaning: "prefix put before a page's address (a reader gateway); unset: pages are fetched directly",
  },
  {
    name: 'SLACK_BOT_TOKEN',
    meaning: "the Slack app's bot token (xoxb-…), for one Slack workspace",
    disables: 'Slack, unless SLACK_CLIENT_ID is set',
    secret: true,
  },
  {
    name: 'SLACK_SIGNING_SECRET',
    meaning: 'HTTP mode: checks that requests to PUBLIC_URL/slack/events are from Slack',
    secret: true,
  },
  {
    name: 'SLACK_APP_TOKEN',
    meaning: 'Socket Mode: app-level token (xapp-…), where Slack can not reach PUBLIC_URL',
    secret: true,
  },
  { name: 'SLACK_API_URL', meaning: 'address of the Slack Web API', default: 'https://slack.com/api/' },
  {
    name: 'SLACK_CLIENT_ID',
    meaning: 'client id of the Slack app: several Slack workspaces install it at PUBLIC_URL/slack/install',
    disables: 'installing the Slack app in several Slack workspaces',
  },
  {
    name: 'SLACK_CLIENT_SECRET',
    meaning: 'client secret of the Slack app',
    disables: 'installing the Slack app in several Slack workspaces',
    secret: true,
  },
  {
    name: 'OIDC_PROVIDER',
    meaning:
      'who signs people in to the pages: slack, google, salesforce or microsoft (see docs/sign-in.md); unset: the OpenID provider at OIDC_ISSUER',
  },
  {
    name: 'OIDC_ISSUER',
    meaning:
      'address of the OpenID provider; unset with OIDC_PROVIDER: the usual one, for salesforce SALESFORCE_LOGIN_URL',
  },
  {
    name: 'OIDC_CLIENT_ID',
    meaning:
      'client id of Fieldnote at that provider; its redirect address there is PUBLIC_URL/sign-in/callback',
    disables: 'sign-in: pages answer only on this machine',
  },
  {
    name: 'OIDC_CLIENT_SECRET',
    meaning: 'client secret of Fieldnote at that provider',
    disables: 'sign-in: pages answer only on this machine',
    secret: true,
  },
  {
    name: 'OIDC_TENANT',
    meaning:
      'whose people alone count: Slack workspace id (required for slack), Google Workspace domain, Salesforce org id, Microsoft Entra tenant id (required for microsoft)',
  },
  {
    name: 'OIDC_ALLOWED_EMAILS',
    meaning:
      'who may see and change everything: addresses and domains with an @ before them, separated by commas; owners of CRM records may look without being named',
  },
  {
    name: 'SYNC_INTERVAL_MINUTES',
    meaning: 'how often a worker reads what changed in the CRMs',
    default: '15',
  },
  { name: 'RUN_CONCURRENCY', meaning: 'companies in flight per worker', default: '32' },
  {
    name: 'MONTHLY_BUDGET_USD',
    meaning:
      'hard stop for what searches and LLM calls cost in a calendar month; warning at 80 %; unset: none',
  },
  {
    name: 'SEARCH_REQUESTS_PER_MINUTE',
    meaning: 'pace of web searches, all workers together',
    default: '1000',
  },
  { name: 'LLM_REQUESTS_PER_MINUTE', meaning: 'pace of LLM calls, all workers together', default: '600' },
  { name: 'LLM_TOKENS_PER_MINUTE', meaning: 'pace of LLM tokens, all workers together', default: '2000000' },
  { name: 'LOG_LEVEL', meaning: 'silent, error, warn, info or debug', default: 'warn' },
  { name: 'SEARCH_USD_PER_CREDIT', meaning: 'price behind the costs shown', default: '0.008' },
  { name: 'LLM_USD_PER_M_INPUT', meaning: 'price per million prompt tokens', default: '0.25' },
  { name: 'LLM_USD_PER_M_OUTPUT', meaning: 'price per million completion tokens', default: '0.75' },
];
