import { makeEmbedToken } from '../auth/embed-tokens.ts';
import { requireCompany } from './companies.ts';
import { NO_PARAMS, route } from './route.ts';
import { DomainParams, EmbedLink, EmbedRequest } from './shapes.ts';

export const embedRoutes = [
  route({
    method: 'post',
    path: '/companies/{domain}/embed',
    id: 'embedCompany',
    summary: "A link that shows a company's score and pitch in a frame of the CRM",
    description:
      'Put it into an iframe within 60 seconds; the page behind it is good for 15 minutes and needs no cookie. Only pages of Salesforce and HubSpot may frame it. Where nobody scored the company yet, opening it begins that.',
    scope: 'write',
    params: DomainParams,
    query: NO_PARAMS,
    body: EmbedRequest,
    answer: EmbedLink,
    answers: { 201: 'The link' },
    example: { user: 'nora@acme.example' },
    handle: async ({ deps, caller, params, body }) => {
      const { workspaceId } = caller;
      const company = await deps.db.inWorkspace(workspaceId, (tx) => requireCompany(tx, params.domain));
      const embed = { workspaceId, companyId: company.id, user: body.user };
      const { text, expiresAt } = makeEmbedToken(deps, 'embed link', embed);
      return {
        status: 201,
        body: { url: `${deps.publicUrl}/embed/${text}`, expiresAt: expiresAt.toISOString() },
      };
    },
  }),
];
