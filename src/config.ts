import { z } from 'zod';
import { readEndpoint, readModels } from './config-llm.ts';
import type { LlmEndpoint, ModelPrice } from './config-llm.ts';
import { readOidc } from './config-oidc.ts';
import type { OidcConfig } from './config-oidc.ts';
import { readTrustProxy } from './config-proxy.ts';
import type { TrustProxy } from './config-proxy.ts';
import { readSlack } from './config-slack.ts';
import type { SlackConfig } from './config-slack.ts';
import { UserError } from './errors.ts';

const PORT_MAX = 65_535;

const text = z.string().trim().min(1);
const address = z.url({
  protocol: /^https?$/,
  error: 'expected an address that begins with http:// or https://',
});
const withoutSlash = address.transform((url) => url.replace(/\/+$/, ''));
const key = z
  .string()
  .refine(
    (value) => Buffer.from(value, 'base64').length === 32,
    'expected 32 bytes in base64 (openssl rand -base64 32)',
  );
const perMinute = z.coerce.number({ error: 'expected a number per minute' }).positive();
const price = z.coerce.number({ error: 'expected a number of dollars' }).min(0);

const Environment = z.object({
  FIELDNOTE_HOME: text.default('.fieldnote'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'expected postgres://USER:PASSWORD@HOST/DATABASE')
    .optional(),
  DATABASE_BACKEND: z.enum(['postgres', 'citus', 'yugabytedb', 'cockroachdb']).default('postgres'),
  HOST: text.default('127.0.0.1'),
  PORT: z.coerce.number({ error: 'expected a port number' }).int().min(0).max(PORT_MAX).default(3000),
  PUBLIC_URL: withoutSlash.optional(),
  TRUST_PROXY: text.optional(),
  SELLER_NAME: text.max(120, 'expected a name of at most 120 characters').optional(),
  SECRET_KEY: key.optional(),
  SECRET_KEY_PREVIOUS: key.optional(),
  SALESFORCE_LOGIN_URL: withoutSlash.optional(),
  SALESFORCE_CLIENT_ID: text.optional(),
  SALESFORCE_CLIENT_SECRET: text.optional(),
  SALESFORCE_CHANGE_EVENTS: z
    .enum(['polling', 'cometd'], { error: 'expected polling or cometd' })
    .default('polling'),
  SALESFORCE_ADMIN_CLIENT_ID: text.optional(),
  SALESFORCE_ADMIN_CLIENT_SECRET: text.optional(),
  HUBSPOT_BASE_URL: withoutSlash.default('https://api.hubapi.com'),
  HUBSPOT_ACCESS_TOKEN: text.optional(),
  HUBSPOT_CLIENT_SECRET: text.optional(),
  TAVILY_BASE_URL: withoutSlash.default('https://api.tavily.com'),
  TAVILY_API_KEY: text.optional(),
  LLM_BASE_URL: withoutSlash.optional(),
  LLM_API_KEY: text.optional(),
  LLM_MODEL: text.optional(),
  LLM_MODELS: text.optional(),
  LLM_FALLBACK_BASE_URL: withoutSlash.optional(),
  LLM_FALLBACK_API_KEY: text.optional(),
  LLM_FALLBACK_MODEL: text.optional(),
  WEBSITE_READER_URL: address.optional(),
  CRM_LONGEST_WRITE_SECONDS: z.coerce.number({ error: 'expected seconds' }).min(1).optional(),
  SLACK_BOT_TOKEN: text.optional(),
  SLACK_SIGNING_SECRET: text.optional(),
  SLACK_APP_TOKEN: text.optional(),
  SLACK_API_URL: withoutSlash.default('https://slack.com/api'),
  SLACK_CLIENT_ID: text.optional(),
  SLACK_CLIENT_SECRET: text.optional(),
  OIDC_PROVIDER: z
    .enum(['slack', 'google', 'salesforce', 'microsoft'], {
      error: 'expected slack, google, salesforce or microsoft',
    })
    .optional(),
  OIDC_ISSUER: address.optional(),
  OIDC_CLIENT_ID: text.optional(),
  OIDC_CLIENT_SECRET: text.optional(),
  OIDC_TENANT: text.optional(),
  OIDC_ALLOWED_EMAILS: text.optional(),
  SYNC_INTERVAL_MINUTES: z.coerce.number({ error: 'expected minutes' }).min(1).default(15),
  RUN_CONCURRENCY: z.coerce
    .number({ error: 'expected a number of companies' })
    .int()
    .min(1)
    .max(1000)
    .default(32),
  MONTHLY_BUDGET_USD: price.optional(),
  SEARCH_REQUESTS_PER_MINUTE: perMinute.default(1000),
  LLM_REQUESTS_PER_MINUTE: perMinute.default(600),
  LLM_TOKENS_PER_MINUTE: perMinute.default(2_000_000),
  LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('warn'),
  SEARCH_USD_PER_CREDIT: price.default(0.008),
  LLM_USD_PER_M_INPUT: price.default(0.25),
  LLM_USD_PER_M_OUTPUT: price.default(0.75),
});

