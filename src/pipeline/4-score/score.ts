import type { Database } from '../../db.ts';
import type { Stage } from '../stage.ts';
import { findCurrentExtraction, listSignals } from '../store/extractions.ts';
import { saveScore } from '../store/scores.ts';
import { listSources, listUnreadPages } from '../store/sources.ts';
import { weigh } from './weigh.ts';

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
