import type { Band, ScoringModel } from '../scoring-model.ts';

/** A score of 0–100 → its band: the first whose threshold it reaches (bands fall from A to D, D starts at 0). */
export function bandOf(score: number, bands: ScoringModel['bands']): Band {
  return bands.find((band) => score >= band.from)?.band ?? 'D';
}
