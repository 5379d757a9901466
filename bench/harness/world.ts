import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '../../sandbox/kit/random.ts';

// Lengths of a company's own text in characters, from a parked-looking front page to a talkative site; each comes equally often.
const TEXT_LENGTHS = [400, 1_500, 5_000, 15_000];
const PAGES = ['', 'about', 'careers', 'technology', 'blog'] as const;
const KINDS = { '': 'home', about: 'about', careers: 'careers', technology: 'docs', blog: 'blog' } as const;
const LONGEST_PAGE = 4_000;
// Every third company is in the news.
const NEWS_EVERY = 3;

const FIRST = [
  'Amber',
  'Birch',
  'Cinder',
  'Dover',
  'Ember',
  'Fallow',
  'Garnet',
  'Harbour',
  'Iris',
  'Juniper',
  'Kestrel',
  'Lumen',
];
const SECOND = [
  'Works',
  'Metrics',
  'Foundry',
  'Dynamics',
  'Harvest',
  'Robotics',
  'Freight',
  'Clinics',
  'Studios',
  'Optics',
  'Mills',
  'Systems',
];
const GOODS = [
  'pallets',
  'orders',
  'scans',
  'contracts',
  'shipments',
  'invoices',
  'images',
  'permits',
  'recordings',
  'meters',
  'samples',
  'maps',
];
const PLACES = [
  'Leeds',
  'Porto',
  'Graz',
  'Tampere',
  'Lyon',
  'Gdynia',
  'Boise',
  'Halifax',
  'Cork',
  'Turin',
  'Ghent',
  'Bergen',
];
const PEOPLE = [
  'hospitals',
  'growers',
  'insurers',
  'carriers',
  'print shops',
  'utilities',
  'surveyors',
  'retailers',
];

const SENTENCES = [
  '{name} handles {number} {goods} a day for {people} in {place}.',
  'Our team of {number} in {place} answers the phone itself.',
  'In {year} we moved from {place} into a hall with {number} square metres.',
  'Customers such as {people} order {goods} before noon and have them the next morning.',
  'The {goods} are checked twice, once by hand and once against the list of {year}.',
  'We have counted {number} {goods} since {year}, and each has a story.',
  '{name} was founded in {place} by two people who knew {people} well.',
  'A new site in {place} opens with {number} places for apprentices.',
  'Prices for {goods} have not changed since {year}.',
  'What {people} ask for most is a date that holds.',
  'Our {goods} leave {place} on {number} lorries, most of them electric.',
  'The board of {name} meets in {place} every {number} days.',
];
const TELLING = [
  'We train our own vision models on {number} NVIDIA H100 GPUs in {place}.',
  'Our research team develops its own foundation models from {number} million {goods}.',
  'Inference for {number} {people} runs on our own GPU cluster in {place}.',
  'We are hiring machine learning engineers for training infrastructure in {place}.',
  'Our simulation of {goods} runs on {number} GPUs every night.',
];

/** A folder with `companies` invented companies of several text lengths, the same for the same seed. */
export async function writeWorld(
  folder: string,
  options: { companies: number; seed?: number },
): Promise<void> {
  const random = createRandom(options.seed ?? 1);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = (list: readonly string[]): string => list[below(list.length)] ?? '';
  const say = (list: readonly string[], name: string): string =>
    pick(list)
      .replaceAll('{name}', name)
      .replaceAll('{number}', () => String(2 + below(9_000)))
      .replaceAll('{year}', () => String(1985 + below(40)))
      .replaceAll('{goods}', () => pick(GOODS))
      .replaceAll('{place}', () => pick(PLACES))
      .replaceAll('{people}', () => pick(PEOPLE));
  const write = (name: string, length: number, telling: boolean): string => {
    const paragraphs = [];
    for (let written = 0; written < length;) {
      const sentences = Array.from({ length: 4 }, () =>
        say(telling && random() < 0.08 ? TELLING : SENTENCES, name),
      );
      paragraphs.push(sentences.join(' '));
      written += paragraphs.at(-1)?.length ?? 0;
    }
    return paragraphs.join('\n\n').slice(0, length);
  };

  const companies = [];
  const pages = [];
  const news = [];
  for (let index = 0; index < options.companies; index += 1) {
    const name = `${FIRST[index % FIRST.length]} ${SECOND[Math.floor(index / FIRST.length) % SECOND.length]} ${index + 1}`;
    const domain = `${name.toLowerCase().replaceAll(' ', '-')}.example`;
    const length = TEXT_LENGTHS[index % TEXT_LENGTHS.length] ?? 0;
    const telling = random() < 0.4;
    companies.push({
      id: `bench:${index}`,
      domain,
      website: `https://${domain}/`,
      name,
      one_liner: null,
      description: null,
      industry: 'Industry',
      employees: 2 + below(5_000),
      location: 'Cork, Ireland',
    });
    for (const [nth, path] of PAGES.entries()) {
      const left = length - nth * LONGEST_PAGE;
      if (left <= 0) break;
      const text = write(name, Math.min(left, LONGEST_PAGE), telling);
      pages.push({
        domain,
        url: `https://${domain}/${path}`,
        kind: KINDS[path],
        title: `${name} ${path}`.trim(),
        text,
      });
    }
    if (index % NEWS_EVERY === 0)
      news.push({
        url: `https://gazette.example/${index}`,
        title: `${name} opens in ${pick(PLACES)}`,
        text: write(name, 700, telling),
        published: `2026-${String(1 + (index % 9)).padStart(2, '0')}-11`,
        domains: [domain],
      });
  }
  await mkdir(folder, { recursive: true });
  const save = (file: string, rows: readonly object[]): Promise<void> =>
    writeFile(join(folder, file), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await save('companies.jsonl', companies);
  await save('pages.jsonl', pages);
  await save('news.jsonl', news);
}
