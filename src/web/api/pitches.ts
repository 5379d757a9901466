import { domainOf } from '../../pipeline/1-sync/domain.ts';
import { readSheet } from '../../pipeline/6-pitch/read-sheet.ts';
import type { Sheet } from '../../pipeline/6-pitch/sheet.ts';
import { zipSheets } from '../../pipeline/6-pitch/zip-sheets.ts';
import { findCompanyByDomain } from '../../pipeline/store/companies.ts';
import { findCurrentPitch } from '../../pipeline/store/pitches.ts';
import type { WebDeps } from '../deps.ts';
import type { Caller } from './authenticate.ts';
import { requireCompany } from './companies.ts';
import { ApiError } from './problem.ts';
import { NOTHING, NO_PARAMS, route } from './route.ts';
import { DomainParams, Pitch, ZipRequest } from './shapes.ts';

const FIX = 'Score the company first: POST /api/v1/scores.';
// Setting a document takes a processor for hundredths of a second.
const PDF_UNITS = 5;
const ZIP_UNITS = 40;

export const pitchRoutes = [
  route({
    method: 'get',
    path: '/companies/{domain}/pitch',
    id: 'getCurrentPitch',
    summary: 'The current pitch for a company, with what it cites',
    scope: 'read',
    params: DomainParams,
    query: NO_PARAMS,
    body: NOTHING,
    answer: Pitch,
    answers: { 200: 'The pitch' },
    handle: async ({ deps, caller, params }) => {
      const { company, pitch } = await deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        const known = await requireCompany(tx, params.domain);
        return { company: known, pitch: await findCurrentPitch(tx, known.id) };
      });
      if (pitch === null)
        throw new ApiError(404, `There is no pitch for ${company.domain}`, FIX, { kind: 'no-pitch' });
      return { body: { ...pitch, domain: company.domain, writtenAt: pitch.writtenAt.toISOString() } };
    },
  }),
  route({
    method: 'get',
    path: '/companies/{domain}/pitch.pdf',
    id: 'getPitchPdf',
    summary: 'The current pitch as a PDF',
    description: 'The same stored result gives the same bytes.',
    scope: 'read',
    units: PDF_UNITS,
    params: DomainParams,
    query: NO_PARAMS,
    body: NOTHING,
    answer: NOTHING,
    answers: { 200: 'The document' },
    media: 'application/pdf',
    handle: async ({ deps, caller, params, response }) => {
      const sheet = await findSheet(deps, caller, params.domain, true);
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
      'Streamed as it is made. Companies that were never scored are left out; the index names those that are in.',
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
      const sheets = readSheets(deps, caller, body.domains);
      // The status goes out with the first byte: whether there is anything must be known before.
      const first = await sheets.next();
      if (first.done) throw nothingToPrint(body.domains.join(', '));
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
  domains: readonly string[],
): AsyncGenerator<Sheet, undefined> {
  const names = domains.flatMap((input) => {
    const read = domainOf(input);
    return 'skip' in read ? [] : [read.domain];
  });
  for (const domain of new Set(names)) {
    const sheet = await findSheet(deps, caller, domain, false);
    if (sheet !== null) yield sheet;
  }
}

function findSheet(deps: WebDeps, caller: Caller, domain: string, required: boolean): Promise<Sheet | null> {
  return deps.db.inWorkspace(caller.workspaceId, async (tx) => {
    const company = required ? await requireCompany(tx, domain) : await findCompanyByDomain(tx, domain);
    return company === null
      ? null
      : readSheet(tx, company, { seller: deps.sellerName, publicUrl: deps.publicUrl });
  });
}

function nothingToPrint(what: string): ApiError {
  return new ApiError(404, `There is nothing to print about ${what.slice(0, 200)}`, FIX, {
    kind: 'no-pitch',
  });
}
