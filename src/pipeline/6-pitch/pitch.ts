import { createHash } from 'node:crypto';
import type { TextModel } from '../../connectors/text-model.ts';
import type { Database } from '../../db.ts';
import { ProviderError } from '../../errors.ts';
import type { CompanyWork, Stage } from '../stage.ts';
import { findAnswers, saveAnswers } from '../store/answers.ts';
import { reusePitch, savePitch } from '../store/pitches.ts';
import type { Citation } from '../store/pitches.ts';
import { finishPitch } from './finish-pitch.ts';
import { buildPitchData } from './pitch-data.ts';
import type { PitchData } from './pitch-data.ts';
import { readPitchFacts } from './read-facts.ts';
import type { Passage } from './render-template.ts';
import { requireTemplate } from './template-library.ts';
import type { TemplateRenderer } from './template-renderer.ts';
import { judgePassages, parsePassagesAnswer, prepareWriting } from './write-passages.ts';
import type { JudgedPassages } from './write-passages.ts';

/** Score, personas and competitors → pitch. A company without a score gets none: there is nothing to say that could be proven. */
export function createPitchStage(deps: {
  db: Database;
  textModel: TextModel | null;
  templates: TemplateRenderer;
  /** The name of the template. */
  template: string;
}): Stage {
  const { db, textModel, templates } = deps;
  return {
    name: 'pitch',
    tries: 3,
    run: async (work) => {
      const { workspaceId, companyId } = work;
      const { facts, template } = await db.inWorkspace(workspaceId, async (tx) => ({
        facts: await readPitchFacts(tx, companyId),
        template: await requireTemplate(tx, deps.template),
      }));
      if (facts === null) return;
      const { data, citations } = buildPitchData(facts);
      const fingerprint = createHash('sha256')
        .update(JSON.stringify([template.name, template.source, textModel?.model ?? null, data]))
        .digest('hex');
      const known = await db.inWorkspace(workspaceId, (tx) =>
        reusePitch(tx, companyId, template.name, fingerprint),
      );
      if (known !== null) return;

      const rendered = await templates.render(template, data);
      const written =
        textModel === null
          ? null
          : await writePassages(db, textModel, work, { passages: rendered.passages, data, citations });
      const passages = written === 'no answer' ? null : written;
      const pitch = finishPitch({ template, rendered, passages, citations });
      await db.inWorkspace(workspaceId, (tx) =>
        savePitch(tx, workspaceId, {
          ...pitch,
          companyId,
          fingerprint,
          textModel: pitch.method === 'llm' ? (textModel?.model ?? null) : null,
          awaitsModel: written === 'no answer',
        }),
      );
    },
  };
}

type Writing = { passages: readonly Passage[]; data: PitchData; citations: readonly Citation[] };

/**
 * The marked passages as the text model writes them, proven. Where the template's own words stand: null when that is how it
 * stays, `no answer` when the model is worth asking again.
 */
async function writePassages(
  db: Database,
  textModel: TextModel,
  work: CompanyWork,
  writing: Writing,
): Promise<JudgedPassages | 'no answer' | null> {
  const { workspaceId } = work;
  const prepared = prepareWriting({ ...writing, textModel });
  if (prepared === null) return null;
  const stored = await db.inWorkspace(workspaceId, (tx) => findAnswers(tx, [prepared.key]));
  let answer = parsePassagesAnswer(stored.get(prepared.key));
  if (answer === null) {
    try {
      const asked = await textModel.ask(prepared.request, {
        signal: work.signal,
        interactive: work.interactive,
        onCall: work.onCall,
      });
      answer = asked.value;
    } catch (error) {
      const unusable =
        error instanceof ProviderError && (error.kind === 'malformed' || error.kind === 'refused');
      // The template's own words serve as well: no company waits for prose when waiting is no use.
      if (work.signal.aborted || (!unusable && work.patient)) throw error;
      return unusable ? null : 'no answer';
    }
    const question = { company: writing.data.company.domain, model: textModel.model };
    const bought = answer;
    await work.save((tx) =>
      saveAnswers(tx, [
        {
          workspaceId,
          key: prepared.key,
          provider: 'llm',
          operation: 'write pitch',
          question,
          answer: bought,
          ttlMs: null,
        },
      ]),
    );
  }
  return judgePassages({ ...writing, answer });
}
