import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { App } from '../app.ts';
import { UserError } from '../errors.ts';
import { readSheet } from '../pipeline/6-pitch/read-sheet.ts';
import type { SheetFrame } from '../pipeline/6-pitch/read-sheet.ts';
import type { Sheet } from '../pipeline/6-pitch/sheet.ts';
import { zipSheets } from '../pipeline/6-pitch/zip-sheets.ts';
import { findCompany, findCompanyByDomain } from '../pipeline/store/companies.ts';
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

/** One PDF for every company with a score, or with that band, strongest first, in a ZIP with an index. Returns how many. */
export async function writePitchZip(
  app: App,
  context: Context,
  file: string,
  options: { band?: string },
): Promise<number> {
  const companies = await listScored(app, options.band);
  if (companies.length === 0)
    throw new UserError(
      options.band === undefined ? 'No company has a score yet' : `No company has band ${options.band}`,
      'Run "fieldnote run" first, or choose another band.',
    );
  const progress = context.terminal.startProgress('pitches');
  let done = 0;
  async function* sheets(): AsyncGenerator<Sheet> {
    for (const id of companies) {
      const sheet = await app.db.inWorkspace(app.workspaceId, async (tx) => {
        const company = await findCompany(tx, id);
        return company === null ? null : readSheet(tx, company, frameOf(app));
      });
      if (sheet !== null) yield sheet;
      done += 1;
      progress.update({ done, total: companies.length });
    }
  }
  try {
    let count = 0;
    await writeWhole(file, async (part) => {
      count = await zipSheets(sheets(), app.printPitch, createWriteStream(part), context.signal);
    });
    return count;
  } finally {
    progress.end();
  }
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
