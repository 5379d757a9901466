import type { Request, Response } from 'express';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { domainOf } from '../../pipeline/1-sync/domain.ts';
import { checkTemplateSource, TemplateError } from '../../pipeline/6-pitch/check-template.ts';
import type { FinishedPitch } from '../../pipeline/6-pitch/finish-pitch.ts';
import { previewTemplate } from '../../pipeline/6-pitch/preview-template.ts';
import {
  findTemplate,
  removeTemplate,
  saveTemplate,
  SHIPPED_TEMPLATES,
} from '../../pipeline/6-pitch/template-library.ts';
import type { KeptTemplate } from '../../pipeline/6-pitch/template-library.ts';
import { findCompanyByDomain } from '../../pipeline/store/companies.ts';
import { listRanking } from '../../pipeline/store/ranking.ts';
import { NOTHING_STORED } from '../../pipeline/store/seen.ts';
import { issueFormToken } from '../guard.ts';
import { HttpError } from '../http-error.ts';
import { renderPage } from '../render.ts';
import { describeFrame } from './frame.ts';
import type { PageDeps } from './page-deps.ts';

const text = z.string().transform((sent) => sent.replaceAll('\0', '').replaceAll(/\r\n?/g, '\n')).default(''); // prettier-ignore
const Form = z.object({
  action: z.enum(['check', 'save', 'reset']),
  name: text.transform((name) => name.trim()),
  source: text,
  /** Of what was stored when the page was opened. */
  version: z.string().max(40),
  domain: text.transform((domain) => domain.trim()),
});
type Typed = Omit<z.output<typeof Form>, 'action'>;
type Problem = { why: string; fix: string };

// The comment at the front is the title and what it is for.
const START =
  '{{! Title: what it is for }}\nHello {{company.name}},\n\n{{#each reasons}}\n- {{#keyPoint}}{{label}}: “{{truncate quote 120}}” [{{number}}]{{/keyPoint}}\n{{/each}}\n\n{{#callToAction}}\nShall we talk?\n{{/callToAction}}\n';

/** One template: its text, what is wrong with it, and what it gives for a company. Without a name in the path: a new one. */
export async function showTemplate(deps: PageDeps, request: Request, response: Response): Promise<string> {
  const name = nameIn(request);
  const stored = name === null ? null : await find(deps, name);
  if (name !== null && stored === null)
    throw new HttpError(
      404,
      `There is no template "${name.slice(0, 60)}"`,
      'The settings of pitches list them all.',
    );
  const source = stored?.source ?? START;
  const version = versionOf(stored);
  const typed = { name: name ?? '', source, version, domain: await findExample(deps) };
  return render(deps, request, response, { stored, typed, isChecked: false });
}

