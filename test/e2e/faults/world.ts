import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BUSINESSES = [
  {
    industry: 'Robotics',
    says: (name: string) =>
      `${name} builds robots that sort parcels. We train our own vision models from scratch on a cluster of 96 GPUs. Each robot runs inference on board. Our research team fine-tunes a new model every week on footage from the warehouses.`,
  },
  {
    industry: 'Biotechnology',
    says: (name: string) =>
      `${name} designs enzymes. Our scientists train protein language models on our own GPU cluster and run molecular dynamics simulations at scale. Training runs last for weeks, and inference serves forty laboratories.`,
  },
  {
    industry: 'Restaurants',
    says: (name: string) =>
      `${name} bakes bread in four villages. The ovens are wood-fired, the flour is stone-ground and the queue is long on Saturdays. We do not deliver. We have no plans to do anything with artificial intelligence.`,
  },
  {
    industry: 'Software',
    says: (name: string) =>
      `${name} makes scheduling software for clinics. Doctors see their day at a glance. The product calls a hosted language model through its interface to draft letters, and a person reads every one of them before it is sent.`,
  },
] as const;

const FIRST = ['Alder', 'Birch', 'Cedar', 'Dogwood', 'Elm', 'Fir', 'Gorse', 'Hazel', 'Ivy', 'Juniper'];
const SECOND = ['Bank', 'Brook', 'Crest', 'Dale', 'Field', 'Ford', 'Gate', 'Hill', 'Marsh', 'Ridge'];

/** A world of `count` invented companies in a folder of its own: their sites, and a CRM each as the rule has it. */
export async function writeWorld(count: number): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'fieldnote-world-'));
  const rows = Array.from({ length: count }, (_, index) => {
    const business = BUSINESSES[index % BUSINESSES.length] ?? BUSINESSES[0];
    const stem = `${FIRST[index % 10] ?? ''}${SECOND[Math.floor(index / 10) % 10] ?? ''}${Math.floor(index / 100)}`;
    const domain = `${stem.toLowerCase()}.example`;
    return {
      id: `faults:${index}`,
      domain,
      website: `https://${domain}/`,
      name: stem,
      one_liner: `${stem}, since 19${10 + (index % 80)}`,
      description: `${business.says(stem)} ${stem} employs ${20 + index} people and answers letters addressed to house number ${index + 1}.`,
      industry: business.industry,
      employees: 20 + index,
      location: 'Malmö, Sweden',
    };
  });
  await writeFile(join(folder, 'companies.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
