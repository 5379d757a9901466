import { z } from 'zod';
import { checkTemplateSource, TemplateError } from '../../pipeline/6-pitch/check-template.ts';
import { previewTemplate } from '../../pipeline/6-pitch/preview-template.ts';
import {
  findTemplate,
  listTemplates,
  removeTemplate,
  saveTemplate,
} from '../../pipeline/6-pitch/template-library.ts';
import type { TemplateEntry } from '../../pipeline/6-pitch/template-library.ts';
import { NOTHING_STORED } from '../../pipeline/store/seen.ts';
import { requireCompany } from './companies.ts';
import { readSeen, refuseUnseen } from './if-match.ts';
import { ApiError } from './problem.ts';
import { Removed, Template, TemplateCheck, TemplateList, TemplatePreview, TemplatePreviewAsk, TemplateSource } from './pitch-shapes.ts'; // prettier-ignore
import { NOTHING, NO_PARAMS, route } from './route.ts';

const NameParams = z.strictObject({ name: z.string().min(1).max(60) });
const EXAMPLE = 'Hello {{company.name}},\n{{#each reasons}}\n- {{#keyPoint}}{{label}}: “{{quote}}” [{{number}}]{{/keyPoint}}\n{{/each}}'; // prettier-ignore
// Rendering takes a thread of its own for up to a second.
const PREVIEW_UNITS = 5;

const describe = ({ updatedAt, ...entry }: TemplateEntry) => ({
  ...entry,
  updatedAt: updatedAt?.toISOString() ?? null,
});

export const templateRoutes = [
  route({
    method: 'get',
    path: '/templates',
    id: 'listTemplates',
    summary: 'Pitch templates: those that come with Fieldnote, and the workspace’s own',
    scope: 'read',
    params: NO_PARAMS,
    query: NO_PARAMS,
    body: NOTHING,
    answer: TemplateList,
    answers: { 200: 'All of them' },
    handle: async ({ deps, caller }) => ({
      body: { templates: (await deps.db.inWorkspace(caller.workspaceId, listTemplates)).map(describe) },
    }),
  }),
  route({
    method: 'get',
    path: '/templates/{name}',
    id: 'getTemplate',
    summary: 'The text of a template',
    scope: 'read',
    params: NameParams,
    query: NO_PARAMS,
    body: NOTHING,
    versioned: true,
    answer: Template,
    answers: { 200: 'The template' },
    handle: async ({ deps, caller, params }) => {
      const found = await deps.db.inWorkspace(caller.workspaceId, (tx) => findTemplate(tx, params.name));
      if (found !== null) return { body: describe(found), version: found.version };
      throw new ApiError(404, `There is no template "${params.name}"`, 'GET /api/v1/templates lists them.', { kind: 'no-such-template' }); // prettier-ignore
    },
  }),
  route({
    method: 'put',
    path: '/templates/{name}',
    id: 'saveTemplate',
    summary: 'Store a template of the workspace’s own, or replace it',
    scope: 'admin',
    params: NameParams,
    query: NO_PARAMS,
    body: TemplateSource,
    versioned: true,
    answer: Template,
    answers: { 200: 'As it is stored' },
    example: { source: EXAMPLE },
    handle: async ({ deps, caller, params, request, body }) => {
      const seen = readSeen(request);
      try {
        const saved = await deps.db.inWorkspace(caller.workspaceId, (tx) =>
          saveTemplate(tx, caller.workspaceId, { name: params.name, source: body.source, seen }),
        );
        if (saved === null) throw refuseUnseen(`The template "${params.name}"`);
        return { body: describe(saved), version: saved.version };
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        throw new ApiError(400, error.message, error.fix, {
          kind: 'invalid-template',
          fields: error.problems.map(({ message, line, column }) => ({ in: 'body' as const, pointer: '/source', message: `${line}:${column}: ${message}` })), // prettier-ignore
        });
      }
    },
  }),
  route({
    method: 'delete',
    path: '/templates/{name}',
    id: 'removeTemplate',
    summary:
      'Remove a template of the workspace’s own; one that came with Fieldnote by that name is used again',
    scope: 'admin',
    params: NameParams,
    query: NO_PARAMS,
    body: NOTHING,
    versioned: true,
    answer: Removed,
    answers: { 200: 'It is not there any more' },
    handle: async ({ deps, caller, params, request }) => {
      const seen = readSeen(request);
      return deps.db.inWorkspace(caller.workspaceId, async (tx) => {
        const removed = await removeTemplate(tx, params.name, seen);
        if (removed === null) throw refuseUnseen(`The template "${params.name}"`);
        const version = (await findTemplate(tx, params.name))?.version ?? NOTHING_STORED;
        return { body: { removed }, version };
      });
    },
  }),
  route({
    method: 'post',
    path: '/templates/check',
    id: 'checkTemplate',
    summary: 'Every mistake in a template, with line and column, and the variables that it uses',
    scope: 'read',
    params: NO_PARAMS,
    query: NO_PARAMS,
    body: TemplateSource,
    answer: TemplateCheck,
    answers: { 200: 'What was found; stores nothing' },
    example: { source: 'Hello {{company.nmae}}' },
    handle: async ({ body }) => ({ body: checkTemplateSource(body.source) }),
  }),
  route({
    method: 'post',
    path: '/templates/preview',
    id: 'previewTemplate',
    summary: 'What a template gives for a company; asks nobody, stores nothing',
    scope: 'read',
    units: PREVIEW_UNITS,
    params: NO_PARAMS,
    query: NO_PARAMS,
    body: TemplatePreviewAsk,
    answer: TemplatePreview,
    answers: { 200: 'The pitch, marked passages in the template’s own words' },
    example: { source: EXAMPLE, domain: 'acme.example' },
    handle: async ({ deps, caller, body }) => {
      const { workspaceId } = caller;
      const company = await deps.db.inWorkspace(workspaceId, (tx) => requireCompany(tx, body.domain));
      const template = { name: 'preview', title: '', description: '', source: body.source, origin: 'custom', updatedAt: null } as const; // prettier-ignore
      const made = await previewTemplate(deps, { workspaceId, companyId: company.id, template });
      if (made !== null) return { body: made };
      throw new ApiError(409, `${company.domain} has no score`, 'Score it first: POST /api/v1/scores.', { kind: 'no-score' }); // prettier-ignore
    },
  }),
];
