import type { Request, Response } from 'express';
import { readSheet } from '../../pipeline/6-pitch/read-sheet.ts';
import type { Sheet } from '../../pipeline/6-pitch/sheet.ts';
import { findCompanyByDomain } from '../../pipeline/store/companies.ts';
import { HttpError } from '../http-error.ts';
import type { PageDeps } from './page-deps.ts';

/** A company's pitch as a PDF, from what is stored. Throws HttpError 404 where there is no such company, or no score yet. */
export async function sendPitchPdf(deps: PageDeps, request: Request, response: Response): Promise<void> {
  const domain = String(request.params['domain']).toLowerCase().replaceAll('\0', '');
  const sheet = await deps.db.inWorkspace(deps.workspaceId, async (tx) => {
    const company = await findCompanyByDomain(tx, domain);
    return company === null
      ? null
      : readSheet(tx, company, { seller: deps.sellerName, publicUrl: deps.publicUrl });
  });
  if (sheet === null)
    throw new HttpError(
      404,
      `There is nothing to print about ${domain}`,
      `A pitch needs a score: "fieldnote score ${domain}" makes both now.`,
    );
  await sendPdf(deps, sheet, response);
}

/** A sheet as a document in the browser. */
export async function sendPdf(
  { printPitch }: Pick<PageDeps, 'printPitch'>,
  sheet: Sheet,
  response: Response,
): Promise<void> {
  const pdf = await printPitch(sheet);
  response.set({
    'cache-control': 'no-store',
    // A browser shows it in a viewer of its own, which the pages' policy would leave without its scripts and styles.
    'content-security-policy': "frame-ancestors 'none'",
    // The name is a domain: letters, digits, dots and hyphens.
    'content-disposition': `inline; filename="${sheet.domain.replaceAll(/[^a-z0-9.-]/g, '_')}.pdf"`,
  });
  response.type('pdf').send(pdf);
}
