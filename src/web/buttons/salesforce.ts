import express, { Router } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { WebDeps } from '../deps.ts';
import { HttpError } from '../http-error.ts';
import { readCard } from './card.ts';
import type { CardTarget } from './card.ts';
import { issuePitchLink } from './pitch-link.ts';
import { issuePitchesLink } from './pitches-link.ts';
import { admitCaller } from './salesforce-caller.ts';
import { scoreNow } from './score-now.ts';
import { readTemplateChoice } from './template-choice.ts';

/** Apex writes ids with all 18 characters, as the API does. */
const SalesforceId = z.string().regex(/^[a-zA-Z0-9]{18}$/, 'expected a record id of 18 characters');
const Asked = z.object({
  object: z.enum(['Account', 'Lead']),
  /** The login of who pressed the button. */
  userName: z.string().min(1).max(120),
});
const Template = z.string().min(1).max(60).nullish();
const OfOne = Asked.extend({ id: SalesforceId, template: Template });
// Salesforce lets a list view tick 200.
const OfSeveral = Asked.extend({ ids: z.array(SalesforceId).max(200), template: Template });

// 200 ids are 4 kB.
const BODY_LIMIT = '16kb';

/**
 * What the card and the buttons of the Salesforce package call, from Apex (crm/salesforce, FieldnoteCall.cls): each call is signed with
 * the org's key, and all that it asks stands in its body. Every answer comes from what is stored; asking for a score twice begins one run.
 */
export function serveSalesforceButton(deps: WebDeps): Router {
  const router = Router();
  const rawBody = express.raw({ type: () => true, limit: BODY_LIMIT, inflate: false });

  const serve = <T>(
    path: string,
    shape: z.ZodType<T>,
    act: (caller: Awaited<ReturnType<typeof admitCaller>>, asked: T) => Promise<object>,
  ): void => {
    router.post(path, rawBody, async (request: Request, response: Response) => {
      const sent: unknown = request.body;
      const body = Buffer.isBuffer(sent) ? sent : Buffer.alloc(0);
      const caller = await admitCaller(deps, request, body);
      const answer = await act(caller, readQuestion(shape, body));
      response.set('cache-control', 'no-store').json(answer);
    });
  };
  const targetOf = (
    caller: Awaited<ReturnType<typeof admitCaller>>,
    { object, id }: z.infer<typeof OfOne>,
  ): CardTarget => ({ ...caller, object, externalId: id });

  serve('/salesforce/button/card', OfOne, (caller, asked) => readCard(deps, targetOf(caller, asked)));
  serve('/salesforce/button/score', OfOne, (caller, asked) =>
    scoreNow(deps, targetOf(caller, asked), { user: asked.userName, press: null }),
  );
  serve('/salesforce/button/pitch', OfOne, (caller, asked) =>
    issuePitchLink(deps, targetOf(caller, asked), {
      template: asked.template ?? null,
      user: asked.userName,
      // A signature is taken once, so no call comes twice.
      press: null,
    }),
  );
  serve('/salesforce/button/templates', Asked, ({ workspaceId }) =>
    deps.db.inWorkspace(workspaceId, readTemplateChoice),
  );
  serve('/salesforce/button/zip', OfSeveral, (caller, { object, ids, template, userName }) =>
    issuePitchesLink(deps, { ...caller, object }, { ids, template: template ?? null, user: userName }),
  );
  return router;
}

function readQuestion<T>(shape: z.ZodType<T>, body: Buffer): T {
  const parsed = shape.safeParse(readJson(body));
  if (parsed.success) return parsed.data;
  throw new HttpError(
    400,
    `What Salesforce asks can't be read: ${z.prettifyError(parsed.error)}`,
    'Deploy the package of this version of Fieldnote (crm/salesforce) again.',
  );
}

/** Undefined where it is none, which no shape takes. */
function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
