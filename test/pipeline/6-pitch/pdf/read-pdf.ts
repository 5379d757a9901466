import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OPTIONS = { timeout: 60_000, maxBuffer: 64_000_000 };

/** Is that program of poppler-utils or qpdf here? */
export async function hasProgram(name: string): Promise<boolean> {
  return run(name, name === 'qpdf' ? ['--version'] : ['-v'], OPTIONS).then(
    () => true,
    () => false,
  );
}

/** Runs a program of poppler-utils or qpdf on a PDF; `{}` in the arguments stands for the file. Resolves to what it prints. */
export async function ask(pdf: Buffer, program: string, args: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fieldnote-pdf-'));
  try {
    const file = join(folder, 'it.pdf');
    await writeFile(file, pdf);
    const { stdout } = await run(
      program,
      args.map((arg) => (arg === '{}' ? file : arg)),
      OPTIONS,
    );
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** All text, in reading order, with white space folded. */
export async function readText(pdf: Buffer): Promise<string> {
  return (await ask(pdf, 'pdftotext', ['-raw', '{}', '-'])).replaceAll(/\s+/g, ' ');
}

export type Word = { page: number; text: string; left: number; top: number; right: number; bottom: number };

/** Every word with its box, in points. */
export async function readWords(
  pdf: Buffer,
): Promise<{ words: Word[]; pages: { width: number; height: number }[] }> {
  const html = await ask(pdf, 'pdftotext', ['-bbox', '{}', '-']);
  const words: Word[] = [];
  const pages: { width: number; height: number }[] = [];
  for (const [, width, height, xMin, yMin, xMax, yMax, text] of html.matchAll(
    /<page width="([\d.]+)" height="([\d.]+)">|<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">([^<]*)<\/word>/g,
  ))
    if (width !== undefined) pages.push({ width: Number(width), height: Number(height) });
    else
      words.push({
        page: pages.length,
        text: text ?? '',
        left: Number(xMin),
        top: Number(yMin),
        right: Number(xMax),
        bottom: Number(yMax),
      });
  return { words, pages };
}

/** The addresses that its links open. */
export function readAddresses(pdf: Buffer): string[] {
  return [...pdf.toString('latin1').matchAll(/\/URI \(((?:[^()\\]|\\.)*)\)/g)].map((match) => match[1] ?? '');
}
