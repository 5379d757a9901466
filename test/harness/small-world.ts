import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Company = {
  /** Its domain is this and ".example". */
  stem: string;
  crm: readonly ('salesforce' | 'hubspot')[];
  country?: string;
};

/** A world of a few named companies in a folder of its own, each with text enough for a score; `records` are rows of records.jsonl. */
export async function writeSmallWorld(
  companies: readonly Company[],
  records: readonly object[] = [],
): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'fieldnote-world-'));
  const rows = companies.map(({ stem, crm, country }, index) => ({
    id: `small:${index}`,
    domain: `${stem}.example`,
    website: `https://${stem}.example/`,
    name: stem,
    one_liner: `${stem}, robots that sort parcels`,
    description: `${stem} builds robots. We train our own vision models from scratch on a cluster of ${index + 60} GPUs. Each robot runs inference on board, and our research team fine-tunes a new model every week on footage from the warehouses.`,
    industry: 'Robotics',
    employees: 100 + index,
    country: country ?? 'Sweden',
    crm,
  }));
  const write = (name: string, lines: readonly object[]): Promise<void> =>
    writeFile(join(folder, name), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await write('companies.jsonl', rows);
  await write('records.jsonl', records);
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
