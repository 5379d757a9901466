import type { ProviderCall } from '../connectors/call.ts';
import type { Tx } from '../db.ts';
import type { ScoringModel } from './scoring-model.ts';

/** The stages of one company in order; a run item remembers the last one that finished. */
export const STAGE_NAMES = ['research', 'extract', 'score', 'personas', 'pitch', 'write-back'] as const;
/** Whoever begins behind it writes again what is known, and reads nothing. */
export const LAST_BEFORE_WRITING: StageName = 'pitch';
type StageName = (typeof STAGE_NAMES)[number];

/** One company at work: what a stage is told. */
export type CompanyWork = {
  workspaceId: string;
  runId: string;
  companyId: string;
  model: ScoringModel;
  /** ISO day from which freshness is reckoned, the same for the whole run. */
  asOf: string;
  /** Read sources again whatever their age, but not twice: what was answered since then counts. Null: no refresh is asked for. */
  refreshSince: Date | null;
  /** Plan writes but mark them as rehearsed. */
  dryRun: boolean;
  /** A person waits. */
  interactive: boolean;
  /** Outages are waited out in batch work; after a while, and when a person waits, the best available way is taken. */
  patient: boolean;
  signal: AbortSignal;
  /** Takes a call into the ledger; saved with the answer that it brought, or at the next checkpoint. */
  onCall(call: ProviderCall): void;
  /**
   * One transaction of the workspace for what `act` saves and these calls (unless told, all that wait): an answer and its price.
   * Where answers come side by side each takes its own calls along. A database that is gone for a moment is waited for.
   */
  save<T>(act: (tx: Tx) => Promise<T>, calls?: readonly ProviderCall[]): Promise<T>;
};

/**
 * A step of the product. It loads by id, calls outside with no transaction open, saves with upserts, and may run twice.
 * Throws ProviderError or ProviderDownError when the outside fails; anything else is a mistake of ours.
 */
export type Stage = {
  name: StageName;
  /** How many failed attempts a company has in this stage before it is given up. */
  tries: number;
  run(work: CompanyWork): Promise<void>;
};