/** Takes the form: checks and previews, stores, or resets. Null: it was stored, and `response` has been sent on. */
export async function takeTemplate(
  deps: PageDeps,
  request: Request,
  response: Response,
): Promise<string | null> {
  const sent = Form.safeParse(request.body);
  if (!sent.success)
    throw new HttpError(400, 'This form is not the one of the page', 'Reload the page and try again.');
  const { action, ...given } = sent.data;
  const typed = { ...given, name: nameIn(request) ?? given.name };
  const show = async (status: number, problem: Problem | null, isOvertaken = false): Promise<string> => {
    const stored = await find(deps, typed.name);
    response.status(status);
    return render(deps, request, response, { stored, typed, isChecked: true, problem, isOvertaken });
  };
  if (action === 'check') return show(200, null);
  const { workspaceId } = deps;
  const seen = [typed.version];
  let isStored: boolean;
  try {
    isStored = await deps.db.inWorkspace(workspaceId, async (tx) =>
      action === 'save'
        ? (await saveTemplate(tx, workspaceId, { ...typed, seen })) !== null
        : (await removeTemplate(tx, typed.name, seen)) !== null,
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Each mistake is shown with its place anyway.
    return show(422, error instanceof TemplateError ? null : { why: error.message, fix: error.fix ?? '' });
  }
  if (!isStored) return show(409, null, true);
  const by = deps.visitor?.email ?? null;
  deps.log.info(
    { by, template: typed.name, action, requestId: response.locals['requestId'] },
    'template changed by hand',
  );
  response.redirect(303, '/settings/pitches?saved=yes');
  return null;
}

async function render(
  deps: PageDeps,
  request: Request,
  response: Response,
  {
    stored,
    typed,
    isChecked,
    problem = null,
    isOvertaken = false,
  }: {
    stored: KeptTemplate | null;
    typed: Typed;
    isChecked: boolean;
    problem?: Problem | null;
    isOvertaken?: boolean;
  },
): Promise<string> {
  const check = checkTemplateSource(typed.source);
  const preview = isChecked && check.problems.length === 0 ? await tryPreview(deps, typed) : null;
  const name = nameIn(request);
  return renderPage('template', {
    ...describeFrame({ title: name ?? 'New template', section: 'settings', visitor: deps.visitor }),
    token: issueFormToken(request, response, deps.publicUrl),
    action: name === null ? '/settings/templates' : `/settings/templates/${encodeURIComponent(name)}`,
    heading: stored?.title ?? 'New template',
    isNew: name === null,
    isOwn: stored?.origin === 'custom',
    hidesShipped: stored?.origin === 'custom' && SHIPPED_TEMPLATES.some((shipped) => shipped === stored.name),
    mayChange: deps.visitor?.mayChange ?? true,
    typed,
    // Whoever saw what stands may go over it; before, only over what they saw.
    version: isOvertaken ? versionOf(stored) : typed.version,
    isOvertaken,
    theirs: isOvertaken && stored !== null ? textOf(stored) : null,
    problem: isOvertaken ? describeOvertaken(stored) : problem,
    isChecked,
    problems: check.problems,
    hints: check.hints,
    variables: check.variables,
    preview,
  });
}

/** What it gives for the company that is named, or why it gives nothing. */
async function tryPreview(
  deps: PageDeps,
  { name, source, domain }: Typed,
): Promise<{ made: (FinishedPitch & { domain: string }) | null; why: string }> {
  const read = domainOf(domain);
  if (domain === '') return { made: null, why: 'Name a company to see what it gives.' };
  if ('skip' in read) return { made: null, why: `${domain}: ${read.detail}` };
  const { workspaceId, db } = deps;
  const company = await db.inWorkspace(workspaceId, (tx) => findCompanyByDomain(tx, read.domain));
  if (company === null) return { made: null, why: `${read.domain} is not among your companies.` };
  const template = { name: name || 'preview', title: '', description: '', source, origin: 'custom', updatedAt: null } as const; // prettier-ignore
  try {
    const made = await previewTemplate(deps, { workspaceId, companyId: company.id, template });
    return made === null
      ? { made, why: `${read.domain} has no score yet, so nothing can be said.` }
      : { made: { ...made, domain: read.domain }, why: '' };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { made: null, why: [error.message, error.fix].filter(Boolean).join('. ') };
  }
}

/** The company with the highest score: there is most to see. */
async function findExample({ db, workspaceId }: PageDeps): Promise<string> {
  return db.inWorkspace(
    workspaceId,
    async (tx) => (await listRanking(tx, {}, { limit: 1, offset: 0 }))[0]?.domain ?? '',
  );
}

function find({ db, workspaceId }: PageDeps, name: string): Promise<KeptTemplate | null> {
  return db.inWorkspace(workspaceId, (tx) => findTemplate(tx, name));
}

function describeOvertaken(stored: KeptTemplate | null): Problem {
  const fix =
    stored === null
      ? 'It is not there any more, and nothing of yours was stored. Save again to make it anew.'
      : 'Nothing of yours was stored. What is stored now stands here, yours below; save again to put yours in its place.';
  return { why: 'Somebody else changed this template meanwhile', fix };
}

function versionOf(stored: KeptTemplate | null): string {
  return stored?.version ?? NOTHING_STORED;
}

/** As a form sends it back: browsers know one kind of line break. */
function textOf(stored: KeptTemplate): string {
  return stored.source.replaceAll(/\r\n?/g, '\n');
}

function nameIn(request: Request): string | null {
  const name = request.params['name'];
  return typeof name === 'string' ? name.replaceAll('\0', '') : null;
}
