import { readHtml } from '../../src/connectors/website/read-html.ts';
import { countTokens } from '../../src/connectors/llm/tokens.ts';
import { prepareReading, readByPhrases } from '../../src/pipeline/3-extract/read-sources.ts';
import { weigh } from '../../src/pipeline/4-score/weigh.ts';
import { findCompany, listCompanyIds } from '../../src/pipeline/store/companies.ts';
import { listSources } from '../../src/pipeline/store/sources.ts';
import type { Pipeline } from './pipeline.ts';

const SAMPLE = 120;

/**
 * Companies per second of the reading alone, on what a run has just read: HTML to text, prompt and its tokens, phrases,
 * score. No network, no database, one thread: no pipeline around these functions can be faster on one core.
 */
export async function timePureReading({ app, environment }: Pipeline): Promise<number> {
  const model = await app.loadModel(app.modelName);
  const companies = await app.db.inWorkspace(app.workspaceId, async (tx) => {
    const ids = await listCompanyIds(tx, { limit: SAMPLE });
    const found = [];
    for (const id of ids) {
      const company = await findCompany(tx, id);
      if (company !== null) found.push({ company, sources: await listSources(tx, id) });
    }
    return found;
  });
  const inputs: ((typeof companies)[number] & { pages: { url: string; html: string }[] })[] = [];
  for (const { company, sources } of companies) {
    const pages = [];
    for (const { url } of sources.filter((source) => source.url.includes(company.domain))) {
      const answer = await fetch(`${environment.WEBSITE_READER_URL}${url}`);
      pages.push({ url, html: await answer.text() });
    }
    inputs.push({ company, sources, pages });
  }
  const asOf = new Date().toISOString().slice(0, 10);
  const textModel = { model: 'bench', countTokens };
  const readAll = (): void => {
    for (const { company, sources, pages } of inputs) {
      for (const { url, html } of pages) readHtml(html, url, new Date());
      prepareReading({ company, sources, model, textModel });
      const { signals } = readByPhrases({ company, sources, model });
      const textLength = sources.reduce((sum, source) => sum + source.text.length, 0);
      weigh(signals, model, { asOf, evidence: { textLength, sources } });
    }
  };
  // The first pass warms the compiler up, as the worker is after its first hundred companies.
  readAll();
  const began = process.cpuUsage();
  readAll();
  const { user, system } = process.cpuUsage(began);
  return inputs.length / ((user + system) / 1e6);
}
