import { join } from 'node:path';
import { z } from 'zod';
import { readSignals } from '../pipeline/3-extract/read-signals.ts';
import { weigh } from '../pipeline/4-score/weigh.ts';
import { counts, evaluate, type Evaluation } from '../pipeline/evaluate.ts';
import { UserError } from '../errors.ts';
import type { Band, ScoringModel } from '../pipeline/scoring-model.ts';
import type { Reason } from '../pipeline/store/scores.ts';
import { readJsonLines } from './read-json-lines.ts';

/** Of a company only what a page could say: its name and texts. Industry, tags and labels stay unread. */
const COMPANY = z.object({
  domain: z.string().min(1),
  name: z.string().min(1),
  one_liner: z.string().nullish(),
  description: z.string().nullish(),
});

const LABEL = z.object({
  domain: z.string().min(1),
  grade: z.int().min(0).max(3).nullish(),
  visible_in_text: z.boolean().nullish(),
});

const WORST = 20;

/** Between a page of the company's own and the press. */
const DIRECTORY_CREDIBILITY = 0.8;

type Miss = {
  domain: string;
  name: string;
  grade: number;
  score: number | null;
  band: Band | null;
  /** 0–1: the share of the other side (need or no need) against which it is ranked wrongly. */
  wrong: number;
  reasons: Pick<Reason, 'kind' | 'label' | 'points' | 'quote'>[];
  why: string | null;
};

export type WorldEvaluation = Evaluation & {
  method: 'phrases';
  model: string;
  /** Companies read, with or without a label. */
  companies: number;
  seconds: number;
  misses: Miss[];
};

type Row = Omit<Miss, 'wrong' | 'grade'> & { grade: number | null; visible: boolean };

/**
 * Scores every company of a world by its texts alone and measures the scores against the labels. Reads both files line by line.
 * A missing file, a broken line or
 * labels that fit no company are UserErrors.
 */
export async function evaluateWorld(options: {
  world: string;
  labels: string;
  model: ScoringModel;
}): Promise<WorldEvaluation> {
  const started = performance.now();
  const labels = new Map<string, z.infer<typeof LABEL>>();
  for await (const label of readJsonLines(options.labels, LABEL)) labels.set(label.domain, label);
  const rows: Row[] = [];
  let companies = 0;
  for await (const company of readJsonLines(join(options.world, 'companies.jsonl'), COMPANY)) {
    companies += 1;
    const label = labels.get(company.domain);
    const row: Row = {
      ...scoreCompany(company, options.model),
      grade: label?.grade ?? null,
      visible: label?.visible_in_text !== false,
    };
    if (counts(row)) rows.push(row);
  }
  if (rows.length === 0) {
    throw new UserError(
      `${options.labels}: no company of ${options.world} has a grade here`,
      'Give labels of the same world, with domain and grade.',
    );
  }
  const evaluation = evaluate(rows);
  return {
    ...evaluation,
    method: 'phrases',
    model: options.model.identity,
    companies,
    seconds: Math.round((performance.now() - started) / 10) / 100,
    misses: findWorst(rows.filter(counts)),
  };
}

function scoreCompany(
  { domain, name, one_liner, description }: z.infer<typeof COMPANY>,
  model: ScoringModel,
): Pick<Row, 'domain' | 'name' | 'score' | 'band' | 'reasons' | 'why'> {
  // The day is of no weight here: the texts carry no date, so every signal is as fresh as the reading.
  const asOf = '2026-01-01';
  const text = [name, one_liner, description].filter(Boolean).join('\n');
  const source = {
    id: domain,
    url: `https://${domain}/`,
    kind: 'site' as const,
    title: name,
    text,
    published: null,
    fetchedAt: asOf,
    credibility: DIRECTORY_CREDIBILITY,
  };
  const { signals } = readSignals({ company: { name, domain }, sources: [source], model });
  const evidence = { textLength: text.length, sources: [source] };
  const { score, band, reasons, why } = weigh(signals, model, { asOf, evidence });
  return {
    domain,
    name,
    score,
    band,
    reasons: reasons.map(({ kind, label, points, quote }) => ({ kind, label, points, quote })),
    why,
  };
}

function findWorst(rows: readonly (Row & { grade: number })[]): Miss[] {
  const valueOf = (row: Row): number => row.score ?? -1;
  const needs = rows.filter((row) => row.grade >= 2).map(valueOf);
  const others = rows.filter((row) => row.grade < 2).map(valueOf);
  const shareOf = (values: readonly number[], isWrong: (value: number) => boolean): number =>
    values.length === 0 ? 0 : values.filter(isWrong).length / values.length;
  return rows
    .map(({ domain, name, grade, score, band, reasons, why }) => {
      const value = score ?? -1;
      const wrong =
        grade >= 2 ? shareOf(others, (other) => other >= value) : shareOf(needs, (need) => need <= value);
      return { domain, name, grade, score, band, wrong, reasons, why };
    })
    .toSorted((a, b) => b.wrong - a.wrong || (a.domain < b.domain ? -1 : 1))
    .slice(0, WORST);
}
