import { createHash } from 'node:crypto';
import type { TextModel } from '../../connectors/text-model.ts';
import type { Database } from '../../db.ts';
import { ProviderError } from '../../errors.ts';
import type { CompanyWork, Stage } from '../stage.ts';
import { findAnswers, saveAnswers } from '../store/answers.ts';
import { reusePitch, savePitch } from '../store/pitches.ts';
import type { Citation } from '../store/pitches.ts';
import { readPitchSettings, type PitchSettings } from '../store/pitch-settings.ts';
import { readSeller, type Seller } from '../store/sellers.ts';
import { countWords, fitLength, trimPassages, WORD_BANDS } from './fit-length.ts';
import { finishPitch } from './finish-pitch.ts';
import { buildPitchData } from './pitch-data.ts';
import type { PitchData } from './pitch-data.ts';
import { readPitchFacts } from './read-facts.ts';
import { fillPassages, type Passage } from './render-template.ts';
import { DEFAULT_TEMPLATE, findTemplate, requireTemplate } from './template-library.ts';
import type { TemplateRenderer } from './template-renderer.ts';
import {
  judgePassages,
  listOwn,
  parsePassagesAnswer,
  PITCH_PROMPT,
  prepareWriting,
} from './write-passages.ts';
import type { JudgedPassages } from './write-passages.ts';

/** Score, personas and competitors → pitch. A company without a score gets none: there is nothing to say that could be proven. */
export function createPitchStage(deps: {
  db: Database;
  textModel: TextModel | null;
  templates: TemplateRenderer;
}): Stage {
  const { db, textModel, templates } = deps;
  return {
    name: 'pitch',
    tries: 3,
    run: async (work) => {
      const { workspaceId, companyId } = work;
      const { facts, seller, settings, template } = await db.inWorkspace(workspaceId, async (tx) => {
        const settings = await readPitchSettings(tx);
        // A template that was removed since it was chosen must not hold up every company.
        const template =
          (await findTemplate(tx, settings.template)) ?? (await requireTemplate(tx, DEFAULT_TEMPLATE));
        const facts = await readPitchFacts(tx, companyId);
        return { facts, seller: await readSeller(tx), settings, template };
      });
      if (facts === null) return;
      const { data: whole, citations } = buildPitchData({ ...facts, seller, settings });
      const fingerprint = hash(
        JSON.stringify([
          [template.name, template.source, textModel?.model ?? null, PITCH_PROMPT],
          [settings.instructions, settings.temperature, seller, whole],
        ]),
      );
      const known = await db.inWorkspace(workspaceId, (tx) =>
        reusePitch(tx, companyId, template.name, fingerprint),
      );
      if (known !== null) return;

      const { rendered, data } = await fitLength((part) => templates.render(template, part), whole);
      const written =
        textModel === null
          ? null
          : await writePassages(db, textModel, work, {
              passages: rendered.passages,
              data,
              citations,
              seller,
              settings,
            });
      const proven = written === 'no answer' ? null : written;
      const passages =
        proven === null ? null : { ...proven, texts: trimPassages(rendered, proven.texts, settings.length) };
      const pitch = finishPitch({ template, rendered, passages, citations, own: listOwn(seller) });
      const words = countWords(fillPassages(rendered, passages?.texts ?? new Map()).text);
      await db.inWorkspace(workspaceId, (tx) =>
        savePitch(tx, workspaceId, {
          ...pitch,
          companyId,
          fingerprint,
          textModel: pitch.method === 'llm' ? (textModel?.model ?? null) : null,
          awaitsModel: written === 'no answer',
          cuts: passages?.cut ?? [],
          madeWith: {
            settings,
            template: hash(template.source),
            seller: seller === null ? null : hash(JSON.stringify(seller)),
            prompt: PITCH_PROMPT,
            words,
            short: words < WORD_BANDS[settings.length].least,
          },
        }),
      );
    },
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

type Writing = {
  passages: readonly Passage[];
  data: PitchData;
  citations: readonly Citation[];
  seller: Seller | null;
  settings: PitchSettings;
};

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
