import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildSheet } from '../../src/pipeline/6-pitch/build-sheet.ts';
import { createPrinter } from '../../src/pipeline/6-pitch/pdf/print-sheet.ts';
import { readSheet } from '../../src/pipeline/6-pitch/read-sheet.ts';
import type { Sheet } from '../../src/pipeline/6-pitch/sheet.ts';
import { findCompanyByDomain } from '../../src/pipeline/store/companies.ts';
import { openBrowser } from '../harness/browser.ts';
import { connectAndSync, runToEnd, startSystem } from '../harness/system.ts';
import { tenCompanies } from '../pipeline/6-pitch/pdf/ten-companies.ts';

// Pictures of pitch PDFs, to be looked at: npx node test/documents/pdf-pictures.ts [FOLDER]
// Every page of them goes into the folder, the first pages of ten into docs/pitch-pdfs.png. Needs poppler-utils and Chromium.
const READ = [
  'tesserae-inference.example',
  'shinkai-keisan.example',
  'warsztat-lodz.example',
  'halcyon-speech.example',
  'zenith-optima.example',
];
const INVENTED = [
  'Arabic',
  'Korean and Thai',
  'four alphabets and long words',
  'emoji',
  'everything too long',
];
const DOTS_PER_INCH = 34;
const COLUMNS = 5;

const run = promisify(execFile);
const print = createPrinter();

/** Companies of the shipped world, as a run without an LLM leaves them. */
async function readWorld(): Promise<Sheet[]> {
  const system = await startSystem();
  try {
    const app = await system.openApp({ worker: true });
    await connectAndSync(app);
    await app.startWorker({ schedule: false });
    await runToEnd(app, { domains: READ });
    const sheets = await Promise.all(
      READ.map((domain) =>
        app.db.inWorkspace(app.workspaceId, async (tx) => {
          const company = await findCompanyByDomain(tx, domain);
          return (
            company &&
            readSheet(tx, company, { seller: 'Northwind Compute', publicUrl: app.config.publicUrl })
          );
        }),
      ),
    );
    return sheets.flatMap((sheet) => sheet ?? []);
  } finally {
    await system.close();
  }
}

const sheets = [
  ...(await readWorld()),
  ...tenCompanies().flatMap(([what, facts]) => (INVENTED.includes(what) ? [buildSheet(facts)] : [])),
];
const folder = process.argv[2] ?? (await mkdtemp(join(tmpdir(), 'fieldnote-pictures-')));
const shown: string[] = [];
for (const [index, sheet] of sheets.entries()) {
  const file = join(folder, `${String(index).padStart(2, '0')}-${sheet.domain.slice(0, 40)}`);
  await writeFile(`${file}.pdf`, await print(sheet));
  await run('pdftoppm', ['-r', '75', '-png', `${file}.pdf`, file]);
  await run('pdftoppm', ['-r', String(DOTS_PER_INCH), '-l', '1', '-png', `${file}.pdf`, `${file}-small`]);
  const small = (await readdir(folder)).filter((name) =>
    name.startsWith(`${file.slice(folder.length + 1)}-small`),
  );
  const pages = await Promise.all(small.toSorted().map((name) => readFile(join(folder, name), 'base64')));
  shown.push(`<div>${pages.map((page) => `<img src="data:image/png;base64,${page}">`).join('')}</div>`);
}
const html = `<!doctype html><style>body{margin:0;background:#8b918d}main{display:grid;grid-template-columns:repeat(${COLUMNS},auto);gap:8px;padding:8px;width:max-content}div{display:flex;gap:1px;align-items:start}</style><main>${shown.join('')}</main>`;
const page = join(folder, 'all.html');
await writeFile(page, html);
const browser = await openBrowser();
try {
  const tab = await browser.openPage({ width: 3_400, height: 1_000 });
  await tab.goto(`file://${page}`);
  await tab.waitFor('[...document.images].every((image) => image.complete)');
  await writeFile(
    fileURLToPath(new URL('../../docs/pitch-pdfs.png', import.meta.url)),
    await tab.screenshot('main'),
  );
} finally {
  await browser.close();
}
if (process.argv[2] === undefined) await rm(folder, { recursive: true });
