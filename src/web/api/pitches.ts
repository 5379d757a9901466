import type { z } from 'zod';
import { domainOf } from '../../pipeline/1-sync/domain.ts';
import { readSheet } from '../../pipeline/6-pitch/read-sheet.ts';
import type { Sheet } from '../../pipeline/6-pitch/sheet.ts';
import { zipSheets } from '../../pipeline/6-pitch/zip-sheets.ts';
import { findCompanyByDomain } from '../../pipeline/store/companies.ts';
import { findPitch, findShownPitch } from '../../pipeline/store/pitches.ts';
import type { WebDeps } from '../deps.ts';
import type { Caller } from './authenticate.ts';
import { requireCompany } from './companies.ts';
import { ApiError } from './problem.ts';
import { NOTHING, NO_PARAMS, route } from './route.ts';
import { PitchQuery } from './pitch-shapes.ts';
import { requirePitch } from './pitch-versions.ts';
import { DomainParams, ZipRequest } from './shapes.ts';

const FIX = 'Score the company first: POST /api/v1/scores.';
// Setting a document takes a processor for hundredths of a second.
const PDF_UNITS = 5;
const ZIP_UNITS = 40;

export const pitchRoutes = [
  route({
    method: 'get',
    path: '/companies/{domain}/pitch.pdf',
    id: 'getPitchPdf',
    summary: 'The pitch as a PDF: the company’s own, or another one of its pitches',
    description: 'The same stored result gives the same bytes.',
    scope: 'read',
    units: PDF_UNITS,
    params: DomainParams,
    query: PitchQuery,
    body: NOTHING,
    answer: NOTHING,
    answers: { 200: 'The document' },
    media: 'application/pdf',
    handle: async ({ deps, caller, params, query, response }) => {
      const sheet = await findSheet(deps, caller, params.domain, query);
      if (sheet === null) throw nothingToPrint(params.domain);
      const pdf = await deps.printPitch(sheet);
      response
        .attachment(`${sheet.domain.replaceAll(/[^a-z0-9.-]/g, '_')}.pdf`)
        .type('pdf')
        .send(pdf);
      return null;
    },
  }),
  route({
    method: 'post',
    path: '/pitches.zip',
    id: 'zipPitches',
    summary: 'The pitches of many companies as PDFs in a ZIP, with an index',
    description:
      'Streamed as it is made, from what is stored. Companies that were never scored are left out, and with a template those without a pitch of it (POST /pitch-batches has them made); the index names those that are in.',
    scope: 'read',
    units: ZIP_UNITS,
    params: NO_PARAMS,
    query: NO_PARAMS,
    body: ZipRequest,
    answer: NOTHING,
    answers: { 200: 'The archive' },
    media: 'application/zip',
    example: { domains: ['acme.example', 'globex.example'] },
    handle: async ({ deps, caller, body, response, signal }) => {
      const sheets = readSheets(deps, caller, body);
      // The status goes out with the first byte: whether there is anything must be known before.
      const first = await sheets.next();
      if (first.done) throw nothingToPrint(body.domains.join(', '), body.template);
      response.attachment('pitches.zip').type('application/zip');
      const all = async function* (): AsyncGenerator<Sheet> {
        yield first.value;
        yield* sheets;
      };
      await zipSheets(all(), deps.printPitch, response, signal);
      return null;
    },
  }),
];

async function* readSheets(
  deps: WebDeps,
  caller: Caller,
  { domains, template, persona = '' }: z.output<typeof ZipRequest>,
): AsyncGenerator<Sheet, undefined> {
  const names = domains.flatMap((input) => {
    const read = domainOf(input);
    return 'skip' in read ? [] : [read.domain];
  });
  const frame = { seller: deps.sellerName, publicUrl: deps.publicUrl };
  for (const domain of new Set(names)) {
    const sheet = await deps.db.inWorkspace(caller.workspaceId, async (tx) => {
      const company = await findCompanyByDomain(tx, domain);
      if (company === null) return null;
      if (template === undefined) return readSheet(tx, company, frame);
      const pitch = await findShownPitch(tx, { companyId: company.id, template, persona });
      return pitch === null ? null : readSheet(tx, company, frame, pitch);
    });
    if (sheet !== null) yield sheet;
  }
}

/** @throws ApiError 404 where the pitch that is wanted is not there */
function findSheet(
  deps: WebDeps,
  caller: Caller,
  domain: string,
  wanted: z.output<typeof PitchQuery>,
): Promise<Sheet | null> {
  const frame = { seller: deps.sellerName, publicUrl: deps.publicUrl };
  return deps.db.inWorkspace(caller.workspaceId, async (tx) => {
    const company = await requireCompany(tx, domain);
    const pitch = wanted.template === undefined ? null : await requirePitch(tx, company, wanted);
    return readSheet(tx, company, frame, pitch === null ? null : await findPitch(tx, pitch.id));
  });
}

function nothingToPrint(what: string, template?: string): ApiError {
  const fix = template === undefined ? FIX : 'Have the pitches made first: POST /api/v1/pitch-batches.';
  return new ApiError(404, `There is nothing to print about ${what.slice(0, 200)}`, fix, {
    kind: 'no-pitch',
  });
}
