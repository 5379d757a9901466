import type { Response } from 'express';
import type { Sheet } from '../../pipeline/6-pitch/sheet.ts';
import type { PageDeps } from './page-deps.ts';

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
