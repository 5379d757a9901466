import type { Tx } from '../db.ts';
import { UserError } from '../errors.ts';
import { askForPitches } from '../pipeline/ask-for-pitches.ts';
import { askForScores } from '../pipeline/ask-for-scores.ts';
import { whySpent } from '../pipeline/budget.ts';
import { findCompanyByDomain } from '../pipeline/store/companies.ts';
import type { Company } from '../pipeline/store/companies.ts';
import { findRequest } from '../pipeline/store/pitch-requests.ts';
import type { Starter } from '../pipeline/store/runs.ts';
import { findPerson } from '../pipeline/store/slack-people.ts';
import type { ReplyForm } from '../pipeline/store/slack-replies.ts';
import { claimRequest } from '../pipeline/store/slack-requests.ts';
import type { Asker } from './asker.ts';
import type { SlackDeps } from './deps.ts';
import { findNamedTemplate } from './named-template.ts';
import type { TemplateWords } from './pitch-question.ts';
import { NOTHING, promise } from './promise.ts';
import type { Asked } from './question.ts';
import { resolveNames } from './resolve-names.ts';
import type { Choice } from './resolve-names.ts';

/** What somebody asks for. */
export type Request = {
  asked: readonly Asked[];
  form: ReplyForm;
  refresh?: boolean;
  /** The words that name a pitch's template. */
  template?: TemplateWords | null;
};

type Taken = {
  companies: Pick<Company, 'id' | 'name' | 'domain'>[];
  /** The answer that a job gives; null: everything is stored, and nothing was promised. */
  replyId: string | null;
};

/**
 * Claim, run and promise come to be together: a request that was taken up is answered, whatever is killed.
 * @returns null where the same request was taken up before; the companies that a name may mean
 * @throws UserError for what the person can do something about
 */
export async function takeUp(
  deps: SlackDeps,
  asker: Asker,
  request: Request,
  { byJob }: { byJob: 'what is not stored' | 'everything' },
): Promise<Taken | Choice | null> {
  const { workspaceId } = asker;
  const { form, refresh = false } = request;
  const spent = await whySpent(deps.budget, deps.monthlyBudgetUsd, workspaceId);
  return deps.db.inWorkspace(workspaceId, async (tx) => {
    if (!(await claimRequest(tx, workspaceId, asker.requestKey))) return null;
    const words = form === 'pitch' ? (request.template ?? null) : null;
    const given = words === null ? null : await findNamedTemplate(tx, words);
    const named = await resolveNames(tx, request.asked, {
      mayNameTemplate: form === 'pitch' && given === null,
    });
    const template = given ?? named.template;
    if ('total' in named) {
      if (byJob === 'everything')
        await promise(tx, deps, asker, { ...NOTHING, form, askedName: named.asked, template });
      return { ...named, template };
    }
    const { domains } = named;
    const [only] = domains;
    if (form === 'pitch' && domains.length === 1 && only !== undefined)
      return promisePitch(tx, deps, asker, { domain: only, template, spent });
    if (template !== null)
      throw new UserError('A template goes with one company', 'Ask for one company’s pitch at a time.');
    const { companies, run } = await askForScores(tx, deps.queue, {
      workspaceId,
      model: deps.modelName,
      domains,
      refresh,
      startedBy: await nameAsker(tx, asker),
      spent,
    });
    if (run === null && byJob === 'what is not stored') return { companies, replyId: null };
    const companyIds = companies.map(({ id }) => id);
    const replyId = await promise(tx, deps, asker, { ...NOTHING, form, companyIds, runId: run?.id ?? null });
    return { companies, replyId };
  });
}

/** A pitch is asked for as it is anywhere else; its PDF goes into the thread of a message, so that a job answers in any case. */
async function promisePitch(
  tx: Tx,
  deps: SlackDeps,
  asker: Asker,
  { domain, template, spent }: { domain: string; template: string | null; spent: UserError | null },
): Promise<Taken> {
  const { workspaceId } = asker;
  const { requestIds } = await askForPitches(tx, deps.queue, {
    workspaceId,
    model: deps.modelName,
    domains: [domain],
    order: { template, persona: '', wishes: {} },
    force: false,
    askedBy: await nameAsker(tx, asker),
    textModels: deps.textModels,
    spent,
  });
  const company = await findCompanyByDomain(tx, domain);
  const request = await findRequest(tx, requestIds[0] ?? '');
  if (company === null || request === null) throw new Error(`nobody makes the pitch for ${domain}`);
  const replyId = await promise(tx, deps, asker, {
    ...NOTHING,
    form: 'pitch',
    companyIds: [company.id],
    runId: request.runId,
    pitchRequestId: request.id,
    template,
  });
  return { companies: [company], replyId };
}

/** By their address, where Slack told it before; else it is noted with the answer. */
async function nameAsker(tx: Tx, asker: Asker): Promise<Starter> {
  return { via: 'slack', name: (await findPerson(tx, asker))?.email ?? asker.userId };
}
