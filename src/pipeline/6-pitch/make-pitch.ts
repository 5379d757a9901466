import type { TextModel } from '../../connectors/text-model.ts';
import type { Database, Tx } from '../../db.ts';
import type { UserError } from '../../errors.ts';
import { holdCompany } from '../store/asked-work.ts';
import { findVersionBefore, reusePitch, savePitch } from '../store/pitches.ts';
import type { Pitch, PitchChange } from '../store/pitches.ts';
import { buyPassages } from './buy-passages.ts';
import type { PitchWork } from './buy-passages.ts';
import { takeModel } from './choose-model.ts';
import { listChanges, summarizeData } from './compare-pitches.ts';
import { finishPitch } from './finish-pitch.ts';
import { countWords, fitLength, trimPassages, WORD_BANDS } from './fit-length.ts';
import { fingerprintOf, hash, preparePitch } from './prepare-pitch.ts';
import type { PitchOrder } from './prepare-pitch.ts';
import type { PitchData } from './pitch-data.ts';
import { fillPassages } from './render-template.ts';
import type { Rendered } from './render-template.ts';
import type { TemplateRenderer } from './template-renderer.ts';
import { listOwn, PITCH_PROMPT } from './write-passages.ts';

export type PitchMakers = { db: Database; textModel: TextModel | null; templates: TemplateRenderer };

/** How it is to be made. */
export type Making = {
  /** Names who asks for a text that is written anew whatever is stored; null: what is stored serves. */
  anew: string | null;
  /** Why nothing may be bought; null: it may. */
  spent: UserError | null;
  /** Runs `act`, which finds or stores the pitch, in a transaction; `unwanted`: nobody wants it any more, and it was not run. */
  store(act: (tx: Tx) => Promise<MadePitch | null>): Promise<MadePitch | 'unwanted' | null>;
};

export type MadePitch = { pitch: Pitch; isMain: boolean };

/**
 * Finds or makes the pitch that is wanted, and makes it the one that is shown. What was made from the same before is taken, without a call.
 * @returns null where the company has no score, or nobody wants it any more
 * @throws UserError for what a person can change; ProviderError and ProviderDownError in patient work
 */
export async function makePitch(
  { db, textModel: means, templates }: PitchMakers,
  work: PitchWork,
  order: PitchOrder,
  { anew, spent, store }: Making,
): Promise<MadePitch | null> {
  const { workspaceId, companyId } = work;
  const material = await db.inWorkspace(workspaceId, (tx) => preparePitch(tx, companyId, order));
  if (material === null) return null;
  const { key, isMain, seller, settings, template, citations } = material;
  const textModel = takeModel(settings.model, means);
  const fingerprint = fingerprintOf(material, textModel?.model ?? null);
  const reuse = async (tx: Tx): Promise<MadePitch | null> => {
    const pitch = anew === null ? await reusePitch(tx, key, { fingerprint, current: isMain }) : null;
    return pitch === null ? null : { pitch, isMain };
  };
  if (anew === null) {
    const known = await store(async (tx) => {
      await holdCompany(tx, companyId);
      return reuse(tx);
    });
    if (known === 'unwanted') return null;
    if (known !== null) return known;
  }

  const render = (part: PitchData): Promise<Rendered> => templates.render(template, part);
  const { rendered: asked, data } = await fitLength(render, material.data);
  const writing = { passages: asked.passages, data, citations, seller, settings, anew, spent };
  const written = textModel === null ? null : await buyPassages(db, textModel, work, writing);
  const proven = written === 'no answer' ? null : written;
  const rendered = proven === null ? asked : await refill(render, material.data, asked, proven.texts);
  const passages =
    proven === null ? null : { ...proven, texts: trimPassages(rendered, proven.texts, settings.length) };
  const made = finishPitch({
    template,
    rendered,
    passages,
    citations,
    own: listOwn(seller),
    neverClaim: seller?.neverClaim ?? [],
  });
  const words = countWords(fillPassages(rendered, passages?.texts ?? new Map()).text);
  const madeWith = {
    settings,
    template: hash(template.source),
    seller: seller === null ? null : hash(JSON.stringify(seller)),
    prompt: PITCH_PROMPT,
    words,
    short: words < WORD_BANDS[settings.length].least,
  };
  const madeFrom = summarizeData(material.data, textModel?.model ?? null);
  const stored = await store(async (tx) => {
    await holdCompany(tx, companyId);
    // Somebody else may have made the same meanwhile.
    const known = await reuse(tx);
    if (known !== null) return known;
    const before = await findVersionBefore(tx, key, fingerprint);
    const changes =
      before?.madeFrom && before.madeWith
        ? listChanges(
            { from: before.madeFrom, with: before.madeWith },
            { from: madeFrom, with: madeWith },
            sayWhy(before.fingerprint === fingerprint, anew !== null),
          )
        : [];
    const pitch = await savePitch(tx, workspaceId, {
      ...made,
      companyId,
      persona: key.persona,
      fingerprint,
      textModel: made.method === 'llm' ? (proven?.writtenBy ?? null) : null,
      awaitsModel: written === 'no answer',
      cuts: [...(passages?.cut ?? []), ...made.forbidden],
      madeWith,
      madeFrom,
      changes,
      current: isMain,
    });
    return { pitch, isMain };
  });
  return stored === 'unwanted' ? null : stored;
}

/** Where the model says less than the template's own words in their place, there is room for evidence that was left out for them. */
async function refill(
  render: (data: PitchData) => Promise<Rendered>,
  data: PitchData,
  asked: Rendered,
  texts: ReadonlyMap<number, string>,
): Promise<Rendered> {
  const words = countWords(fillPassages(asked, texts).text);
  if (words >= WORD_BANDS[data.settings.length].least) return asked;
  const { rendered } = await fitLength(render, data, texts);
  const same = (one: Rendered): string => JSON.stringify(one.passages.map(({ instruction }) => instruction));
  return same(rendered) === same(asked) ? rendered : asked;
}

function sayWhy(isSame: boolean, asked: boolean): PitchChange[] {
  if (asked) return [{ kind: 'asked', text: 'Written again because somebody asked for it' }];
  return isSame ? [{ kind: 'age', text: 'Written again after 30 days' }] : [];
}
