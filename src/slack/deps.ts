import type { Crm } from '../connectors/crm.ts';
import type { Database } from '../db.ts';
import type { Budget } from '../pipeline/budget.ts';
import type { Queue } from '../pipeline/queue/queue.ts';
import type { Connection } from '../pipeline/store/connections.ts';
import type { Seal } from '../seal.ts';
import type { SlackClients } from './clients.ts';
import type { Teams } from './teams.ts';

/** What Slack's rooms are given. */
export type SlackDeps = {
  db: Database;
  queue: Queue;
  budget: Budget;
  monthlyBudgetUsd: number | null;
  /** The scoring model that questions are answered by. */
  modelName: string;
  /** The LLMs that may write pitches, the default first, as far as this process knows; empty: there is none. */
  textModels: readonly string[];
  /** The address under which people reach our own pages. */
  publicUrl: string;
  /** @throws UserError where the connection can't be opened here */
  crmOf(connection: Connection): Crm;
  /** The address of Slack's Web API, with a slash at its end. */
  apiUrl: string;
  /** Seals what may post in a channel. */
  seal: Seal;
  teams: Teams;
  clients: SlackClients;
  onError(error: unknown, what: string): void;
};
