/**
 * How long a value of a run that goes on may wait for its call to be full, in milliseconds. Ours: people who look into the CRM see what
 * a long run found within that time, for a few calls more.
 */
export const LONGEST_LINGER_MS = 5 * 60_000;