export type Config = {
  home: string;
  databaseUrl: string | null;
  databaseBackend: 'postgres' | 'citus' | 'yugabytedb' | 'cockroachdb';
  host: string;
  port: number;
  publicUrl: string;
  trustProxy: TrustProxy;
  /** Your company's name, as it stands on pitch PDFs. */
  sellerName: string | null;
  secretKey: string | null;
  /** The key before, while it is being changed. */
  previousSecretKey: string | null;
  salesforce: { loginUrl: string; clientId: string; clientSecret: string } | null;
  /** Whether workers listen to Salesforce's change events besides polling. */
  salesforceChangeEvents: 'polling' | 'cometd';
  /** An administrator's app, which `connect salesforce --install` alone uses. */
  salesforceAdmin: { clientId: string; clientSecret: string } | null;
  hubspot: { baseUrl: string; accessToken: string } | null;
  /** The HubSpot app's, which checks the signatures of its webhooks. */
  hubspotClientSecret: string | null;
  /** How long a CRM may go on with a write whose answer never came, in milliseconds; null: as each platform's own limits have it. */
  longestWriteMs: number | null;
  tavily: { baseUrl: string; apiKey: string } | null;
  /** `others`: models of the same endpoint that people may choose instead. */
  llm: (LlmEndpoint & { others: string[] }) | null;
  llmFallback: LlmEndpoint | null;
  websiteReaderUrl: string | null;
  slack: SlackConfig | null;
  /** Who signs people in; null: nobody. */
  oidc: OidcConfig | null;
  syncIntervalMinutes: number;
  runConcurrency: number;
  monthlyBudgetUsd: number | null;
  /** All workers together; Tavily's production key and Crusoe's account with a payment method (November 2026). */
  perMinute: { searches: number; llmRequests: number; llmTokens: number };
  logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
  prices: {
    searchUsdPerCredit: number;
    llmUsdPerMInput: number;
    llmUsdPerMOutput: number;
    /** Of models that have a price of their own. */
    ofModels: ReadonlyMap<string, ModelPrice>;
  };
};

