import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { TextModel, TextModelRequest } from '../../connectors/text-model.ts';
import { ProviderError } from '../../errors.ts';
import type { ScoringModel } from '../scoring-model.ts';
import type { Source } from '../store/sources.ts';
import { type FoundCompetitor, findCompetitors } from './competitors.ts';
import { judgeAnswer } from './judge-answer.ts';
import { mergeSignals } from './merge-signals.ts';
import { findOverview } from './overview.ts';
import type { Reading } from './reading.ts';
import { readSignals } from './read-signals.ts';
import {
  READING_ANSWER,
  READING_ANSWER_NAME,
  READING_ANSWER_TOKENS,
  type ReadingAnswer,
} from './reading-answer.ts';
import { orderSources, type ReadCompany, type ReadingPrompt, writeReadingPrompt } from './reading-prompt.ts';

export type PreparedReading = {
  /** SHA-256 (hex) of model name, prompts, schema and limits: the same key is the same question, and its answer is bought once. */
  key: string;
  request: TextModelRequest<ReadingAnswer>;
  /** Source number n of the answer is entry n − 1. */
  sources: Source[];
  flagged: ReadingPrompt['flagged'];
  /** Sections of the sources that are in the prompt, out of all. */
  sections: { kept: number; found: number };
};

/** Company and sources → the question to the text model, or null when the sources hold nothing to read. */
export function prepareReading(options: {
  company: ReadCompany;
  sources: readonly Source[];
  model: ScoringModel;
  textModel: Pick<TextModel, 'model' | 'countTokens'>;
}): PreparedReading | null {
  const { company, model, textModel } = options;
  const written = writeReadingPrompt({
    company,
    sources: options.sources,
    model,
    countTokens: (text) => textModel.countTokens(text),
  });
  if (written.sources.length === 0) return null;
  const request: TextModelRequest<ReadingAnswer> = {
    system: written.system,
    prompt: written.prompt,
    schemaName: READING_ANSWER_NAME,
    schema: READING_ANSWER,
    maxTokens: READING_ANSWER_TOKENS,
    temperature: 0,
  };
  const { sources, flagged, sections } = written;
  return { key: keyOfRequest(textModel.model, request), request, sources, flagged, sections };
}

/** Model name and request → the key under which the answer is stored. */
function keyOfRequest(model: string, request: TextModelRequest<unknown>): string {
  const schema = JSON.stringify(z.toJSONSchema(request.schema, { unrepresentable: 'any' }));
  const parts = [
    model,
    request.system,
    request.prompt,
    request.schemaName,
    schema,
    request.maxTokens,
    request.temperature,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** A stored answer → the same, checked; null when it does not have the shape (any more) and must be asked for again. */
export function parseReadingAnswer(stored: unknown): ReadingAnswer | null {
  const parsed = READING_ANSWER.safeParse(stored);
  return parsed.success ? parsed.data : null;
}

/**
 * The text model's answer → what of it is proven. Every quote is checked against its stored source; what fails is dropped and
 * counted. What the phrases find in the same sources is joined to it, so that a model that was talked into silence hides nothing.
 */
export function judgeReading(options: {
  answer: ReadingAnswer;
  prepared: Pick<PreparedReading, 'sources' | 'flagged'>;
  /** All sources of the company, also those that did not fit into the prompt. */
  sources: readonly Source[];
  company: ReadCompany;
  model: ScoringModel;
}): Reading {
  const { answer, prepared, company, model } = options;
  const byPhrases = readByPhrases({ company, model, sources: options.sources });
  const judged = judgeAnswer({ answer, sources: prepared.sources, company, model });
  const known = new Set(judged.competitors.map(({ name }) => name.toLowerCase()));
  return {
    method: 'llm',
    fallbackReason: null,
    overview: judged.overview,
    signals: mergeSignals(judged.signals, byPhrases.signals),
    competitors: [
      ...judged.competitors,
      ...byPhrases.competitors.filter(({ name }) => !known.has(name.toLowerCase())),
    ],
    personas: judged.personas,
    dropped: [...judged.dropped, ...byPhrases.dropped],
    flagged: mergeFlagged(prepared.flagged, byPhrases.flagged),
  };
}

/** Sources → signals, competitors and overview by phrases and rules alone. `reason`: why no text model was used, if there is one. */
export function readByPhrases(options: {
  company: ReadCompany;
  sources: readonly Source[];
  model: ScoringModel;
  reason?: string;
}): Reading {
  const { company, model } = options;
  const sources = orderSources(options.sources);
  const { signals, dropped, flagged } = readSignals({ company, sources, model });
  const competitors = new Map<string, FoundCompetitor>();
  for (const source of sources) {
    for (const competitor of findCompetitors(source, company)) {
      const key = competitor.name.toLowerCase();
      if (!competitors.has(key)) competitors.set(key, competitor);
    }
  }
  return {
    method: 'phrases',
    fallbackReason: options.reason ?? null,
    overview: findOverview(sources, company),
    signals,
    competitors: [...competitors.values()],
    personas: [],
    dropped,
    flagged,
  };
}

/**
 * May the sources be read by phrases instead, after the text model failed so? Yes when this one answer was malformed or refused:
 * asking again would cost the same and bring the same. Outages, limits and wrong credentials are waited out or fixed instead,
 * unless `fallBackOnOutage`.
 */
export function mayFallBack(error: unknown, fallBackOnOutage = false): boolean {
  if (fallBackOnOutage) return true;
  return error instanceof ProviderError && (error.kind === 'malformed' || error.kind === 'refused');
}

function mergeFlagged(
  first: ReadingPrompt['flagged'],
  second: ReadingPrompt['flagged'],
): ReadingPrompt['flagged'] {
  const seen = new Set<string>();
  return [...first, ...second].filter(({ sourceId, sentence }) => {
    const key = `${sourceId}\n${sentence}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
