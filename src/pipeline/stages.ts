import type { PageReader } from '../connectors/page-reader.ts';
import type { Search } from '../connectors/search.ts';
import type { TextModel } from '../connectors/text-model.ts';
import type { Database } from '../db.ts';
import { createResearchStage } from './2-research/research.ts';
import { createExtractStage } from './3-extract/extract.ts';
import { createScoreStage } from './4-score/score.ts';
import { createPersonasStage } from './5-personas/personas.ts';
import { createPitchStage } from './6-pitch/pitch.ts';
import type { TemplateRenderer } from './6-pitch/template-renderer.ts';
import { createWriteBackStage } from './7-write-back/write-back.ts';
import type { Stage } from './stage.ts';

export type StageDeps = {
  db: Database;
  search: Search | null;
  pages: PageReader;
  textModel: TextModel | null;
  templates: TemplateRenderer;
  publicUrl: string;
};

/**
 * The product in order: CRM record → company → sources → signals → score → personas, competitors → pitch → writes → CRM fields.
 * Sync (1) runs per connection; these run per company, one after another, with a checkpoint after each.
 */
export function createStages(deps: StageDeps): Stage[] {
  return [
    createResearchStage(deps),
    createExtractStage(deps),
    createScoreStage(deps),
    createPersonasStage(deps),
    createPitchStage(deps),
    createWriteBackStage(deps),
  ];
}
