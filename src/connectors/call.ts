/** One call that went out to a provider, as the usage ledger keeps it. */
export type ProviderCall = {
  provider: string;
  operation: string;
  ok: boolean;
  milliseconds: number;
  /** HTTP requests that this call took, retries included. */
  requests: number;
  /** Further requests among them that were hedges for a hung one. */
  hedges?: number;
  searchCredits?: number;
  promptTokens?: number;
  cachedTokens?: number;
  completionTokens?: number;
  model?: string;
};

/** What every call to the outside takes: how it is stopped, and who counts it. */
export type CallOptions = {
  signal: AbortSignal;
  /**
   * Nothing is sent from this moment on (milliseconds of performance.now()). A process that stood still may go on before its timers
   * do, so that a signal alone would come too late.
   */
  sendBefore?: number | undefined;
  /** Interactive work (a person waits) goes ahead of batch work. */
  interactive?: boolean;
  onCall?: (call: ProviderCall) => void;
  /** Something that a person should know although the call goes on: what went another way, and what they can do. */
  onNotice?: (notice: string) => void;
};
