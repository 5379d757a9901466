import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { App } from '../app.ts';
import { UserError } from '../errors.ts';
import { readSheet } from '../pipeline/6-pitch/read-sheet.ts';
import type { SheetFrame } from '../pipeline/6-pitch/read-sheet.ts';
import type { Sheet } from '../pipeline/6-pitch/sheet.ts';
import { requireTemplate } from '../pipeline/6-pitch/template-library.ts';
import { zipSheets } from '../pipeline/6-pitch/zip-sheets.ts';
import { findCompany, findCompanyByDomain } from '../pipeline/store/companies.ts';
import { listPitchedCompanies } from '../pipeline/store/pitch-versions.ts';
import { findShownPitch } from '../pipeline/store/pitches.ts';
import type { Pitch } from '../pipeline/store/pitches.ts';
import { readRanking } from '../pipeline/store/scores.ts';
import type { Context } from './context.ts';

const PAGE = 1_000;

/** Prints what is stored about one company, with its pitch or another one of its pitches. Throws UserError when it was never scored, or the file can't be written. */
export async function writePitchPdf(app: App, domain: string, file: string, pitch?: Pitch): Promise<void> {
  const sheet = await app.db.inWorkspace(app.workspaceId, async (tx) => {
    const company = await findCompanyByDomain(tx, domain);
    return company === null ? null : readSheet(tx, company, frameOf(app), pitch);
  });
  if (sheet === null)
    throw new UserError(`${domain} was not scored yet`, `Run "fieldnote score ${domain}" first.`);
  const bytes = await app.printPitch(sheet);
  await writeWhole(file, async (part) => {
    const handle = await open(part, 'w');
    try {
      await handle.writeFile(bytes);
    } finally {
      await handle.close();
    }
  });
}

/**
 * One PDF for every company with a score, or with that band, strongest first, in a ZIP with an index. With a template it is the pitch of
 * that one, as it is stored: companies without are left out, and counted.
 * @throws UserError where there is nothing to write, no such template, or no such folder
 */
export async function writePitchZip(
  app: App,
  context: Context,
  file: string,
  { band, template }: { band: string | undefined; template: string | undefined },
): Promise<{ written: number; leftOut: number }> {
  const scored = await listScored(app, band);
  if (scored.length === 0)
    throw new UserError(
      band === undefined ? 'No company has a score yet' : `No company has band ${band}`,
      'Run "fieldnote run" first, or choose another band.',
    );
  const companies = template === undefined ? scored : await keepPitched(app, scored, template);
  const progress = context.terminal.startProgress('pitches');
  const startedAt = performance.now();
  let done = 0;
  async function* sheets(): AsyncGenerator<Sheet> {
    for (const id of companies) {
      const sheet = await readStored(app, id, template);
      if (sheet !== null) yield sheet;
      done += 1;
      const each = (performance.now() - startedAt) / done;
      const [perSecond, remainingMs] = [1_000 / each, each * (companies.length - done)];
      progress.update({ done, total: companies.length, perSecond, remainingMs });
    }
  }
  try {
    let written = 0;
    await writeWhole(file, async (part) => {
      written = await zipSheets(sheets(), app.printPitch, createWriteStream(part), context.signal);
    });
    return { written, leftOut: scored.length - written };
  } finally {
    progress.end();
  }
}

/** What to do for pitches of a template that are not stored. */
export function howToMake(template: string): string {
  return `Have them made first: fieldnote pitch DOMAIN --template ${template}, or POST /api/v1/pitch-batches.`;
}

/** Null where the company or its pitch of the template went meanwhile. */
function readStored(app: App, companyId: string, template: string | undefined): Promise<Sheet | null> {
  return app.db.inWorkspace(app.workspaceId, async (tx) => {
    const company = await findCompany(tx, companyId);
    if (company === null) return null;
    if (template === undefined) return readSheet(tx, company, frameOf(app));
    const pitch = await findShownPitch(tx, { companyId, template, persona: '' });
    return pitch === null ? null : readSheet(tx, company, frameOf(app), pitch);
  });
}

/** Those that have a pitch of the template. @throws UserError where none has, or there is no such template */
async function keepPitched(app: App, companies: readonly string[], template: string): Promise<string[]> {
  const pitched = await app.db.inWorkspace(app.workspaceId, async (tx) => {
    await requireTemplate(tx, template);
    return listPitchedCompanies(tx, { template, persona: '' });
  });
  const kept = companies.filter((id) => pitched.has(id));
  if (kept.length > 0) return kept;
  throw new UserError(
    `There is nothing to print: none of these companies has a pitch of ${template}`,
    howToMake(template),
  );
}

/** Listed first, in one short transaction: printing thousands takes minutes. */
async function listScored(app: App, band: string | undefined): Promise<string[]> {
  const ids: string[] = [];
  await app.db.inWorkspace(app.workspaceId, async (tx) => {
    for await (const page of readRanking(tx, PAGE))
      for (const company of page)
        if (company.status === 'scored' && (band === undefined || company.band === band))
          ids.push(company.companyId);
  });
  return ids;
}

function frameOf({ config, sellerName }: App): SheetFrame {
  return { seller: sellerName, publicUrl: config.publicUrl };
}

/** Under its own name only once it is whole. */
async function writeWhole(file: string, write: (part: string) => Promise<void>): Promise<void> {
  const part = `${file}.part`;
  try {
    await write(part);
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    if (typeof code === 'string' && /^(ENOENT|EACCES|EISDIR|ENOTDIR|EROFS|ENOSPC|EPERM)$/.test(code))
      throw new UserError(
        `${file} can't be written`,
        'Name a file in a folder that exists and is yours to write.',
        error,
      );
    throw error;
  }
}
