import { z } from 'zod';
import type { Tx } from '../../db.ts';
import { editPitch, PitchEdits } from '../../pipeline/edit-pitch.ts';
import { readCurrentPitch, withEdits } from '../../pipeline/read-pitch.ts';
import type { ShownPitch } from '../../pipeline/apply-edits.ts';
import { findCompany } from '../../pipeline/store/companies.ts';
import { findPitch, findShownPitch, listVersions, readPitchMaking } from '../../pipeline/store/pitches.ts';
import type { PitchChange } from '../../pipeline/store/pitches.ts';
import type { Company } from '../../pipeline/store/companies.ts';
import { requireCompany } from './companies.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { ApiError } from './problem.ts';
import { NOTHING, NO_PARAMS, route } from './route.ts';
import { Pitch, PitchEdit, PitchQuery, PitchVersion, PitchVersionList } from './pitch-shapes.ts';
import { DomainParams, PageQuery } from './shapes.ts';

const Place = z.object({ writtenAt: z.string(), id: z.uuid() });

/** The pitch that a query means, as it is shown. @throws ApiError 404 */
export async function requirePitch(
  tx: Tx,
  company: Company,
  { template, persona = '' }: z.output<typeof PitchQuery>,
): Promise<ShownPitch> {
  const key = { companyId: company.id, template: template ?? '', persona };
  const stored = template === undefined ? null : await findShownPitch(tx, key);
  const pitch = template === undefined ? await readCurrentPitch(tx, company.id) : stored && (await withEdits(tx, stored)); // prettier-ignore
  if (pitch !== null) return pitch;
  throw new ApiError(
    404,
    `There is no ${template === undefined ? '' : `${template} `}pitch for ${company.domain}`,
    `Have it made: POST /api/v1/companies/${company.domain}/pitches.`,
    { kind: 'no-pitch' },
  );
}

export const pitchVersionRoutes = [
  route({
    method: 'get',
    path: '/companies/{domain}/pitch',
    id: 'getCurrentPitch',
    summary: 'The pitch for a company as it is shown, with people’s edits and what it cites',
    scope: 'read',
    params: DomainParams,
    query: PitchQuery,
    body: NOTHING,
    answer: Pitch,
    answers: { 200: 'The pitch' },
    handle: async ({ deps, caller, params, query }) => ({
      body: await deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        const company = await requireCompany(tx, params.domain);
        return describeShown(tx, company.domain, await requirePitch(tx, company, query));
      }),
    }),
  }),
  route({
    method: 'patch',
    path: '/companies/{domain}/pitch',
    id: 'editPitch',
    summary: 'Put a person’s words in place of a field, or take them back',
    description:
      'The points and paragraphs that it changes stay through every new version until it is taken back; the others follow each new version. It is not checked against sources, and says whose it is.',
    scope: 'write',
    params: DomainParams,
    query: PitchQuery,
    body: PitchEdit,
    answer: Pitch,
    answers: { 200: 'The pitch as it is shown from now on' },
    example: { callToAction: 'Could we talk on Tuesday?' },
    handle: async ({ deps, caller, params, query, body }) => {
      const { revision, ...fields } = body;
      const edits = PitchEdits.safeParse(fields);
      if (!edits.success)
        throw new ApiError(400, 'A field is empty once it is cleaned', 'Send null to take an edit back.', {
          kind: 'invalid-request',
        });
      const answered = await deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        const company = await requireCompany(tx, params.domain);
        const pitch = await requirePitch(tx, company, query);
        const after = await editPitch(tx, deps.queue, {
          workspaceId: caller.workspaceId,
          model: deps.modelName,
          pitchId: pitch.id,
          companyId: company.id,
          edits: edits.data,
          by: { via: 'api', name: caller.name },
          revision,
        });
        return after === 'conflict' ? null : describeShown(tx, company.domain, after);
      });
      if (answered !== null) return { body: answered };
      throw new ApiError(
        409,
        'The pitch changed since you read it',
        'Read it again, and send your edit with its revision.',
        {
          kind: 'changed-meanwhile',
        },
      );
    },
  }),
  route({
    method: 'get',
    path: '/companies/{domain}/pitches',
    id: 'listPitches',
    summary: 'Versions of a company’s pitches, the youngest first, each with what changed',
    scope: 'read',
    params: DomainParams,
    query: PageQuery.extend({ template: z.string().max(60).optional() }),
    body: NOTHING,
    answer: PitchVersionList,
    answers: { 200: 'A page of versions' },
    handle: async ({ deps, caller, params, query }) => {
      const after = readCursor(query.cursor, Place);
      const found = await deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        const { id } = await requireCompany(tx, params.domain);
        return listVersions(tx, id, { template: query.template, after, limit: query.limit + 1 });
      });
      const page = found.slice(0, query.limit);
      const last = page.at(-1);
      return {
        body: {
          pitches: page.map((version) => ({ ...version, writtenAt: version.writtenAt.toISOString() })),
          next:
            last === undefined || found.length === page.length
              ? null
              : writeCursor({ writtenAt: last.place, id: last.id }),
        },
      };
    },
  }),
  route({
    method: 'get',
    path: '/pitches/{id}',
    id: 'getPitch',
    summary: 'One version of a pitch as it was generated, with what was cut and what changed',
    scope: 'read',
    params: z.strictObject({ id: z.uuid() }),
    query: NO_PARAMS,
    body: NOTHING,
    answer: PitchVersion,
    answers: { 200: 'The version' },
    handle: async ({ deps, caller, params }) => {
      const found = await deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        const pitch = await findPitch(tx, params.id);
        const company = pitch === null ? null : await findCompany(tx, pitch.companyId);
        return pitch && company && { pitch, company, making: await readPitchMaking(tx, pitch.id) };
      });
      if (found === null)
        throw new ApiError(
          404,
          `There is no pitch ${params.id}`,
          'GET /api/v1/companies/{domain}/pitches lists them.',
          {
            kind: 'no-pitch',
          },
        );
      const { pitch, company, making } = found;
      const { cuts = [], changes = [], madeWith = null } = making ?? {};
      const writtenAt = pitch.writtenAt.toISOString();
      return { body: { ...pitch, domain: company.domain, writtenAt, cuts, changes, madeWith } };
    },
  }),
];

async function describeShown(tx: Tx, domain: string, pitch: ShownPitch): Promise<z.input<typeof Pitch>> {
  const changes: readonly PitchChange[] = (await readPitchMaking(tx, pitch.id))?.changes ?? [];
  const edited = pitch.edited.map((field) => ({ ...field, editedAt: field.editedAt.toISOString() }));
  return { ...pitch, domain, writtenAt: pitch.writtenAt.toISOString(), edited, changes };
}
