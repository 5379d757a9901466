import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { readHtml } from '../../src/connectors/website/read-html.ts';
import { readSignals } from '../../src/pipeline/3-extract/read-signals.ts';
import { weigh } from '../../src/pipeline/4-score/weigh.ts';
import { evaluate } from '../../src/pipeline/evaluate.ts';
import { loadScoringModel, shippedModelPath } from '../../src/pipeline/scoring-model.ts';
import type { Source, SourceKind } from '../../src/pipeline/store/sources.ts';

const FOLDER = join(import.meta.dirname, '../../sandbox/world');
const TODAY = '2026-11-21';
const KINDS: Record<string, SourceKind> = { careers: 'jobs', docs: 'docs', news: 'news' };

const LINE = z.object({
  url: z.string(),
  title: z.string(),
  kind: z.string().optional(),
  domain: z.string().optional(),
  domains: z.array(z.string()).optional(),
  html: z.string().optional(),
  text: z.string().optional(),
  published: z.string().nullish(),
  status: z.number().optional(),
});
const COMPANY = z.object({
  domain: z.string(),
  name: z.string(),
  one_liner: z.string().nullish(),
  description: z.string().nullish(),
});
const LABEL = z.object({ domain: z.string(), grade: z.number().nullable(), visible_in_text: z.boolean() });

async function readLines<Row>(file: string, schema: z.ZodType<Row>): Promise<Row[]> {
  const text = await readFile(join(FOLDER, file), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => schema.parse(JSON.parse(line)));
}

function toSource(line: z.infer<typeof LINE>, kind: SourceKind): Source {
  const page = line.html === undefined ? null : readHtml(line.html, line.url, new Date(TODAY));
  const text = page && 'text' in page ? page.text : (line.text ?? '');
  return {
    id: line.url,
    companyId: '',
    url: line.url,
    kind,
    title: line.title,
    text,
    published: line.published ?? null,
    fetchedAt: TODAY,
    contentHash: '',
    credibility: 0.8,
    quality: 1,
  };
}

test('In the shipped world need ranks above no need, and no hard negative reaches band B', async () => {
  const model = await loadScoringModel(shippedModelPath('gpu-infrastructure'));
  const [companies, labels, pages, news, filings] = [
    await readLines('companies.jsonl', COMPANY),
    await readLines('labels.jsonl', LABEL),
    await readLines('pages.jsonl', LINE),
    await readLines('news.jsonl', LINE),
    await readLines('filings.jsonl', LINE),
  ];
  const rows = companies.map((company) => {
    const { domain: home, name: title, one_liner: first, description } = company;
    const own = pages.filter(({ domain }) => domain === home);
    // A company without a front page gets one from the web twin: what its row says.
    const front = { url: `https://${home}/`, title, text: [title, first, description].join('\n') };
    const sources = [
      ...(own.some(({ kind }) => kind === 'home') ? [] : [toSource(front, 'site')]),
      ...own
        .filter(({ status }) => (status ?? 200) === 200)
        .map((line) => toSource(line, KINDS[line.kind ?? ''] ?? 'site')),
      ...news
        .filter(({ domains }) => domains?.includes(company.domain))
        .map((line) => toSource(line, 'news')),
      ...filings.filter(({ domain }) => domain === company.domain).map((line) => toSource(line, 'filing')),
    ];
    const { signals } = readSignals({ company, sources, model });
    const textLength = sources.reduce((sum, { text }) => sum + text.length, 0);
    const { score, band } = weigh(signals, model, { asOf: TODAY, evidence: { textLength, sources } });
    const label = labels.find(({ domain }) => domain === company.domain);
    return { ...company, score, band, grade: label?.grade ?? null, visible: label?.visible_in_text ?? true };
  });
  const { auc, n } = evaluate(rows);
  assert.ok(n > 50);
  assert.ok((auc ?? 0) >= 0.95, `auc ${auc}`);
  const counted = rows.filter(({ visible, grade }) => visible && grade !== null);
  const named = (wrong: typeof rows): string[] => wrong.map(({ name, score }) => `${name} ${score}`);
  assert.deepEqual(
    named(counted.filter(({ grade, band }) => (grade ?? 0) <= 1 && (band === 'A' || band === 'B'))),
    [],
  );
  assert.deepEqual(named(counted.filter(({ grade, band }) => grade === 3 && band !== 'A')), []);
});
