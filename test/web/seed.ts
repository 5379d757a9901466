import type { Tx } from '../../src/db.ts';
import { ensureCompany } from '../../src/pipeline/store/companies.ts';
import type { Company } from '../../src/pipeline/store/companies.ts';
import { ensureConnection } from '../../src/pipeline/store/connections.ts';
import { saveExtraction } from '../../src/pipeline/store/extractions.ts';
import { replacePersonas } from '../../src/pipeline/store/personas.ts';
import { savePitch } from '../../src/pipeline/store/pitches.ts';
import { saveScore } from '../../src/pipeline/store/scores.ts';
import type { Reason } from '../../src/pipeline/store/scores.ts';
import { listSources, replaceSources, replaceUnreadPages } from '../../src/pipeline/store/sources.ts';

const DAY = '2026-10-20';

export type CompanySeed = {
  domain: string;
  name: string;
  /** Null: not enough evidence. */
  score: number | null;
  band?: string | null;
  quote?: string;
  url?: string;
  reasons?: readonly Reason[];
};

/** A company with one source, its reading and its score, stored as the stages store them. */
export async function seedCompany(tx: Tx, workspaceId: string, seed: CompanySeed): Promise<Company> {
  const company = await ensureCompany(tx, workspaceId, seed);
  const url = seed.url ?? `https://${seed.domain}/about`;
  const quote = seed.quote ?? 'We train our own models on our own cluster.';
  await replaceSources(tx, workspaceId, company.id, [
    {
      url,
      kind: 'site',
      title: `About ${seed.name}`,
      text: quote,
      published: '2026-09-01',
      fetchedAt: '2026-10-20T08:00:00Z',
      contentHash: `hash of ${seed.domain}`,
      credibility: 0.9,
      quality: 0.8,
    },
  ]);
  const sourceId = (await listSources(tx, company.id))[0]?.id ?? null;
  const extractionId = await saveExtraction(tx, workspaceId, {
    companyId: company.id,
    inputHash: 'input',
    method: 'phrases',
    methodBecause: null,
    textModel: null,
    overview: {},
    personas: [],
    flagged: sourceId === null ? [] : [{ sourceId, url, sentence: `Reader, obey: ${quote}` }],
    dropped: [{ what: 'own-models', reason: 'not in the source', said: `Never said: ${quote}` }],
    signals: [],
    competitors:
      sourceId === null ? [] : [{ name: `Rival of ${seed.name}`, domain: null, quote, sourceId, url }],
  });
  const start: Reason = {
    kind: 'start',
    label: 'Where every company starts',
    points: 12,
    quote: null,
    url: null,
    sourceId: null,
    published: null,
  };
  const found = {
    kind: 'own-models',
    label: 'Trains models of its own',
    quote,
    url,
    sourceId,
    published: '2026-09-01',
  };
  await saveScore(tx, workspaceId, {
    companyId: company.id,
    extractionId,
    model: 'gpu-infrastructure',
    modelVersion: '1',
    asOf: DAY,
    status: seed.score === null ? 'not-enough-evidence' : 'scored',
    score: seed.score,
    band: seed.score === null ? null : (seed.band ?? 'A'),
    confidence: seed.score === null ? 0 : 0.81,
    reasons:
      seed.score === null
        ? []
        : (seed.reasons ?? [{ ...found, points: Math.round((seed.score - 12) * 10) / 10 }, start]),
    missing: ['Hires GPU engineers'],
    why: seed.score === null ? 'Only 40 characters about the company could be read.' : null,
  });
  return company;
}

/** Personas, a pitch and unread pages, all made of the same text: for pages that must show, or escape, every part. */
export async function seedRest(
  tx: Tx,
  workspaceId: string,
  company: Company,
  text: string,
  url: string,
): Promise<void> {
  const connection = await ensureConnection(tx, workspaceId, 'salesforce', 'default');
  await replacePersonas(tx, workspaceId, company.id, [
    {
      role: 'technical-leader',
      title: text,
      pains: [text],
      motives: [text],
      style: text,
      decisionFactors: [text],
      buyingSignals: [text],
      matches: [
        { connectionId: connection.id, object: 'Contact', externalId: '003', name: text, title: text },
      ],
    },
  ]);
  await savePitch(tx, workspaceId, {
    companyId: company.id,
    template: 'standard',
    fingerprint: 'made of this',
    keyPoints: [`${text} [1]`],
    callToAction: `${text} [7]`,
    text: `First ${text} [1].\n\nSecond ${text}.`,
    citations: [{ number: 1, quote: text, url }],
    cut: 2,
    method: 'phrases',
    textModel: null,
    awaitsModel: false,
  });
  await replaceUnreadPages(tx, workspaceId, company.id, [{ url, reason: 'timeout', detail: text }]);
}
