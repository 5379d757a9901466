import { z } from 'zod';
import type { Tx } from '../../db.ts';
import { domainOf } from '../../pipeline/1-sync/domain.ts';
import { readScoreCard } from '../../pipeline/score-card.ts';
import { findCompanyByDomain } from '../../pipeline/store/companies.ts';
import type { Company as StoredCompany } from '../../pipeline/store/companies.ts';
import { listCompaniesAfter, listSourcesAfter } from '../../pipeline/store/company-pages.ts';
import { findCurrentExtraction, listSignals } from '../../pipeline/store/extractions.ts';
import { STANDINGS } from '../../pipeline/store/ranking.ts';
import { findCurrentScore } from '../../pipeline/store/scores.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { ApiError } from './problem.ts';
import { NOTHING, NO_PARAMS, route } from './route.ts';
import { Company, CompanyList, DomainParams, PageQuery, SignalList, SourceList } from './shapes.ts';

const RankPlace = z.object({ group: z.int().min(0).max(2), score: z.number(), domain: z.string() });
const SourcePlace = z.object({ kind: z.string(), url: z.string() });

/** The company that the caller means. @throws ApiError 404 */
export async function requireCompany(tx: Tx, input: string): Promise<StoredCompany> {
  const read = domainOf(input);
  const company = 'skip' in read ? null : await findCompanyByDomain(tx, read.domain);
  if (company === null)
    throw new ApiError(
      404,
      `${input} is not among your companies`,
      'It appears once a CRM record points to it; POST /api/v1/scores reads it now.',
      { kind: 'no-such-company' },
    );
  return company;
}

export const companyRoutes = [
  route({
    method: 'get',
    path: '/companies',
    id: 'listCompanies',
    summary: 'Companies by score, strongest first; those without one behind',
    scope: 'read',
    params: NO_PARAMS,
    query: PageQuery.extend({ standing: z.enum(STANDINGS).optional() }),
    body: NOTHING,
    answer: CompanyList,
    answers: { 200: 'A page of companies' },
    handle: async ({ deps, caller, query }) => {
      const after = readCursor(query.cursor, RankPlace);
      const found = await deps.db.inWorkspace(caller.workspaceId, (tx) =>
        listCompaniesAfter(tx, { standing: query.standing, after, limit: query.limit + 1 }),
      );
      const page = found.slice(0, query.limit);
      const last = page.at(-1);
      return {
        body: {
          companies: page.map(({ place, scoredAt, ...company }) => ({
            ...company,
            domain: place.domain,
            scoredAt: scoredAt?.toISOString() ?? null,
          })),
          next: last === undefined || found.length === page.length ? null : writeCursor(last.place),
        },
      };
    },
  }),
  route({
    method: 'get',
    path: '/companies/{domain}',
    id: 'getCompany',
    summary: 'One company: what the CRM says, its score and why, personas, competitors, pitch',
    scope: 'read',
    params: DomainParams,
    query: NO_PARAMS,
    body: NOTHING,
    answer: Company,
    answers: { 200: 'The company' },
    handle: async ({ deps, caller, params }) => {
      const { company, score } = await deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        const known = await requireCompany(tx, params.domain);
        return { company: known, score: await findCurrentScore(tx, known.id) };
      });
      return {
        body: {
          ...company,
          enrichedAt: company.enrichedAt?.toISOString() ?? null,
          result: score === null ? null : await readScoreCard(deps.db, caller.workspaceId, company.id),
        },
      };
    },
  }),
  route({
    method: 'get',
    path: '/companies/{domain}/sources',
    id: 'listSources',
    summary: 'What was read about a company',
    scope: 'read',
    params: DomainParams,
    query: PageQuery,
    body: NOTHING,
    answer: SourceList,
    answers: { 200: 'A page of sources' },
    handle: async ({ deps, caller, params, query }) => {
      const after = readCursor(query.cursor, SourcePlace);
      const found = await deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        const { id } = await requireCompany(tx, params.domain);
        return listSourcesAfter(tx, id, { after, limit: query.limit + 1 });
      });
      const page = found.slice(0, query.limit);
      const last = page.at(-1);
      return {
        body: {
          sources: page.map((source) => ({ ...source, fetchedAt: source.fetchedAt.toISOString() })),
          next:
            last === undefined || found.length === page.length
              ? null
              : writeCursor({ kind: last.kind, url: last.url }),
        },
      };
    },
  }),
  route({
    method: 'get',
    path: '/companies/{domain}/signals',
    id: 'listSignals',
    summary: 'What the sources say about a company, each claim with its quote',
    scope: 'read',
    params: DomainParams,
    query: NO_PARAMS,
    body: NOTHING,
    answer: SignalList,
    answers: { 200: 'The signals of the current reading; none where nothing was read' },
    handle: async ({ deps, caller, params }) => {
      const signals = await deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        const extraction = await findCurrentExtraction(tx, (await requireCompany(tx, params.domain)).id);
        return extraction === null ? [] : listSignals(tx, extraction.id);
      });
      return { body: { signals } };
    },
  }),
];
