import type { Database } from '../../db.ts';
import type { Stage } from '../stage.ts';
import { findCurrentExtraction, listSignals } from '../store/extractions.ts';
import { findCurrentScore, saveScore } from '../store/scores.ts';
import { listSources, listUnreadPages } from '../store/sources.ts';
import { weigh } from './weigh.ts';

// Evidence loses freshness by tenths of a point a day. The same evidence keeps its score for a week, so that a score moves in
// the CRM because something happened, not because a day went by.
const SCORE_STANDS_MS = 7 * 86_400_000;

/** Signals → score. */
export function createScoreStage(deps: { db: Database }): Stage {
  return {
    name: 'score',
    tries: 3,
    run: async (work) => {
      const { workspaceId, companyId, model, asOf } = work;
      await deps.db.inWorkspace(workspaceId, async (tx) => {
        const extraction = await findCurrentExtraction(tx, companyId);
        if (extraction === null) throw new Error('nothing was extracted before scoring');
        const last = await findCurrentScore(tx, companyId);
        const stands =
          last?.extractionId === extraction.id &&
          last.modelVersion === model.identity &&
          Date.parse(asOf) - Date.parse(last.asOf) < SCORE_STANDS_MS;
        if (stands) return;
        const signals = await listSignals(tx, extraction.id);
        const sources = await listSources(tx, companyId);
        const evidence = {
          textLength: sources.reduce((sum, source) => sum + source.text.length, 0),
          sources,
        };
        const score = weigh(signals, model, { asOf, evidence });
        const unread = score.status === 'scored' ? [] : await listUnreadPages(tx, companyId);
        await saveScore(tx, workspaceId, {
          ...score,
          why: describeGap(score.why, unread),
          companyId,
          extractionId: extraction.id,
          model: model.name,
          modelVersion: model.identity,
          asOf,
        });
      });
    },
  };
}

/** Why there is no score, with the pages that could not be read. */
function describeGap(why: string | null, unread: readonly { url: string; reason: string }[]): string | null {
  if (why === null || unread.length === 0) return why;
  const pages = unread.slice(0, 3).map((page) => `${page.url} (${page.reason})`);
  return `${why} Could not read ${pages.join(', ')}.`;
}
