import type { RequestHandler } from 'express';
import type { TrustProxy } from '../config-proxy.ts';
import type { Database } from '../db.ts';
import type { Crm } from '../connectors/crm.ts';
import type { IdentityProvider } from '../connectors/identity.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Budget } from '../pipeline/budget.ts';
import type { Printer } from '../pipeline/6-pitch/pdf/print-sheet.ts';
import type { TemplateRenderer } from '../pipeline/6-pitch/template-renderer.ts';
import type { Queue } from '../pipeline/queue/queue.ts';
import type { ConnectionSettings } from '../pipeline/store/connection-settings.ts';
import type { Connection } from '../pipeline/store/connections.ts';
import type { Vault } from '../pipeline/vault.ts';

/** One outside provider at the last look: does it answer, and if not, what did it say. */
export type ProviderCheck = { name: string; ok: boolean; detail: string };

/** What it takes to hear what CRMs tell us. */
export type Webhooks = {
  /** The client secret that the environment gives; null: none. */
  ownSecret: string | null;
  /** The client secret of the app behind a connection; null: none is known, or it does not open here. */
  secretOf(connection: Connection): string | null;
  crmOf(connection: Connection): Crm;
};

/** Who may come in to the pages, and who says who they are. */
export type SignIn = {
  provider: IdentityProvider;
  /** Addresses, and domains with an @ before them, in lower case: they may see and change everything in this workspace. */
  allowedEmails: readonly string[];
  /** Signs what a browser holds of a sign-in under way. */
  attemptKey: Buffer;
  workspaceId: string;
};

export type WebDeps = {
  db: Database;
  /** The workspace that pages show to whoever did not have to sign in. */
  workspaceId: string;
  queue: Queue;
  log: Log;
  metrics: Metrics;
  budget: Budget;
  monthlyBudgetUsd: number | null;
  /** The scoring model that a company is scored by when somebody asks. */
  modelName: string;
  /** The text models that may be chosen, the default first, as far as this process knows; empty: there is none. */
  textModels: readonly string[];
  /** The CRM behind a connection; `trial`: under settings that are not stored. @throws UserError where it can't be opened here */
  crmOf(connection: Connection, trial?: ConnectionSettings): Crm;
  /** The address under which people reach the server. */
  publicUrl: string;
  /**
   * How often live streams say that they are there, and look whether their reader may still come in, in milliseconds; absent: every 15
   * seconds.
   */
  heartbeatMs?: number;
  /** Whose word counts on who asks; absent: nobody's. */
  trustProxy?: TrustProxy;
  /** The name of the company that sells, for what is printed; null: nobody said. */
  sellerName: string | null;
  printPitch: Printer;
  templates: TemplateRenderer;
  /** The address that it binds to. */
  host: string;
  /** Absent or null: nobody can sign in, and beyond loopback pages refuse. */
  signIn?: SignIn | null;
  webhooks: Webhooks;
  /** Where what is stored sealed opens. */
  vault: Pick<Vault, 'requireSeal'>;
  /** What Slack calls; absent or null where it calls nothing here. */
  slack?: { router: RequestHandler | null } | null;
  /** Asks every configured provider whether it answers; must not cost money. Asked at most once in 15 seconds. */
  checkProviders?(signal: AbortSignal): Promise<readonly ProviderCheck[]>;
};
