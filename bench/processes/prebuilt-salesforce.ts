// A Salesforce org whose pages and bulk results are made before anybody asks, so that a sync is measured and not the twin. Logins and
// descriptions come from the real twin, which is asked for each of them once. Asked for "calls" by its parent, it tells what was asked
// of it since last time.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeLine } from '../../sandbox/salesforce/bulk-csv.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { countRows, indexSince, rowOf } from '../harness/salesforce-rows.ts';
import type { ObjectName } from '../harness/salesforce-rows.ts';
import { writeWorld } from '../harness/world.ts';

// What Salesforce sends at once.
const ROWS_PER_PAGE = 2_000;
const ROWS_PER_SET = 50_000;

const counts = countRows(Number(process.argv[2]));
const worldFolder = await mkdtemp(join(tmpdir(), 'fieldnote-bench-'));
await writeWorld(worldFolder, { companies: 1 });
const { twins, environment } = await startSandbox({ worldFolder, stateFolder: null });

const asObject = (name: string | undefined): ObjectName | null =>
  name === 'Account' || name === 'Lead' || name === 'Contact' ? name : null;

function pageFrom(object: ObjectName, from: number, name = `${object}-${from}`): Buffer {
  const made = pages.get(name);
  if (made !== undefined) return made;
  const end = Math.min(counts[object], from + ROWS_PER_PAGE);
  const done = end >= counts[object];
  const page = Buffer.from(
    JSON.stringify({
      totalSize: Math.max(0, counts[object] - from),
      done,
      ...(done ? {} : { nextRecordsUrl: `/services/data/v68.0/query/${object}-${end}` }),
      records: Array.from({ length: Math.max(0, end - from) }, (_, index) => ({
        attributes: { type: object },
        ...rowOf(object, from + index),
      })),
    }),
  );
  pages.set(name, page);
  return page;
}

/** The sets of a bulk query from a row on, zipped as the platform sends them. */
function setsFrom(object: ObjectName, from: number): { rows: number; body: Buffer }[] {
  const columns = Object.keys(rowOf(object, 0));
  const sets = [];
  for (let start = from; start < counts[object]; start += ROWS_PER_SET) {
    const end = Math.min(counts[object], start + ROWS_PER_SET);
    let csv = writeLine(columns);
    for (let index = start; index < end; index += 1) {
      const row = rowOf(object, index);
      csv += writeLine(columns.map((column) => String(row[column] ?? '').replace(/\+0000$/, 'Z')));
    }
    sets.push({ rows: end - start, body: gzipSync(csv, { level: 1 }) });
  }
  return sets;
}

const pages = new Map<string, Buffer>();
const bulk = new Map<ObjectName, { from: number; sets: { rows: number; body: Buffer }[] }>();
for (const object of ['Account', 'Lead', 'Contact'] as const) {
  for (let from = 0; from === 0 || (counts[object] <= 10_000 && from < counts[object]); from += ROWS_PER_PAGE)
    pageFrom(object, from);
  // A bulk query goes on at the last row of the first page.
  const from = ROWS_PER_PAGE - 1;
  if (counts[object] > 10_000) bulk.set(object, { from, sets: setsFrom(object, from) });
}

let calls: Record<string, number> = {};
const count = (name: string): void => {
  calls[name] = (calls[name] ?? 0) + 1;
};
const sinceOf = (soql: string): number =>
  indexSince(/SystemModstamp >=? (\S+Z)/.exec(soql)?.[1] ?? '2000-01-01');

function send(
  response: ServerResponse,
  type: string,
  body: Buffer,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { 'content-type': type, 'content-length': body.length, ...headers });
  response.end(body);
}

/** Answers what a sync asks; false: not prebuilt. */
function answer(request: IncomingMessage, response: ServerResponse, body: string): boolean {
  const url = new URL(request.url ?? '/', 'http://twin');
  const soql = url.searchParams.get('q') ?? '';
  const asked = asObject(/\sFROM (\w+)/.exec(soql)?.[1]);
  const next = /\/query\/(\w+)-(\d+)$/.exec(url.pathname);
  const job = /\/jobs\/query(?:\/750(Account|Lead)0*)?(\/results)?$/.exec(url.pathname);
  const json = 'application/json;charset=UTF-8';
  if (asked !== null) {
    count('query');
    send(response, json, pageFrom(asked, sinceOf(soql)));
    return true;
  }
  const following = asObject(next?.[1]);
  if (following !== null) {
    count('query more');
    send(response, json, pageFrom(following, Number(next?.[2])));
    return true;
  }
  if (job === null) return false;
  const object = asObject(job[1] ?? /\sFROM (\w+)/.exec(body)?.[1]);
  const made = object === null ? undefined : bulk.get(object);
  if (object === null || made === undefined) throw new Error(`no bulk query is prebuilt for ${body}`);
  if (job[2] !== undefined) {
    count('bulk results');
    const place = Number(url.searchParams.get('locator') ?? '0');
    const set = made.sets[place];
    if (set === undefined) throw new Error(`there is no set ${place}`);
    send(response, 'text/csv', set.body, {
      'content-encoding': 'gzip',
      'sforce-locator': place + 1 < made.sets.length ? String(place + 1) : 'null',
      'sforce-numberofrecords': String(set.rows),
    });
    return true;
  }
  if (request.method === 'POST' && sinceOf(body) !== made.from) throw new Error(`not prebuilt: ${body}`);
  count(`bulk ${request.method ?? ''}`);
  const state = request.method === 'POST' ? 'UploadComplete' : 'JobComplete';
  send(response, json, Buffer.from(JSON.stringify({ id: `750${object}`.padEnd(18, '0'), state })));
  return true;
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    if (!answer(request, response, body)) void forward(request, response, body);
  });
});

type Answer = { status: number; type: string; text: string };
const answers = new Map<string, Promise<Answer>>();

async function forward(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
  count('other');
  const question = `${request.method} ${request.url} ${body}`;
  const asked = answers.get(question) ?? askTwin(request, body);
  answers.set(question, asked);
  const { status, type, text } = await asked;
  response.writeHead(status, { 'content-type': type });
  response.end(text);
}

async function askTwin(request: IncomingMessage, body: string): Promise<Answer> {
  const { authorization, 'content-type': type = 'application/json' } = request.headers;
  const found = await fetch(`${twins.salesforce.url}${request.url ?? '/'}`, {
    method: request.method ?? 'GET',
    headers: { 'content-type': type, ...(authorization === undefined ? {} : { authorization }) },
    ...(body === '' ? {} : { body }),
  });
  const text = await found.text();
  return {
    status: found.status,
    type: found.headers.get('content-type') ?? 'application/json',
    text: text.replaceAll(twins.salesforce.url, own),
  };
}

let own = '';
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  own = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
  const { SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET } = environment;
  process.send?.({ SALESFORCE_LOGIN_URL: own, SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET });
});
process.on('message', () => {
  process.send?.(calls);
  calls = {};
});
process.on('disconnect', () => process.exit());
