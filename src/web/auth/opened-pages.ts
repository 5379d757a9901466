import { Router } from 'express';
import type { Request, Response } from 'express';
import { whySpent } from '../../pipeline/budget.ts';
import { readSheet } from '../../pipeline/6-pitch/read-sheet.ts';
import type { Sheet } from '../../pipeline/6-pitch/sheet.ts';
import { zipSheets } from '../../pipeline/6-pitch/zip-sheets.ts';
import { holdOpenedLink } from '../../pipeline/store/one-time-links.ts';
import type { WebDeps } from '../deps.ts';
import { sendPdf } from '../pages/pitch-pdf.ts';
import { renderPage } from '../render.ts';
import type { Tries } from '../tries.ts';
import { describeWaiting } from './describe-waiting.ts';
import { refuseLink } from './open-links.ts';
import { lookAtOpened } from './opened.ts';
import type { OpenedDocument, Standing } from './opened.ts';
import { readToken } from './tokens.ts';

type Deps = Pick<
  WebDeps,
  | 'db'
  | 'queue'
  | 'log'
  | 'budget'
  | 'modelName'
  | 'textModels'
  | 'monthlyBudgetUsd'
  | 'sellerName'
  | 'publicUrl'
  | 'printPitch'
> & { tries: Tries };

// Two hundred take seconds; a reader who stops reading holds a response, and no more.
const ZIP_TIMEOUT_MS = 10 * 60_000;

/**
 * GET /opened/TOKEN: what a one-time link turned into, for fifteen minutes: the document, or how far it is, which turns into the
 * document at the same address. …/state says the same to the page's script.
 */
export function serveOpened(deps: Deps): Router {
  const { tries } = deps;
  const look = async (
    request: Request,
  ): Promise<{ workspaceId: string; standing: Standing; zip: boolean }> => {
    tries.refuse(request);
    const page = readToken(request.params['token']);
    if (page === null) return refuse(request);
    const { workspaceId } = page;
    const spent = await whySpent(deps.budget, deps.monthlyBudgetUsd, workspaceId);
    const found = await deps.db.inWorkspace(workspaceId, async (tx) => {
      const link = await holdOpenedLink(tx, page.hash);
      if (link === null) return null;
      const standing = await lookAtOpened(tx, link, { ...deps, workspaceId, spent });
      return { workspaceId, standing, zip: link.target.kind === 'zip' };
    });
    return found ?? refuse(request);
  };
  const refuse = async (request: Request): Promise<never> => {
    await tries.count(request);
    throw refuseLink();
  };

  const router = Router();
  router.get('/opened/:token', async (request, response) => {
    const { workspaceId, standing, zip } = await look(request);
    response.set({
      'cache-control': 'no-store',
      'x-robots-tag': 'noindex',
      'referrer-policy': 'no-referrer',
    });
    if (standing.state !== 'ready') {
      const status = standing.state === 'failed' ? 409 : 200;
      response
        .status(status)
        .type('html')
        .send(renderPage('waiting', describeWaiting(standing)));
      return;
    }
    const [document] = standing.documents;
    if (zip || document === undefined) await sendZip(deps, workspaceId, standing.documents, response);
    else {
      const sheet = await read(deps, workspaceId, document);
      if (sheet === null) throw refuseLink();
      await sendPdf(deps, sheet, response);
    }
  });
  router.get('/opened/:token/state', async (request, response) => {
    const { standing } = await look(request);
    const { over, doing, step } = describeWaiting(standing);
    response.set('cache-control', 'no-store').json({ over, doing, step });
  });
  return router;
}

async function sendZip(
  deps: Deps,
  workspaceId: string,
  documents: readonly OpenedDocument[],
  response: Response,
): Promise<void> {
  response.set({ 'content-disposition': 'attachment; filename="pitches.zip"' }).type('zip');
  async function* sheets(): AsyncGenerator<Sheet> {
    for (const document of documents) {
      const sheet = await read(deps, workspaceId, document);
      if (sheet !== null) yield sheet;
    }
  }
  // Ends with the reader, too: the stream breaks when they go.
  await zipSheets(sheets(), deps.printPitch, response, AbortSignal.timeout(ZIP_TIMEOUT_MS));
}

function read(deps: Deps, workspaceId: string, { company, pitch }: OpenedDocument): Promise<Sheet | null> {
  const frame = { seller: deps.sellerName, publicUrl: deps.publicUrl };
  return deps.db.inWorkspace(workspaceId, (tx) => readSheet(tx, company, frame, pitch));
}
