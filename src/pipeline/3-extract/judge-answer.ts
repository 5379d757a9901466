import type { ScoringModel } from '../scoring-model.ts';
import type { Signal } from '../store/signals.ts';
import type { Source } from '../store/sources.ts';
import { checkThought } from './check-thought.ts';
import { checkCompetitor, type FoundCompetitor } from './competitors.ts';
import type { Overview, Statement } from './overview.ts';
import { checkQuote, checkStatement } from './quote-check.ts';
import type { ReadingAnswer } from './reading-answer.ts';
import type { ReadCompany } from './reading-prompt.ts';
import type { Dropped, ReadPersona } from './reading.ts';

/** A checked quote is surer than a phrase's find (0.7): somebody read it, and its words bear it out. */
const MODEL_CONFIDENCE = 0.8;
/** A model that reports a claim at all means more than nothing by it. */
const LEAST_STRENGTH = 0.3;

export type JudgedAnswer = {
  overview: Overview;
  signals: Signal[];
  competitors: FoundCompetitor[];
  personas: ReadPersona[];
  dropped: Dropped[];
};

/** An answer of the text model → what of it the sources prove. `sources` are numbered from 1 as in the prompt. */
export function judgeAnswer(options: {
  answer: ReadingAnswer;
  sources: readonly Source[];
  company: ReadCompany;
  model: ScoringModel;
}): JudgedAnswer {
  const { answer, sources, company, model } = options;
  const dropped: Dropped[] = [];
  const drop = (what: Dropped['what'], reason: string, said: string): void => {
    dropped.push({ what, reason, said: said.slice(0, 200).toWellFormed() });
  };
  const sourceAt = (number: number, what: Dropped['what'], said: string): Source | null => {
    const source = sources[number - 1];
    if (!source) drop(what, 'no-such-source', said);
    return source ?? null;
  };

  const signals: Signal[] = [];
  for (const claim of answer.signals) {
    const source = sourceAt(claim.source, 'signal', claim.quote);
    if (!source) continue;
    const checked = checkQuote({ quote: claim.quote, source, kind: claim.kind, company, model });
    if (!checked.ok) {
      drop('signal', checked.reason, `${claim.kind}: ${claim.quote}`);
      continue;
    }
    signals.push({
      kind: claim.kind,
      // Its words bound how strongly a quote can say it, whatever the model thinks of it.
      strength: Math.min(checked.strength, Math.max(LEAST_STRENGTH, claim.strength)),
      confidence: MODEL_CONFIDENCE,
      quote: checked.quote,
      sourceId: source.id,
      url: source.url,
      published: source.published,
    });
  }

  const competitors = new Map<string, FoundCompetitor>();
  for (const claim of answer.competitors) {
    const source = sourceAt(claim.source, 'competitor', claim.quote);
    if (!source) continue;
    const checked = checkCompetitor({ name: claim.name, quote: claim.quote, source, company });
    if (!checked.ok) drop('competitor', checked.reason, `${claim.name}: ${claim.quote}`);
    else if (!competitors.has(checked.name.toLowerCase())) {
      const { name, domain, quote } = checked;
      competitors.set(name.toLowerCase(), { name, domain, quote, sourceId: source.id, url: source.url });
    }
  }

  const states = (claim: { quote: string; source: number } | null): Statement[] => {
    if (!claim) return [];
    const source = sourceAt(claim.source, 'overview', claim.quote);
    if (!source) return [];
    const checked = checkStatement({ quote: claim.quote, source, company });
    if (!checked.ok) drop('overview', checked.reason, claim.quote);
    return checked.ok ? [{ quote: checked.quote, sourceId: source.id, url: source.url }] : [];
  };
  const thinks = (thoughts: readonly string[]): string[] =>
    thoughts.flatMap((thought) => {
      const clean = checkThought(thought, company);
      if (clean === null) drop('inference', 'states-a-fact', thought);
      return clean === null ? [] : [clean];
    });

  const personas: ReadPersona[] = [];
  for (const claim of answer.personas) {
    if (
      !model.personas.some((role) => role.key === claim.role) ||
      personas.some(({ role }) => role === claim.role)
    ) {
      drop('persona', 'unknown-role', claim.role);
      continue;
    }
    const proof =
      claim.quote === null || claim.source === null
        ? null
        : (states({ quote: claim.quote, source: claim.source })[0] ?? null);
    personas.push({
      role: claim.role,
      pains: thinks(claim.pains),
      motives: thinks(claim.motives),
      style: claim.style === null ? null : (thinks([claim.style])[0] ?? null),
      decisionFactors: thinks(claim.decision_factors),
      quote: proof?.quote ?? null,
      sourceId: proof?.sourceId ?? null,
      url: proof?.url ?? null,
    });
  }

  const { overview } = answer;
  return {
    overview: {
      profile: states(overview.profile)[0] ?? null,
      capabilities: unique(overview.capabilities.flatMap(states)),
      positioning: states(overview.positioning)[0] ?? null,
      useCases: unique(overview.use_cases.flatMap(states)),
      targetCustomers: unique(overview.target_customers.flatMap(states)),
      objections: thinks(overview.objections),
    },
    signals,
    competitors: [...competitors.values()],
    personas,
    dropped,
  };
}

function unique(statements: readonly Statement[]): Statement[] {
  return statements.filter(
    (statement, index) => statements.findIndex(({ quote }) => quote === statement.quote) === index,
  );
}
