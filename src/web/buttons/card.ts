import type { CrmObject } from '../../connectors/crm.ts';
import type { Tx } from '../../db.ts';
import { isStale } from '../../pipeline/ask-for-scores.ts';
import { STAGE_NAMES } from '../../pipeline/stage.ts';
import { estimateAskedSeconds, findAskedWork } from '../../pipeline/store/asked-work.ts';
import { findCardRecord } from '../../pipeline/store/card-records.ts';
import { findCompany } from '../../pipeline/store/companies.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import type { Connection } from '../../pipeline/store/connections.ts';
import { findCurrentExtraction } from '../../pipeline/store/extractions.ts';
import { listPersonas } from '../../pipeline/store/personas.ts';
import { findCurrentScore, findScoreBefore } from '../../pipeline/store/scores.ts';
import type { StoredScore } from '../../pipeline/store/scores.ts';
import { spentThisMonth } from '../../pipeline/store/usage.ts';
import { listWrites } from '../../pipeline/store/writes-list.ts';
import type { WebDeps } from '../deps.ts';
import { HttpError } from '../http-error.ts';
import { describeConflicts, describePersonas, describeReasons } from './card-parts.ts';
import type { Card } from './card-shape.ts';
import { judgeRecord, tellStale } from './card-state.ts';
import { listChoices } from './template-choice.ts';

/** The record on which somebody looks at the card; `externalId` as the connector mirrors it. */
export type CardTarget = {
  workspaceId: string;
  connection: Connection;
  object: CrmObject;
  externalId: string;
};

export type CardDeps = Pick<WebDeps, 'db' | 'publicUrl' | 'monthlyBudgetUsd'>;

// Ten fields, some of them written many times.
const WRITES = 200;

/** Everything that the card of a record shows, from what is stored: no call leaves the house. */
export function readCard(deps: CardDeps, target: CardTarget): Promise<Card> {
  return deps.db.inWorkspace(target.workspaceId, (tx) => readCardWithin(tx, deps, target));
}

/** The company that a card is about, if nothing stands in the way of its score. */
export async function findCardCompany(tx: Tx, target: CardTarget): Promise<Company | null> {
  const { company, trouble } = await findSubject(tx, target);
  return trouble === null ? company : null;
}

/** The same. @throws HttpError 409 with what stands in the way and what to do about it */
export async function requireCardCompany(tx: Tx, target: CardTarget): Promise<Company> {
  const { company, trouble } = await findSubject(tx, target);
  if (trouble === null && company !== null) return company;
  throw new HttpError(409, trouble?.why ?? 'This record leads to no company', trouble?.fix ?? undefined);
}

/** The company that a record leads to, and what stands in the way of its score; null: nothing. */
export async function findSubject(tx: Tx, { connection, object, externalId }: CardTarget) {
  const record = await findCardRecord(tx, { connectionId: connection.id, object, externalId });
  const companyId = record?.companyId ?? null;
  const company = companyId === null ? null : await findCompany(tx, companyId);
  return { company, trouble: judgeRecord(record, company) };
}

async function readCardWithin(tx: Tx, deps: CardDeps, target: CardTarget): Promise<Card> {
  const { company, trouble } = await findSubject(tx, target);
  const spentUsd = await spentThisMonth(tx);
  const limitUsd = deps.monthlyBudgetUsd;
  const bare: Card = {
    state: 'not-scored',
    why: 'This company was not scored yet',
    fix: 'Press "Score now", or wait: new records are scored by themselves.',
    company:
      company === null
        ? null
        : {
            name: company.name,
            domain: company.domain,
            page: `${deps.publicUrl}/companies/${encodeURIComponent(company.domain)}`,
          },
    score: null,
    reasons: [],
    personas: [],
    conflicts: [],
    work: null,
    usage: { spentUsd, limitUsd, isSpent: limitUsd !== null && spentUsd >= limitUsd },
    templates: await listChoices(tx),
  };
  if (trouble !== null || company === null) return { ...bare, ...trouble };
  const work = await readWork(tx, company.id);
  const score = await findCurrentScore(tx, company.id);
  if (score === null) return { ...bare, ...work };
  const isScored = score.status === 'scored';
  const { object, externalId, connection } = target;
  const writes = await listWrites(
    tx,
    { companyId: company.id, externalId },
    { limit: WRITES, beforeId: null },
  );
  return {
    ...bare,
    state: score.status,
    why: isScored ? null : (score.why ?? 'Too little could be read about this company'),
    fix: isScored ? null : 'It is read again by itself. Check that the website on the record is right.',
    ...work,
    score: await describeScore(tx, company, score),
    reasons: describeReasons(score.reasons),
    personas: isScored ? describePersonas(await listPersonas(tx, company.id)) : [],
    conflicts: describeConflicts(
      writes.filter((write) => write.connectionId === connection.id && write.object === object),
    ),
  };
}

async function describeScore(tx: Tx, company: Company, score: StoredScore): Promise<Card['score']> {
  const before = await findScoreBefore(tx, score);
  const { enrichedAt } = company;
  // The same evidence gives the same score again: it is as fresh as the last reading.
  const readAt = enrichedAt !== null && enrichedAt > score.scoredAt ? enrichedAt : score.scoredAt;
  const staleBecause = tellStale(company, isStale(readAt));
  return {
    value: score.score,
    band: score.band,
    confidence: score.confidence,
    trend: before === null || score.score === null ? null : Math.round((score.score - before) * 10) / 10,
    scoredAt: score.scoredAt.toISOString(),
    stale: staleBecause !== null,
    staleBecause,
    model: score.modelVersion.startsWith(score.model)
      ? score.modelVersion
      : `${score.model} ${score.modelVersion}`,
    method: (await findCurrentExtraction(tx, company.id))?.method ?? 'phrases',
  };
}

/** Where the work is that somebody asked for; of one that failed lately, why. */
async function readWork(tx: Tx, companyId: string): Promise<Partial<Pick<Card, 'work' | 'why' | 'fix'>>> {
  const asked = await findAskedWork(tx, companyId);
  if (asked === null) return {};
  if (asked.state === 'failed')
    return {
      why: `The last "Score now" failed: ${asked.error ?? 'no reason is known'}`,
      fix: 'Press it again. If it stays, show this to an administrator.',
    };
  if (asked.state !== 'queued' && asked.state !== 'working') return {};
  const doneStages = STAGE_NAMES.findIndex((name) => name === asked.stage) + 1;
  const usual = await estimateAskedSeconds(tx);
  return {
    work: {
      stage: STAGE_NAMES[doneStages] ?? null,
      doneStages,
      allStages: STAGE_NAMES.length,
      secondsLeft: usual === null ? null : Math.max(1, Math.round(usual - asked.ageSeconds)),
    },
  };
}