/** Environment → configuration. An empty value counts as unset. Throws UserError with one line per mistake. */
export function readConfig(environment: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  const parsed = Environment.safeParse(given);
  if (!parsed.success)
    throw new UserError(
      parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'),
      'Correct the environment (or .env); "fieldnote doctor" lists every setting.',
    );
  const env = parsed.data;
  const publicUrl = env.PUBLIC_URL ?? `http://127.0.0.1:${env.PORT}`;
  const llm = readEndpoint('LLM', env.LLM_BASE_URL, env.LLM_API_KEY, env.LLM_MODEL);
  const models = readModels(env.LLM_MODELS);
  const config: Config = {
    home: env.FIELDNOTE_HOME,
    databaseUrl: env.DATABASE_URL ?? null,
    databaseBackend: env.DATABASE_BACKEND,
    host: env.HOST,
    port: env.PORT,
    publicUrl,
    trustProxy: readTrustProxy(env.TRUST_PROXY),
    sellerName: env.SELLER_NAME ?? null,
    secretKey: env.SECRET_KEY ?? null,
    previousSecretKey: env.SECRET_KEY_PREVIOUS ?? null,
    salesforce: null,
    salesforceChangeEvents: env.SALESFORCE_CHANGE_EVENTS,
    salesforceAdmin: null,
    hubspot: env.HUBSPOT_ACCESS_TOKEN
      ? { baseUrl: env.HUBSPOT_BASE_URL, accessToken: env.HUBSPOT_ACCESS_TOKEN }
      : null,
    hubspotClientSecret: env.HUBSPOT_CLIENT_SECRET ?? null,
    longestWriteMs: env.CRM_LONGEST_WRITE_SECONDS === undefined ? null : env.CRM_LONGEST_WRITE_SECONDS * 1000,
    tavily: env.TAVILY_API_KEY ? { baseUrl: env.TAVILY_BASE_URL, apiKey: env.TAVILY_API_KEY } : null,
    llm: llm && { ...llm, others: models.map(({ name }) => name).filter((name) => name !== llm.model) },
    llmFallback: readEndpoint(
      'LLM_FALLBACK',
      env.LLM_FALLBACK_BASE_URL,
      env.LLM_FALLBACK_API_KEY,
      env.LLM_FALLBACK_MODEL,
    ),
    websiteReaderUrl: env.WEBSITE_READER_URL ?? null,
    slack: readSlack(env),
    oidc: readOidc(env, publicUrl, isLoopback),
    syncIntervalMinutes: env.SYNC_INTERVAL_MINUTES,
    runConcurrency: env.RUN_CONCURRENCY,
    monthlyBudgetUsd: env.MONTHLY_BUDGET_USD ?? null,
    perMinute: {
      searches: env.SEARCH_REQUESTS_PER_MINUTE,
      llmRequests: env.LLM_REQUESTS_PER_MINUTE,
      llmTokens: env.LLM_TOKENS_PER_MINUTE,
    },
    logLevel: env.LOG_LEVEL,
    prices: {
      searchUsdPerCredit: env.SEARCH_USD_PER_CREDIT,
      llmUsdPerMInput: env.LLM_USD_PER_M_INPUT,
      llmUsdPerMOutput: env.LLM_USD_PER_M_OUTPUT,
      ofModels: new Map(models.flatMap(({ name, price }) => (price === null ? [] : [[name, price]]))),
    },
  };
  const { SALESFORCE_LOGIN_URL: loginUrl, SALESFORCE_CLIENT_ID: id, SALESFORCE_CLIENT_SECRET: secret } = env;
  const { SALESFORCE_ADMIN_CLIENT_ID: adminId, SALESFORCE_ADMIN_CLIENT_SECRET: adminSecret } = env;
  if (adminId && adminSecret) config.salesforceAdmin = { clientId: adminId, clientSecret: adminSecret };
  if (loginUrl && id && secret) config.salesforce = { loginUrl, clientId: id, clientSecret: secret };
  else if (loginUrl || id || secret)
    throw new UserError(
      `Salesforce needs three settings; missing: ${[
        !loginUrl && 'SALESFORCE_LOGIN_URL',
        !id && 'SALESFORCE_CLIENT_ID',
        !secret && 'SALESFORCE_CLIENT_SECRET',
      ]
        .filter(Boolean)
        .join(', ')}`,
      'Set them all, or none to leave Salesforce out.',
    );
  return config;
}

/** Is this bind reachable from this machine alone? */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Links into the CRM are made of PUBLIC_URL: one that leads only to the reader's own machine must not be written where others read it.
 * @throws UserError where HOST is beyond loopback and PUBLIC_URL, or its default, is not
 */
export function requirePublicUrl({ host, publicUrl }: Pick<Config, 'host' | 'publicUrl'>): void {
  if (isLoopback(host)) return;
  const name = new URL(publicUrl).hostname.replace(/^\[|\]$/g, '');
  if (isLoopback(name) || name === '0.0.0.0' || name === '::')
    throw new UserError(
      `HOST is ${host}, beyond this machine, but links in the CRM would lead to ${publicUrl}`,
      'Set PUBLIC_URL to the address under which people reach the web server, or HOST to 127.0.0.1.',
    );
}
