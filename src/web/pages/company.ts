import type { Request } from 'express';
import type { Tx } from '../../db.ts';
import { findCompanyByDomain } from '../../pipeline/store/companies.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import { listConnectionsEver } from '../../pipeline/store/connections.ts';
import { findCurrentExtraction, listCompetitors } from '../../pipeline/store/extractions.ts';
import type { Extraction } from '../../pipeline/store/extractions.ts';
import { listPersonas } from '../../pipeline/store/personas.ts';
import type { Persona } from '../../pipeline/store/personas.ts';
import { readCurrentPitch } from '../../pipeline/read-pitch.ts';
import { readPitchMaking } from '../../pipeline/store/pitches.ts';
import { listWritableRecords } from '../../pipeline/store/records.ts';
import { findCurrentScore } from '../../pipeline/store/scores.ts';
import { listSources, listUnreadPages } from '../../pipeline/store/sources.ts';
import type { Source } from '../../pipeline/store/sources.ts';
import { sumUsage } from '../../pipeline/store/usage.ts';
import { listVotes } from '../../pipeline/store/votes.ts';
import type { Vote } from '../../pipeline/store/votes.ts';
import { HttpError } from '../http-error.ts';
import { renderPage } from '../render.ts';
import { describeCompanyWrites, readCompanyWrites } from './company-writes.ts';
import { describeCost } from './describe-cost.ts';
import { describePitch } from './describe-pitch.ts';
import { describeQuote, describeScore } from './describe-score.ts';
import { CRM_NAMES } from './describe-writes.ts';
import { describeMoment, formatCount, formatDay } from './format.ts';
import { describeFrame } from './frame.ts';
import { safeLink, shortenUrl } from '../../pipeline/link.ts';
import type { PageDeps } from './page-deps.ts';

const VOTES_SHOWN = 20;

/** One company: its score and why, the people, the rivals, the pitch, what was read, what was written, what it cost. */
export async function showCompany(deps: PageDeps, request: Request): Promise<string> {
  const domain = String(request.params['domain']).toLowerCase();
  const found = await deps.db.inWorkspace(deps.workspaceId, async (tx) => {
    const company = await findCompanyByDomain(tx, domain.replaceAll('\0', ''));
    if (company === null) return null;
    const extraction = await findCurrentExtraction(tx, company.id);
    return {
      company,
      extraction,
      score: await findCurrentScore(tx, company.id),
      competitors: extraction === null ? [] : await listCompetitors(tx, extraction.id),
      personas: await listPersonas(tx, company.id),
      ...(await readOwnPitch(tx, company.id)),
      sources: await listSources(tx, company.id),
      unread: await listUnreadPages(tx, company.id),
      records: await listWritableRecords(tx, company.id, ['Account', 'Lead', 'company', 'contact']),
      connections: await listConnectionsEver(tx),
      writes: await readCompanyWrites(tx, company.id, request),
      votes: await listVotes(tx, company.id, VOTES_SHOWN),
      usage: await sumUsage(tx, { companyId: company.id }),
    };
  });
  if (found === null)
    throw new HttpError(
      404,
      `${domain} is not among your companies`,
      `It appears once a CRM record points to it; "fieldnote score ${domain}" reads it now.`,
    );
  const { company, sources } = found;
  const crmOf = new Map(found.connections.map((connection) => [connection.id, CRM_NAMES[connection.kind]]));
  return renderPage('company', {
    ...describeFrame({ title: company.name, section: 'companies', visitor: deps.visitor }),
    name: company.name,
    domain: company.domain,
    pitched: `/companies/${encodeURIComponent(company.domain)}/pitch`,
    printed: `/companies/${encodeURIComponent(company.domain)}/pitch.pdf`,
    website: safeLink(company.website),
    facts: describeFacts(company),
    enrichedAt: company.enrichedAt === null ? null : describeMoment(company.enrichedAt),
    score: found.score === null ? null : describeScore(found.score, sources),
    reading: found.extraction === null ? null : describeReading(found.extraction),
    personas: found.personas.map((persona) => describePersona(persona, crmOf)),
    competitors: found.competitors.map((competitor) => ({
      name: competitor.name,
      domain: competitor.domain ?? '',
      evidence: describeQuote(competitor.quote, competitor.url, sources),
    })),
    pitch: found.pitch === null ? null : describePitch(found.pitch, found.cuts),
    sources: sources.map(describeSource),
    unread: found.unread.map(({ url, reason, detail }) => ({
      href: safeLink(url),
      url: shortenUrl(url),
      reason: reason.replaceAll('-', ' '),
      detail,
    })),
    records: found.records.map((record) => ({
      crm: crmOf.get(record.connectionId) ?? 'CRM',
      object: record.object,
      id: record.externalId,
    })),
    votes: found.votes.map(describeVote),
    writes: describeCompanyWrites(`/companies/${encodeURIComponent(company.domain)}`, found.writes),
    cost: describeCost(found.usage),
  });
}

async function readOwnPitch(tx: Tx, companyId: string) {
  const pitch = await readCurrentPitch(tx, companyId);
  return { pitch, cuts: pitch === null ? [] : ((await readPitchMaking(tx, pitch.id))?.cuts ?? []) };
}

function describeFacts({ industry, employees, country }: Company): string[] {
  const people = employees === null ? null : `${formatCount(employees)} employees`;
  return [industry, people, country].flatMap((fact) => fact || []);
}

function describeReading({ method, methodBecause, textModel, dropped, flagged, extractedAt }: Extraction) {
  return {
    by: method === 'llm' ? `read by ${textModel ?? 'an LLM'}` : 'read by the phrase matcher',
    because: methodBecause ?? '',
    at: describeMoment(extractedAt),
    dropped: dropped.length,
    droppedLabel: dropped.length === 1 ? '1 claim was dropped' : `${dropped.length} claims were dropped`,
    droppedClaims: dropped.map(({ what, reason, said }) => ({ what, reason, said })),
    flagged: flagged.map(({ sentence, url }) => ({ sentence, source: shortenUrl(url) })),
  };
}

function describePersona(persona: Persona, crmOf: ReadonlyMap<string, string>) {
  return {
    title: persona.title,
    matches: persona.matches.map((match) => ({
      name: match.name,
      title: match.title,
      where: `${crmOf.get(match.connectionId) ?? 'CRM'} ${match.object}`,
    })),
    buyingSignals: persona.buyingSignals,
    traits: [
      { label: 'Pains', lines: persona.pains },
      { label: 'Motives', lines: persona.motives },
      { label: 'Decides by', lines: persona.decisionFactors },
      { label: 'Style', lines: persona.style === '' ? [] : [persona.style] },
    ].filter(({ lines }) => lines.length > 0),
  };
}

function describeVote({ reason, note, voter, votedAt, score }: Vote) {
  return {
    reason: reason.replaceAll('-', ' '),
    note: note ?? '',
    voter,
    at: describeMoment(votedAt),
    score: score === null ? '' : score.toFixed(1),
  };
}

function describeSource(source: Source) {
  return {
    title: source.title || shortenUrl(source.url),
    href: safeLink(source.url),
    url: shortenUrl(source.url),
    kind: source.kind,
    published: source.published === null ? 'undated' : formatDay(source.published),
    fetched: describeMoment(new Date(source.fetchedAt)),
    credibility: `${Math.round(source.credibility * 100)} %`,
    credibilityWidth: source.credibility * 100,
  };
}
